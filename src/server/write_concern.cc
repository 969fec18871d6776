#include "server/write_concern.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/text.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr double kNodesMax = 50;

std::unexpected<Error> cannot_be(const bson::Element& field, std::string_view rule) {
  return fail(Code::kInvalid, wire_code::kFailedToParse,
              format("writeConcern.{} {}", field.name(), rule));
}

// As MongoDB makes a whole number of any: a fraction of a double is cut off, a decimal is rounded.
// What is not a number is NaN.
double whole(const bson::Element& number) {
  const double value = number.as_double().value_or(std::numeric_limits<double>::quiet_NaN());
  return number.is(bson::Type::kDecimal128) ? std::nearbyint(value) : std::trunc(value);
}

Result<> check_w(const bson::Element& w) {
  if (w.is(bson::Type::kString)) return {};
  if (w.is(bson::Type::kNull)) {
    return fail(Code::kInvalid, wire_code::kBadValue, "writeConcern.w must not be null");
  }
  if (w.is(bson::Type::kDocument)) {
    const bson::View tags = w.document();
    const bool counts = std::ranges::all_of(
        tags.begin(), tags.end(), [](const bson::Element& tag) { return tag.is_number(); });
    if (!tags.empty() && counts) return {};
    return cannot_be(w, "must have a tag, and a number for each");
  }
  if (!w.is_number()) {
    return cannot_be(
        w, format("must be a number, a string or an object, not {}", bson::name(w.type())));
  }
  const double nodes = whole(w);
  if (nodes >= 0 && nodes <= kNodesMax) return {};
  return cannot_be(w, format("must be from 0 to {}", kNodesMax));
}

Result<> check_field(const bson::Element& field) {
  const std::string_view name = field.name();
  if (name == "w") return check_w(field);
  if (name == "j" || name == "fsync") {
    if (field.is(bson::Type::kBool) || field.is_number() || field.is_null_like()) return {};
    return fail(
        Code::kInvalid, wire_code::kTypeMismatch,
        format("BSON field 'writeConcern.{}' is the wrong type '{}', expected types '[bool, "
               "long, int, decimal, double]'",
               name, bson::name(field.type())));
  }
  if (name == "wtimeout") {
    // What is no number, or below zero, is as good as none.
    if (!field.is_number() || !(whole(field) > std::numeric_limits<std::int32_t>::max())) return {};
    return cannot_be(field, "must be a number of 32 bits");
  }
  if (name == "provenance" || name == "getLastError") return {};
  return fail(Code::kInvalid, wire_code::kIDLUnknownField,
              format("BSON field 'writeConcern.{}' is an unknown field.", name));
}

}  // namespace

Result<> check_write_concern(const Fields& fields) {
  const bson::View concern = NACRE_TRY(fields.document("writeConcern"));
  for (const bson::Element& field : concern) NACRE_TRY(check_field(field));
  return {};
}

void append_write_concern_error(const Fields& fields, bson::Builder& reply) {
  const bson::Element concern = fields.get("writeConcern");
  if (!concern.is(bson::Type::kDocument)) return;
  const bson::Element w = concern.document().find("w");
  std::int32_t code = 0;
  std::string text;
  if (w.is_number() && whole(w) > 1) {
    code = wire_code::kUnsatisfiableWriteConcern;
    text = "Not enough data-bearing nodes";
  } else if (w.is(bson::Type::kString) && w.string() != "majority") {
    code = wire_code::kUnknownReplWriteConcern;
    text =
        format("No write concern mode named '{}' found in replica set configuration", w.string());
  }
  if (code == 0) return;
  reply.begin_document("writeConcernError").append("code", code);
  reply.append("codeName", code_name(code)).append("errmsg", text).end();
}

}  // namespace nacre::server
