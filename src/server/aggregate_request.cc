#include "server/aggregate_request.h"

#include "base/text.h"
#include "server/commands.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

std::unexpected<Error> wrong_type(const bson::Element& field, std::string_view expected) {
  return fail(Code::kInvalid, wire_code::kTypeMismatch,
              format("BSON field 'aggregate.{}' is the wrong type '{}', expected type '{}'",
                     field.name(), bson::name(field.type()), expected));
}

// Booleans that numbers do not stand for.
Result<bool> strict_boolean(const Fields& fields, std::string_view name, bool otherwise) {
  const bson::Element field = fields.get(name);
  if (!field) return otherwise;
  if (!field.is(bson::Type::kBool)) return wrong_type(field, "bool");
  return field.boolean();
}

Result<std::string_view> parse_name(const Fields& fields) {
  const bson::Element first = *fields.body().begin();
  if (first.is(bson::Type::kString)) return fields.collection();
  // A pipeline over a whole database begins with a stage that makes its own documents.
  if (first.is_number() && first.as_double() == 1) return std::string_view();
  if (first.is_number()) {
    return fail(
        Code::kInvalid, wire_code::kBadValue,
        "Invalid command format: the 'aggregate' field must specify a collection name or 1");
  }
  return fail(Code::kInvalid, wire_code::kInvalidNamespace,
              format("collection name has invalid type {}", bson::name(first.type())));
}

Result<std::optional<std::int64_t>> parse_cursor(const Fields& fields) {
  const bson::Element cursor = fields.get("cursor");
  if (!cursor) return std::nullopt;
  if (!cursor.is(bson::Type::kDocument)) return wrong_type(cursor, "object");
  std::optional<std::int64_t> size;
  for (const bson::Element& field : cursor.document()) {
    if (field.name() != "batchSize") {
      return fail(Code::kInvalid, wire_code::kIDLUnknownField,
                  format("BSON field 'cursor.{}' is an unknown field.", field.name()));
    }
    if (field.is_null_like()) continue;
    if (!field.is_number()) return wrong_type(field, "long");
    size = NACRE_TRY(Fields(cursor.document(), nullptr).lenient_count("batchSize", 0));
  }
  return size;
}

Result<bson::View> optional_document(const Fields& fields, std::string_view name) {
  const bson::Element field = fields.get(name);
  if (!field || field.is_null_like()) return bson::View();
  if (!field.is(bson::Type::kDocument)) return wrong_type(field, "object");
  return field.document();
}

}  // namespace

Result<AggregateCommand> parse_aggregate(const Fields& fields) {
  AggregateCommand command;
  aggregation::AggregateRequest& request = command.request;
  const bson::Element pipeline = fields.get("pipeline");
  if (pipeline && !pipeline.is(bson::Type::kArray)) return wrong_type(pipeline, "array");
  request.pipeline = NACRE_TRY(fields.required_array("pipeline"));
  request.collection = NACRE_TRY(parse_name(fields));
  command.explain = NACRE_TRY(strict_boolean(fields, "explain", false));
  request.allow_disk_use = NACRE_TRY(strict_boolean(fields, "allowDiskUse", true));
  request.bypass_validation = NACRE_TRY(fields.boolean("bypassDocumentValidation", false));
  request.let = NACRE_TRY(optional_document(fields, "let"));
  request.collation = NACRE_TRY(optional_document(fields, "collation"));
  command.batch_size = NACRE_TRY(parse_cursor(fields));
  request.hint = NACRE_TRY(fields.hint());
  request.session = NACRE_TRY(fields.document("lsid"));
  return command;
}

}  // namespace nacre::server
