#include "server/structure.h"

#include <algorithm>
#include <string>

#include "base/error_codes.h"
#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using error_codes::kInvalidUUID;
using error_codes::kUnsupportedFormat;
constexpr std::size_t kUuidSize = 16;
constexpr std::size_t kDigestSize = 32;

std::string_view name_of(Takes takes) {
  switch (takes) {
    case Takes::kAny:
      return "any";
    case Takes::kBool:
      return "bool";
    case Takes::kFlag:
      return "bool or number";
    case Takes::kString:
      return "string";
    case Takes::kObject:
      return "object";
    case Takes::kArray:
      return "array";
    case Takes::kNumber:
      return "number";
    case Takes::kLong:
      return "long";
    case Takes::kFlagOrObject:
      return "bool or object";
    case Takes::kStringOrNumber:
      return "string or number";
    case Takes::kUuid:
      return "UUID";
    case Takes::kDigest:
      break;
  }
  return "binData";
}

bool fits(const bson::Element& value, Takes takes) {
  switch (takes) {
    case Takes::kAny:
      return true;
    case Takes::kBool:
      return value.is(bson::Type::kBool);
    case Takes::kFlag:
      return value.is(bson::Type::kBool) || value.is_number();
    case Takes::kString:
      return value.is(bson::Type::kString);
    case Takes::kObject:
      return value.is(bson::Type::kDocument);
    case Takes::kArray:
      return value.is(bson::Type::kArray);
    case Takes::kNumber:
      return value.is_number();
    case Takes::kLong:
      return value.is(bson::Type::kInt64);
    case Takes::kFlagOrObject:
      return value.is(bson::Type::kBool) || value.is(bson::Type::kDocument);
    case Takes::kStringOrNumber:
      return value.is(bson::Type::kString) || value.is_number();
    case Takes::kUuid:
      return value.is(bson::Type::kBinary) && value.binary().subtype == 4;
    case Takes::kDigest:
      break;
  }
  return value.is(bson::Type::kBinary) && value.binary().subtype == 0;
}

bool has_right_size(const bson::Element& value, Takes takes) {
  if (takes == Takes::kUuid) return value.binary().bytes.size() == kUuidSize;
  return takes != Takes::kDigest || value.binary().bytes.size() == kDigestSize;
}

}  // namespace

Result<> check_value(std::string_view path, const bson::Element& value, Takes takes) {
  if (!fits(value, takes)) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field '{}' is the wrong type '{}', expected type '{}'", path,
                       bson::name(value.type()), name_of(takes)));
  }
  if (has_right_size(value, takes)) return {};
  if (takes == Takes::kUuid) {
    return fail(Code::kInvalid, kInvalidUUID, format("'{}' is a UUID of another size", path));
  }
  return fail(Code::kInvalid, kUnsupportedFormat, format("'{}' is no digest of 32 bytes", path));
}

Result<> check_structure(std::string_view path, const bson::View& document,
                         std::span<const FieldRule> rules) {
  for (const bson::Element& field : document) {
    const auto rule = std::ranges::find(rules, field.name(), &FieldRule::name);
    if (rule == rules.end()) {
      return fail(Code::kInvalid, wire_code::kIDLUnknownField,
                  format("BSON field '{}.{}' is an unknown field.", path, field.name()));
    }
    if (field.is_null_like() && rule->takes != Takes::kAny) continue;
    // Every command comes by here: a path is made for an error only.
    if (fits(field, rule->takes) && has_right_size(field, rule->takes)) continue;
    NACRE_TRY(check_value(format("{}.{}", path, field.name()), field, rule->takes));
  }
  for (const FieldRule& rule : rules) {
    if (!rule.required) continue;
    const bson::Element field = document.find(rule.name);
    if (field && (rule.takes == Takes::kAny || !field.is_null_like())) continue;
    return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
                format("BSON field '{}.{}' is missing but a required field", path, rule.name));
  }
  return {};
}

Result<> check_list(std::string_view path, const bson::Element& list,
                    std::span<const FieldRule> rules) {
  NACRE_TRY(check_value(path, list, Takes::kArray));
  for (const bson::Element& each : list.array()) {
    const std::string inside = format("{}.{}", path, each.name());
    NACRE_TRY(check_value(inside, each, Takes::kObject));
    NACRE_TRY(check_structure(inside, each.document(), rules));
  }
  return {};
}

}  // namespace nacre::server
