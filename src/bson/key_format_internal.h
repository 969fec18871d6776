// The bytes of a key that both its encoder and its decoder know.
//
// Format: docs/format/keys.md
#pragma once

#include <cstdint>

namespace nacre::bson {

// The first byte of an encoding. Gaps leave room for values we do not know yet. 0 ends documents
// and arrays, so that a prefix sorts first; docs/format/keys.md lists them all.
enum class Tag : std::uint8_t {
  kEnd = 0x00,
  kMinKey = 0x05,
  kUndefined = 0x0a,
  kNull = 0x0f,
  kNan = 0x14,
  kNegative = 0x15,
  kZero = 0x16,
  kPositive = 0x17,
  kString = 0x1e,
  kDocument = 0x23,
  kArray = 0x28,
  kBinary = 0x2d,
  kObjectId = 0x32,
  kFalse = 0x37,
  kTrue = 0x38,
  kDate = 0x3c,
  kTimestamp = 0x41,
  kRegex = 0x46,
  kDbPointer = 0x4b,
  kCode = 0x50,
  kCodeWithScope = 0x55,
  kMaxKey = 0x5a
};

// What the type bits say of a number; kDefault also stands for "string" where a string is.
enum class NumberBits : std::uint8_t { kDefault = 0, kInt64 = 1, kDouble = 2, kDecimal128 = 3 };
inline constexpr char kSymbolBit = 1;

inline constexpr std::uint8_t kTruncatedMarker = 0xfe;
inline constexpr int kDecimalExponentBias = 0x4000;  // of a normalised decimal: -6209 to 6111

}  // namespace nacre::bson
