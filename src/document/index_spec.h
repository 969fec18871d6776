// What a client asks for when it creates an index, checked and in one shape.
//
// Errors:  kInvalid with MongoDB's number: 67 CannotCreateIndex, 14 TypeMismatch, 197
//          InvalidIndexSpecificationOption; kUnsupported (number 67) for index kinds and options
//          this version does not carry out: text, hashed, 2d, 2dsphere, wildcard, partial, TTL,
//          collation.
// Threads: plain values and pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "document/catalog.h"

namespace nacre::document {

struct IndexSpec {
  std::string name;                // never empty after parsing: "a_1_b_-1" when none was given
  std::vector<IndexField> fields;  // one to kIndexFieldsMax
  bool unique = false;
  bool sparse = false;
};

inline constexpr std::size_t kIndexFieldsMax = 32;

// One element of createIndexes' `indexes`: {key: {a: 1, b: -1}, name, unique, sparse, v, hidden:
// false, background}.
[[nodiscard]] Result<IndexSpec> parse_index_spec(bson::View specification);

// The same from a bare key pattern.
[[nodiscard]] Result<IndexSpec> parse_key_pattern(bson::View key);

// {v: 2, key: {...}, name: ..., unique: true}
[[nodiscard]] bson::Document describe(const IndexSpec& spec);

}  // namespace nacre::document
