#include "server/generic_arguments.h"

#include <string>

#include "base/error_codes.h"
#include "base/text.h"
#include "server/session_arguments.h"
#include "server/stable_api.h"
#include "server/wire_error.h"
#include "server/write_concern.h"

namespace nacre::server {
namespace {

using error_codes::kNotARetryableWriteCommand;

std::unexpected<Error> wrong_type(const bson::Element& field, std::string_view expected) {
  return fail(Code::kInvalid, wire_code::kTypeMismatch,
              format("BSON field 'readConcern.{}' is the wrong type '{}', expected type '{}'",
                     field.name(), bson::name(field.type()), expected));
}

Result<> check_level(const bson::Element& level, TransactionPart part) {
  if (!level.is(bson::Type::kString)) return wrong_type(level, "string");
  // One node shows only what is durable and never takes it back: these are
  // all the same.
  for (const char* same : {"local", "available", "majority", "linearizable"}) {
    if (level.string() == same) return {};
  }
  if (level.string() != "snapshot") {
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("Enumeration value '{}' for field 'readConcern.level' is not a valid value.",
                       level.string()));
  }
  // What a transaction reads is a snapshot anyway.
  if (part != TransactionPart::kNone) return {};
  return fail(Code::kUnsupported, wire_code::kInvalidOptions,
              "readConcern level snapshot is not supported yet outside of "
              "transactions");
}

Result<> check_read_concern_field(const bson::Element& field, TransactionPart part) {
  if (field.name() == "level") {
    if (field.is_null_like()) return {};
    return check_level(field, part);
  }
  if (field.name() == "afterClusterTime" || field.name() == "atClusterTime") {
    if (!field.is(bson::Type::kTimestamp)) return wrong_type(field, "timestamp");
    if (field.timestamp() == bson::Timestamp()) {
      return fail(Code::kInvalid, wire_code::kInvalidOptions,
                  format("readConcern.{} cannot be a null timestamp", field.name()));
    }
    if (field.name() == "afterClusterTime") return {};
    return fail(Code::kUnsupported, wire_code::kInvalidOptions,
                "readConcern.atClusterTime: reads of the past are not supported yet");
  }
  if (field.name() == "provenance") {
    if (field.is_null_like()) return {};
    if (!field.is(bson::Type::kString)) return wrong_type(field, "string");
    for (const char* known :
         {"clientSupplied", "implicitDefault", "customDefault", "getLastErrorDefaults"}) {
      if (field.string() == known) return {};
    }
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("Enumeration value '{}' for field 'readConcern.provenance' is not a valid "
                       "value.",
                       field.string()));
  }
  return fail(Code::kInvalid, wire_code::kIDLUnknownField,
              format("BSON field 'readConcern.{}' is an unknown field.", field.name()));
}

Result<> check_read_concern(const Fields& fields, TransactionPart part) {
  const bson::View concern = NACRE_TRY(fields.document("readConcern"));
  for (const bson::Element& field : concern) NACRE_TRY(check_read_concern_field(field, part));
  return {};
}

}  // namespace

Result<TransactionPart> transaction_part_of(const Command& command, const Fields& fields) {
  NACRE_TRY(check_session_fields(fields));
  const bson::Element autocommit = fields.get("autocommit");
  const bson::Element start = fields.get("startTransaction");
  const bool ends = (command.flags & kEndsTransaction) != 0;
  if (!autocommit && !start && !ends) return TransactionPart::kNone;
  if (!autocommit.is(bson::Type::kBool) || autocommit.boolean()) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                "commands of a transaction must carry autocommit: false");
  }
  if (ends) return TransactionPart::kEnds;
  if ((command.flags & kInTransaction) == 0) {
    return fail(Code::kUnsupported, wire_code::kOperationNotSupportedInTransaction,
                format("Cannot run '{}' in a multi-document transaction.", fields.command()));
  }
  if (!start) return TransactionPart::kContinues;
  if (start.is(bson::Type::kBool) && start.boolean()) return TransactionPart::kStarts;
  return fail(Code::kInvalid, wire_code::kInvalidOptions, "startTransaction must be true");
}

Result<TransactionId> transaction_id_of(const Fields& fields) {
  const bson::Element lsid = fields.get("lsid");
  const bson::Element session =
      lsid.is(bson::Type::kDocument) ? lsid.document().find("id") : bson::Element();
  const auto number = fields.get("txnNumber").as_int64();
  if (!session.is(bson::Type::kBinary) || !number || *number < 0) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                "a transaction or retryable write needs lsid and txnNumber");
  }
  return TransactionId{.session = as_text(session.binary().bytes), .number = *number};
}

Result<std::optional<TransactionId>> retryable_write_of(const Command& command,
                                                        const Fields& fields) {
  if (!fields.get("txnNumber")) return std::nullopt;
  if ((command.flags & kWrites) == 0) {
    return fail(
        Code::kInvalid, kNotARetryableWriteCommand,
        format("txnNumber does not belong to {} outside of transactions", fields.command()));
  }
  return NACRE_TRY(transaction_id_of(fields));
}

Result<> check_generic(const Fields& fields, TransactionPart part) {
  NACRE_TRY(check_stable_api(fields));
  NACRE_TRY(check_write_concern(fields));
  return check_read_concern(fields, part);
}

bool is_transient(std::int32_t code) {
  return code == wire_code::kWriteConflict || code == wire_code::kNoSuchTransaction ||
         code == wire_code::kSnapshotTooOld;
}

}  // namespace nacre::server
