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
    {error_codes::kInternalError, "InternalError"},
    {error_codes::kBadValue, "BadValue"},
    {error_codes::kNoSuchKey, "NoSuchKey"},
    {error_codes::kGraphContainsCycle, "GraphContainsCycle"},
    {error_codes::kFailedToParse, "FailedToParse"},
    {error_codes::kUserNotFound, "UserNotFound"},
    {error_codes::kUnsupportedFormat, "UnsupportedFormat"},
    {error_codes::kUnauthorized, "Unauthorized"},
    {error_codes::kTypeMismatch, "TypeMismatch"},
    {error_codes::kOverflow, "Overflow"},
    {error_codes::kInvalidLength, "InvalidLength"},
    {error_codes::kProtocolError, "ProtocolError"},
    {error_codes::kAuthenticationFailed, "AuthenticationFailed"},
    {error_codes::kIllegalOperation, "IllegalOperation"},
    {error_codes::kInvalidBSON, "InvalidBSON"},
    {error_codes::kNamespaceNotFound, "NamespaceNotFound"},
    {error_codes::kIndexNotFound, "IndexNotFound"},
    {error_codes::kPathNotViable, "PathNotViable"},
    {error_codes::kConflictingUpdateOperators, "ConflictingUpdateOperators"},
    {error_codes::kCursorNotFound, "CursorNotFound"},
    {error_codes::kNoMatchingDocument, "NoMatchingDocument"},
    {error_codes::kNamespaceExists, "NamespaceExists"},
    {error_codes::kMaxTimeMSExpired, "MaxTimeMSExpired"},
    {error_codes::kDollarPrefixedFieldName, "DollarPrefixedFieldName"},
    {error_codes::kInvalidIdField, "InvalidIdField"},
    {error_codes::kNotSingleValueField, "NotSingleValueField"},
    {error_codes::kInvalidDBRef, "InvalidDBRef"},
    {error_codes::kEmptyFieldName, "EmptyFieldName"},
    {error_codes::kDottedFieldName, "DottedFieldName"},
    {error_codes::kCommandNotFound, "CommandNotFound"},
    {error_codes::kImmutableField, "ImmutableField"},
    {error_codes::kCannotCreateIndex, "CannotCreateIndex"},
    {error_codes::kIndexAlreadyExists, "IndexAlreadyExists"},
    {error_codes::kInvalidOptions, "InvalidOptions"},
    {error_codes::kInvalidNamespace, "InvalidNamespace"},
    {error_codes::kUnknownReplWriteConcern, "UnknownReplWriteConcern"},
    {error_codes::kIndexOptionsConflict, "IndexOptionsConflict"},
    {error_codes::kIndexKeySpecsConflict, "IndexKeySpecsConflict"},
    {error_codes::kShutdownInProgress, "ShutdownInProgress"},
    {error_codes::kOperationFailed, "OperationFailed"},
    {error_codes::kUnsatisfiableWriteConcern, "UnsatisfiableWriteConcern"},
    {error_codes::kWriteConflict, "WriteConflict"},
    {error_codes::kCommandNotSupported, "CommandNotSupported"},
    {error_codes::kConflictingOperationInProgress, "ConflictingOperationInProgress"},
    {error_codes::kDocumentValidationFailure, "DocumentValidationFailure"},
    {error_codes::kCappedPositionLost, "CappedPositionLost"},
    {error_codes::kExceededMemoryLimit, "ExceededMemoryLimit"},
    {error_codes::kViewDepthLimitExceeded, "ViewDepthLimitExceeded"},
    {error_codes::kCommandNotSupportedOnView, "CommandNotSupportedOnView"},
    {error_codes::kOptionNotSupportedOnView, "OptionNotSupportedOnView"},
    {error_codes::kInvalidPipelineOperator, "InvalidPipelineOperator"},
    {error_codes::kCannotIndexParallelArrays, "CannotIndexParallelArrays"},
    {error_codes::kQueryPlanKilled, "QueryPlanKilled"},
    {error_codes::kAmbiguousIndexKeyPattern, "AmbiguousIndexKeyPattern"},
    {error_codes::kViewPipelineMaxSizeExceeded, "ViewPipelineMaxSizeExceeded"},
    {error_codes::kInvalidIndexSpecificationOption, "InvalidIndexSpecificationOption"},
    {error_codes::kInvalidUUID, "InvalidUUID"},
    {error_codes::kQueryFeatureNotAllowed, "QueryFeatureNotAllowed"},
    {error_codes::kTransactionTooOld, "TransactionTooOld"},
    {error_codes::kNotImplemented, "NotImplemented"},
    {error_codes::kSnapshotTooOld, "SnapshotTooOld"},
    {error_codes::kConversionFailure, "ConversionFailure"},
    {error_codes::kNoSuchTransaction, "NoSuchTransaction"},
    {error_codes::kTransactionCommitted, "TransactionCommitted"},
    {error_codes::kOperationNotSupportedInTransaction, "OperationNotSupportedInTransaction"},
    {error_codes::kIndexBuildAborted, "IndexBuildAborted"},
    {error_codes::kNoQueryExecutionPlans, "NoQueryExecutionPlans"},
    {error_codes::kQueryExceededMemoryLimitNoDiskUseAllowed,
     "QueryExceededMemoryLimitNoDiskUseAllowed"},
    {error_codes::kObjectIsBusy, "ObjectIsBusy"},
    {error_codes::kAPIVersionError, "APIVersionError"},
    {error_codes::kAPIStrictError, "APIStrictError"},
    {error_codes::kUnsupportedOpQueryCommand, "UnsupportedOpQueryCommand"},
    {error_codes::kCannotConvertIndexToUnique, "CannotConvertIndexToUnique"},
    {error_codes::kCollectionUUIDMismatch, "CollectionUUIDMismatch"},
    {error_codes::kBSONObjectTooLarge, "BSONObjectTooLarge"},
    {error_codes::kDuplicateKey, "DuplicateKey"},
    {error_codes::kInterrupted, "Interrupted"},
    {error_codes::kCursorInUse, "CursorInUse"},
    {error_codes::kBackgroundOperationInProgressForNamespace,
     "BackgroundOperationInProgressForNamespace"},
    {error_codes::kMergeStageNoMatchingDocument, "MergeStageNoMatchingDocument"},
    {error_codes::kDatabaseDifferCase, "DatabaseDifferCase"},
    {error_codes::kOutOfDiskSpace, "OutOfDiskSpace"},
    {error_codes::kSearchNotEnabled, "SearchNotEnabled"},
    {error_codes::kIDLFailedToParse, "IDLFailedToParse"},
    {error_codes::kIDLUnknownField, "IDLUnknownField"},
    {error_codes::kNotARetryableWriteCommand, "NotARetryableWriteCommand"},
});
static_assert(std::ranges::is_sorted(kNames, {}, &Named::code));

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
