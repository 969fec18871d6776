// The combinations of values that the fields of an index reach in a document.
//
// Errors:  kInvalid 171 (CannotIndexParallelArrays).
// Threads: pure functions.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/value.h"
#include "document/catalog.h"

namespace nacre::document {

// How far the walk along one field's path has come.
struct Walk {
  bson::Element at;       // where `rest` starts; missing: the path leads nowhere
  std::string_view rest;  // steps still to go
  bool whole = false;     // `at` is the value, whatever it is
};

// Called for each combination: one value for each field, missing where there is none.
using Emit = std::function<void(const std::vector<Walk>&)>;

// Sets multikey[i] where the path of a field meets an array.
[[nodiscard]] Result<> expand_fields(const std::vector<IndexField>& fields, bson::View document,
                                     std::vector<bool>& multikey, const Emit& emit);

// Stand-ins for what a key holds where the document holds nothing.
[[nodiscard]] bson::Element null_element();
[[nodiscard]] bson::Element undefined_element();

}  // namespace nacre::document
