// Binary data as text and back, for $convert.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/text.h"
#include "expression/conversion_internal.h"

namespace nacre::expression {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::uint8_t kUuidSubtype = 4;
constexpr std::size_t kUuidBytes = 16;

std::string to_base64(std::string_view bytes, bool url) {
  const std::string_view alphabet = url ? kBase64Url : kBase64;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < left ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      if (j <= left) {
        text += alphabet[group >> (18 - 6 * j) & 63];
      } else if (!url) {
        text += '=';
      }
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text, bool url) {
  const std::string_view alphabet = url ? kBase64Url : kBase64;
  if (!url && text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(group >> bits & 0xff));
    }
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kHex[value >> 4];
    text += kHex[value & 15];
  }
  return text;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<char>(*high << 4 | *low));
  }
  return bytes;
}

bool is_uuid_dash(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

std::string to_uuid(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (is_uuid_dash(text.size())) text += '-';
    const auto value = static_cast<unsigned char>(bytes[i]);
    text += static_cast<char>(kHex[value >> 4] | (value >> 4 > 9 ? 0x20 : 0));
    text += static_cast<char>(kHex[value & 15] | ((value & 15) > 9 ? 0x20 : 0));
  }
  return text;
}

std::optional<std::string> from_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_uuid_dash(i) != (text[i] == '-')) return std::nullopt;
    if (text[i] != '-') digits += text[i];
  }
  return from_hex(digits);
}

// Whether every byte is part of a whole character.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t size = first < 0x80                    ? 1
                             : first >= 0xc2 && first < 0xe0 ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
    if (size == 0 || i + size > text.size()) return false;
    std::uint32_t value = size == 1 ? first : first & (0x7fU >> size);
    for (std::size_t j = 1; j < size; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xc0) != 0x80) return false;
      value = value << 6 | (next & 0x3fU);
    }
    const bool is_surrogate = value >= 0xd800 && value < 0xe000;
    if ((size == 3 && (value < 0x800 || is_surrogate)) ||
        (size == 4 && (value < 0x10000 || value > 0x10ffff))) {
      return false;
    }
    i += size;
  }
  return true;
}

std::unexpected<Error> no_format(std::string_view from, std::string_view to) {
  return invalid(4341115,
                 format("Format must be speficied when converting from '{}' to '{}'", from, to));
}

}  // namespace

std::unexpected<Error> conversion_failure(std::string why) { return invalid(241, std::move(why)); }

Result<bson::Element> text_to_binary(std::string_view text, const Target& target, Evaluation& at) {
  std::optional<std::string> bytes;
  switch (target.format) {
    case BinaryFormat::kNone:
      return no_format("string", "binData");
    case BinaryFormat::kAuto:
    case BinaryFormat::kBase64:
    case BinaryFormat::kBase64Url:
      bytes = from_base64(text, target.format == BinaryFormat::kBase64Url);
      break;
    case BinaryFormat::kHex:
      bytes = from_hex(text);
      break;
    case BinaryFormat::kUtf8:
      bytes = std::string(text);
      break;
    case BinaryFormat::kUuid:
      if (target.subtype != kUuidSubtype) {
        return conversion_failure("only the UUID subtype (4) is allowed with the UUID format");
      }
      bytes = from_uuid(text);
      break;
  }
  if (target.subtype == kUuidSubtype && target.format != BinaryFormat::kUuid) {
    return conversion_failure("only the UUID format is allowed with the UUID subtype (4)");
  }
  if (!bytes) return conversion_failure(format("Input string '{}' is not in that format", text));
  return at.scratch.binary(target.subtype, as_bytes(*bytes));
}

Result<std::string> binary_to_text(const bson::Binary& value, const Target& target) {
  const std::string_view bytes = as_text(value.bytes);
  const bool is_uuid = value.subtype == kUuidSubtype && bytes.size() == kUuidBytes;
  switch (target.format) {
    case BinaryFormat::kNone:
      return no_format("binData", "string");
    case BinaryFormat::kAuto:
      return is_uuid ? to_uuid(bytes) : to_base64(bytes, false);
    case BinaryFormat::kBase64:
    case BinaryFormat::kBase64Url:
      return to_base64(bytes, target.format == BinaryFormat::kBase64Url);
    case BinaryFormat::kHex:
      return to_hex(bytes);
    case BinaryFormat::kUtf8:
      if (!is_utf8(bytes)) return conversion_failure("BinData is not valid UTF-8");
      return std::string(bytes);
    case BinaryFormat::kUuid:
      if (!is_uuid) return conversion_failure("BinData is not a UUID of subtype 4");
      return to_uuid(bytes);
  }
  return std::string();
}

}  // namespace nacre::expression
