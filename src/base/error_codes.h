// The numbers of MongoDB's errors that have a name there, by those names: what Error::number()
// gives and what clients act on.
//
// Why: a number is said once. Errors without a name (MongoDB calls them Location12345) are named by
//   the one file that gives them.
// Threads: constants.
#pragma once

#include <cstdint>

namespace nacre::error_codes {

inline constexpr std::int32_t kInternalError = 1;
inline constexpr std::int32_t kBadValue = 2;
inline constexpr std::int32_t kNoSuchKey = 4;
inline constexpr std::int32_t kGraphContainsCycle = 5;
inline constexpr std::int32_t kFailedToParse = 9;
inline constexpr std::int32_t kUserNotFound = 11;
inline constexpr std::int32_t kUnsupportedFormat = 12;
inline constexpr std::int32_t kUnauthorized = 13;
inline constexpr std::int32_t kTypeMismatch = 14;
inline constexpr std::int32_t kOverflow = 15;
inline constexpr std::int32_t kInvalidLength = 16;
inline constexpr std::int32_t kProtocolError = 17;
inline constexpr std::int32_t kAuthenticationFailed = 18;
inline constexpr std::int32_t kIllegalOperation = 20;
inline constexpr std::int32_t kInvalidBSON = 22;
inline constexpr std::int32_t kNamespaceNotFound = 26;
inline constexpr std::int32_t kIndexNotFound = 27;
inline constexpr std::int32_t kPathNotViable = 28;
inline constexpr std::int32_t kConflictingUpdateOperators = 40;
inline constexpr std::int32_t kCursorNotFound = 43;
inline constexpr std::int32_t kNoMatchingDocument = 47;
inline constexpr std::int32_t kNamespaceExists = 48;
inline constexpr std::int32_t kMaxTimeMSExpired = 50;
inline constexpr std::int32_t kDollarPrefixedFieldName = 52;
inline constexpr std::int32_t kInvalidIdField = 53;
inline constexpr std::int32_t kNotSingleValueField = 54;
inline constexpr std::int32_t kInvalidDBRef = 55;
inline constexpr std::int32_t kEmptyFieldName = 56;
inline constexpr std::int32_t kDottedFieldName = 57;
inline constexpr std::int32_t kCommandNotFound = 59;
inline constexpr std::int32_t kImmutableField = 66;
inline constexpr std::int32_t kCannotCreateIndex = 67;
inline constexpr std::int32_t kIndexAlreadyExists = 68;
inline constexpr std::int32_t kInvalidOptions = 72;
inline constexpr std::int32_t kInvalidNamespace = 73;
inline constexpr std::int32_t kUnknownReplWriteConcern = 79;
inline constexpr std::int32_t kIndexOptionsConflict = 85;
inline constexpr std::int32_t kIndexKeySpecsConflict = 86;
inline constexpr std::int32_t kShutdownInProgress = 91;
inline constexpr std::int32_t kOperationFailed = 96;
inline constexpr std::int32_t kUnsatisfiableWriteConcern = 100;
inline constexpr std::int32_t kWriteConflict = 112;
inline constexpr std::int32_t kCommandNotSupported = 115;
inline constexpr std::int32_t kConflictingOperationInProgress = 117;
inline constexpr std::int32_t kDocumentValidationFailure = 121;
inline constexpr std::int32_t kCappedPositionLost = 136;
inline constexpr std::int32_t kExceededMemoryLimit = 146;
inline constexpr std::int32_t kViewDepthLimitExceeded = 165;
inline constexpr std::int32_t kCommandNotSupportedOnView = 166;
inline constexpr std::int32_t kOptionNotSupportedOnView = 167;
inline constexpr std::int32_t kInvalidPipelineOperator = 168;
inline constexpr std::int32_t kCannotIndexParallelArrays = 171;
inline constexpr std::int32_t kQueryPlanKilled = 175;
inline constexpr std::int32_t kAmbiguousIndexKeyPattern = 181;
inline constexpr std::int32_t kViewPipelineMaxSizeExceeded = 195;
inline constexpr std::int32_t kInvalidIndexSpecificationOption = 197;
inline constexpr std::int32_t kInvalidUUID = 207;
inline constexpr std::int32_t kQueryFeatureNotAllowed = 224;
inline constexpr std::int32_t kTransactionTooOld = 225;
inline constexpr std::int32_t kNotImplemented = 238;
inline constexpr std::int32_t kSnapshotTooOld = 239;
inline constexpr std::int32_t kConversionFailure = 241;
inline constexpr std::int32_t kNoSuchTransaction = 251;
inline constexpr std::int32_t kTransactionCommitted = 256;
inline constexpr std::int32_t kOperationNotSupportedInTransaction = 263;
inline constexpr std::int32_t kIndexBuildAborted = 276;
inline constexpr std::int32_t kNoQueryExecutionPlans = 291;
inline constexpr std::int32_t kQueryExceededMemoryLimitNoDiskUseAllowed = 292;
inline constexpr std::int32_t kObjectIsBusy = 314;
inline constexpr std::int32_t kAPIVersionError = 322;
inline constexpr std::int32_t kAPIStrictError = 323;
inline constexpr std::int32_t kUnsupportedOpQueryCommand = 352;
inline constexpr std::int32_t kCannotConvertIndexToUnique = 359;
inline constexpr std::int32_t kCollectionUUIDMismatch = 361;
inline constexpr std::int32_t kBSONObjectTooLarge = 10334;
inline constexpr std::int32_t kDuplicateKey = 11000;
inline constexpr std::int32_t kInterrupted = 11601;
inline constexpr std::int32_t kCursorInUse = 12051;
inline constexpr std::int32_t kBackgroundOperationInProgressForNamespace = 12587;
inline constexpr std::int32_t kMergeStageNoMatchingDocument = 13113;
inline constexpr std::int32_t kDatabaseDifferCase = 13297;
inline constexpr std::int32_t kOutOfDiskSpace = 14031;
inline constexpr std::int32_t kSearchNotEnabled = 31082;
inline constexpr std::int32_t kIDLFailedToParse = 40414;
inline constexpr std::int32_t kIDLUnknownField = 40415;
inline constexpr std::int32_t kNotARetryableWriteCommand = 50768;

}  // namespace nacre::error_codes
