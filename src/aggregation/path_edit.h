// Dotted paths of documents that stages read and write: one value at most, never through arrays.
//
// Threads: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "query/field_path.h"

namespace nacre::aggregation {

[[nodiscard]] std::vector<std::string> split_path(std::string_view path);

using query::check_field_path;

// The value at the path; missing where a step is no document.
[[nodiscard]] bson::Element find_path(const bson::View& document,
                                      std::span<const std::string> steps);

// Appends the document with `value` at the path: documents that are not there are made, what is in
// the way is replaced. A missing value takes the field away.
void set_path(bson::Builder& to, const bson::View& document, std::span<const std::string> steps,
              const bson::Element& value);

// The row with the array that `items` builds at the path.
[[nodiscard]] bson::Document with_array(const bson::View& row, std::span<const std::string> steps,
                                        bson::Builder items);

// Whether one of the paths is the other or lies inside it.
[[nodiscard]] bool paths_overlap(std::string_view a, std::string_view b);

}  // namespace nacre::aggregation
