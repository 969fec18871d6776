// One value as another type, as $convert does it.
#pragma once

#include <optional>
#include <string_view>

#include "expression/node_internal.h"

namespace nacre::expression {

enum class BinaryFormat : std::uint8_t { kNone, kAuto, kBase64, kBase64Url, kHex, kUtf8, kUuid };

struct Target {
  bson::Type type = bson::Type::kMissing;
  std::uint8_t subtype = 0;  // of binary
  BinaryFormat format = BinaryFormat::kNone;
  bool big_endian = false;  // of numbers in binary
};

// 241 (ConversionFailure) when there is no such value; 4341115 without a format that is needed.
// Requires that the value is neither null nor missing.
[[nodiscard]] Result<bson::Element> converted(const bson::Element& value, const Target& target,
                                              Evaluation& at);

[[nodiscard]] Result<bson::Element> text_to_binary(std::string_view text, const Target& target,
                                                   Evaluation& at);
[[nodiscard]] Result<std::string> binary_to_text(const bson::Binary& value, const Target& target);

[[nodiscard]] std::unexpected<Error> conversion_failure(std::string why);

}  // namespace nacre::expression
