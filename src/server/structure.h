// structure: what a document inside a command must look like, as a table of its fields.
//
// Null counts as absent. What is absent and required is 40414, a field of no rule 40415, a value of
//   a type that its rule does not take 14.
// Why:     MongoDB reads its commands by such tables, and its clients' tests know each code.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "bson/value.h"

namespace nacre::server {

enum class Takes : std::uint8_t {
  kAny,
  kBool,
  kFlag,  // a bool or any number
  kString,
  kObject,
  kArray,
  kNumber,
  kLong,            // an int64 and nothing else
  kFlagOrObject,    // a bool or an object
  kStringOrNumber,  // either of them
  kUuid,            // of subtype 4; 207 when it has not 16 bytes
  kDigest           // 32 bytes of subtype 0; 12 when there are more or less
};

struct FieldRule {
  std::string_view name;
  Takes takes = Takes::kAny;
  bool required = false;
};

// `path` names the document in errors: "create.clusteredIndex".
[[nodiscard]] Result<> check_structure(std::string_view path, const bson::View& document,
                                       std::span<const FieldRule> rules);
// One value, that is not absent.
[[nodiscard]] Result<> check_value(std::string_view path, const bson::Element& value, Takes takes);
// Objects alone, each of that form: an array named by the path.
[[nodiscard]] Result<> check_list(std::string_view path, const bson::Element& list,
                                  std::span<const FieldRule> rules);

}  // namespace nacre::server
