#include "expression/hashed_key.h"

#include <cmath>
#include <limits>
#include <string>

#include "base/codec.h"
#include "base/md5.h"
#include "bson/container.h"
#include "bson/decimal.h"

namespace nacre::expression {
namespace {

// MongoDB's classes of types, which also order them.
std::int32_t class_of(bson::Type type) {
  switch (type) {
    case bson::Type::kMinKey:
      return -1;
    case bson::Type::kMaxKey:
      return 127;
    case bson::Type::kNull:
      return 5;
    case bson::Type::kDouble:
    case bson::Type::kInt32:
    case bson::Type::kInt64:
    case bson::Type::kDecimal128:
      return 10;
    case bson::Type::kString:
    case bson::Type::kSymbol:
      return 15;
    case bson::Type::kDocument:
      return 20;
    case bson::Type::kArray:
      return 25;
    case bson::Type::kBinary:
      return 30;
    case bson::Type::kObjectId:
      return 35;
    case bson::Type::kBool:
      return 40;
    case bson::Type::kDate:
      return 45;
    case bson::Type::kTimestamp:
      return 47;
    case bson::Type::kRegex:
      return 50;
    case bson::Type::kDbPointer:
      return 55;
    case bson::Type::kCode:
      return 60;
    case bson::Type::kCodeWithScope:
      return 65;
    default:
      return 0;
  }
}

std::int64_t whole_part(const bson::Element& number) {
  if (const auto exact = number.as_int64()) return *exact;
  if (number.is(bson::Type::kDecimal128)) {
    const auto whole =
        bson::decimal::to_int64(number.decimal128(), bson::decimal::Rounding::kTowardZero);
    if (whole) return *whole;
  }
  const double real = number.as_double().value_or(0);
  if (std::isnan(real)) return 0;
  if (real >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (real < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(real);
}

enum class Named : bool { kNo, kYes };

// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
void append(std::string& to, const bson::Element& value, Named named) {
  append_le(to, static_cast<std::uint32_t>(class_of(value.type())));
  if (named == Named::kYes) to.append(value.name()).push_back('\0');
  if (value.is_number()) {
    append_le(to, static_cast<std::uint64_t>(whole_part(value)));
    return;
  }
  bson::View inside;
  if (bson::is_container(value)) {
    inside = value.document();
  } else if (value.is(bson::Type::kCodeWithScope)) {
    to.append(value.code_with_scope().code).push_back('\0');
    inside = value.code_with_scope().scope;
  } else {
    to.append(as_text(value.bytes().subspan(2 + value.name().size())));
    return;
  }
  for (const bson::Element& each : inside) append(to, each, Named::kYes);
  append_le(to, std::uint32_t{0});
}

}  // namespace

std::int64_t hashed_index_key(const bson::Element& value) {
  std::string text(sizeof(std::uint32_t), '\0');
  append(text, value, Named::kNo);
  const Md5::Digest digest = Md5().add(as_bytes(text)).digest();
  std::uint64_t key = 0;
  for (std::size_t i = sizeof(key); i-- > 0;) key = key << 8 | digest[i];
  return static_cast<std::int64_t>(key);
}

}  // namespace nacre::expression
