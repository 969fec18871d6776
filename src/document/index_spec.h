// What a client asks for when it creates an index, checked and in one shape.
//
// Kinds: ascending and descending fields, compound; hashed; wildcard ("$**", "a.$**"), alone or
//   among ordered fields that it leaves out; text, alone or among others; 2dsphere, several of them
//   among ordered fields; 2d, one in front of others. Options: unique, prepareUnique, sparse,
//   hidden, partialFilterExpression, expireAfterSeconds, collation, wildcardProjection, weights,
//   default_language, language_override, 2dsphereIndexVersion, finestIndexedLevel and
//   coarsestIndexedLevel (which change nothing), bits, min, max.
// Errors:  kInvalid with MongoDB's number: 67 CannotCreateIndex, 14 TypeMismatch, 9, 2, 197
//          InvalidIndexSpecificationOption, 16764 (a unique hashed index), 31303 (two hashed
//          fields), 7246200 to 7246211 (wildcards beside other fields), 31249 31250 31253 31254 (a
//          wildcardProjection), 16800 and 16801 (two 2d fields, one behind others), 72
//          InvalidOptions (the grid of a 2d index), 16747 to 16749 (levels); kUnsupported (67) for
//          what this version does not carry out: clustered, bucketSize.
// Threads: plain values and pure functions.
#pragma once

#include <string>
#include <string_view>
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
  IndexOptions options{};
  bson::Document key{};             // as given; of a text index as it is kept
  bson::Document partial_filter{};  // its source
  bool names_collation = false;     // else it takes the collection's
};

inline constexpr std::size_t kIndexFieldsMax = 32;
inline constexpr std::int64_t kExpireAfterSecondsMax = 0x7fff'ffff;

// One element of createIndexes' `indexes`, or a specification as describe() wrote it.
// Whether an index specification may have a field of that name at all.
[[nodiscard]] bool is_index_option(std::string_view name);

[[nodiscard]] Result<IndexSpec> parse_index_spec(bson::View specification);

// The fields, key and name of a bare key pattern, for comparing with indexes that are there: what a
// kind of index needs beside them (the weights of a text index) is missing.
[[nodiscard]] Result<IndexSpec> parse_key_pattern(bson::View key);

// {v: 2, key: {...}, name: ..., unique: true, ...}: what listIndexes shows.
[[nodiscard]] bson::Document describe(const IndexSpec& spec);

// Whether two differ in what tells indexes of one key pattern apart (collation, filter, unique,
// sparse, projection), and whether in any option.
[[nodiscard]] bool same_index(const IndexSpec& a, const IndexSpec& b);
[[nodiscard]] bool same_options(const IndexSpec& a, const IndexSpec& b);

}  // namespace nacre::document
