#include "server/wire_error.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "base/text.h"

namespace nacre::server {
namespace {

struct Named {
  std::int32_t code;
  std::string_view name;
};

// Ascending by code.
constexpr auto kNames = std::to_array<Named>({
    {1, "InternalError"},
    {2, "BadValue"},
    {4, "NoSuchKey"},
    {5, "GraphContainsCycle"},
    {9, "FailedToParse"},
    {11, "UserNotFound"},
    {12, "UnsupportedFormat"},
    {13, "Unauthorized"},
    {14, "TypeMismatch"},
    {15, "Overflow"},
    {16, "InvalidLength"},
    {17, "ProtocolError"},
    {18, "AuthenticationFailed"},
    {20, "IllegalOperation"},
    {22, "InvalidBSON"},
    {26, "NamespaceNotFound"},
    {27, "IndexNotFound"},
    {28, "PathNotViable"},
    {40, "ConflictingUpdateOperators"},
    {43, "CursorNotFound"},
    {47, "NoMatchingDocument"},
    {48, "NamespaceExists"},
    {50, "MaxTimeMSExpired"},
    {52, "DollarPrefixedFieldName"},
    {53, "InvalidIdField"},
    {54, "NotSingleValueField"},
    {55, "InvalidDBRef"},
    {56, "EmptyFieldName"},
    {57, "DottedFieldName"},
    {59, "CommandNotFound"},
    {66, "ImmutableField"},
    {67, "CannotCreateIndex"},
    {68, "IndexAlreadyExists"},
    {72, "InvalidOptions"},
    {73, "InvalidNamespace"},
    {79, "UnknownReplWriteConcern"},
    {85, "IndexOptionsConflict"},
    {86, "IndexKeySpecsConflict"},
    {91, "ShutdownInProgress"},
    {96, "OperationFailed"},
    {100, "UnsatisfiableWriteConcern"},
    {112, "WriteConflict"},
    {115, "CommandNotSupported"},
    {117, "ConflictingOperationInProgress"},
    {121, "DocumentValidationFailure"},
    {146, "ExceededMemoryLimit"},
    {165, "ViewDepthLimitExceeded"},
    {166, "CommandNotSupportedOnView"},
    {167, "OptionNotSupportedOnView"},
    {168, "InvalidPipelineOperator"},
    {171, "CannotIndexParallelArrays"},
    {175, "QueryPlanKilled"},
    {197, "InvalidIndexSpecificationOption"},
    {207, "InvalidUUID"},
    {224, "QueryFeatureNotAllowed"},
    {225, "TransactionTooOld"},
    {238, "NotImplemented"},
    {239, "SnapshotTooOld"},
    {251, "NoSuchTransaction"},
    {256, "TransactionCommitted"},
    {263, "OperationNotSupportedInTransaction"},
    {276, "IndexBuildAborted"},
    {291, "NoQueryExecutionPlans"},
    {292, "QueryExceededMemoryLimitNoDiskUseAllowed"},
    {314, "ObjectIsBusy"},
    {322, "APIVersionError"},
    {323, "APIStrictError"},
    {352, "UnsupportedOpQueryCommand"},
    {359, "CannotConvertIndexToUnique"},
    {361, "CollectionUUIDMismatch"},
    {10334, "BSONObjectTooLarge"},
    {11000, "DuplicateKey"},
    {11601, "Interrupted"},
    {12051, "CursorInUse"},
    {12587, "BackgroundOperationInProgressForNamespace"},
    {13297, "DatabaseDifferCase"},
    {14031, "OutOfDiskSpace"},
    {31082, "SearchNotEnabled"},
    {50768, "NotARetryableWriteCommand"},
});

}  // namespace

std::int32_t wire_code_of(const Error& error) {
  if (error.number() != 0) return error.number();
  switch (error.code()) {
    case Code::kNotFound:
      return wire_code::kNamespaceNotFound;
    case Code::kConflict:
      return wire_code::kWriteConflict;
    case Code::kInvalid:
      return wire_code::kBadValue;
    case Code::kFull:
      return wire_code::kOutOfDiskSpace;
    case Code::kTooOld:
      return wire_code::kSnapshotTooOld;
    case Code::kExists:
      return wire_code::kNamespaceExists;
    case Code::kUnsupported:
      return wire_code::kCommandNotSupported;
    case Code::kIo:
    case Code::kCorrupt:
    case Code::kClosed:
      break;  // nothing a client could do about it; codes that make drivers retry would be wrong
  }
  return wire_code::kInternalError;
}

std::string code_name(std::int32_t code) {
  const auto found = std::ranges::lower_bound(kNames, code, {}, &Named::code);
  if (found != kNames.end() && found->code == code) return std::string(found->name);
  return format("Location{}", code);
}

void append_error(bson::Builder& reply, const Error& error) {
  const std::int32_t code = wire_code_of(error);
  reply.append("ok", 0.0).append("errmsg", error.what());
  reply.append("code", code).append("codeName", code_name(code));
  if (!error.details().empty()) {
    reply.append_all(bson::View::trusted(as_bytes(error.details())));
  }
}

void push_write_error(bson::Builder& errors, std::int64_t index, const Error& error) {
  errors.push_begin_document();
  errors.append_number("index", index).append("code", wire_code_of(error));
  if (!error.details().empty()) {
    errors.append_all(bson::View::trusted(as_bytes(error.details())));
  }
  errors.append("errmsg", error.what()).end();
}

}  // namespace nacre::server
