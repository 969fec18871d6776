// What an Error is called on the wire: MongoDB's number and name for it, and its document.
//
// Why one table: clients act on codes, so they are given in one place (Error::number where the
//   failing room knows the exact one, else by Code) and named in one place.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"

namespace nacre::server {

// The codes that this room itself gives.
namespace wire_code {
inline constexpr std::int32_t kInternalError = 1;
inline constexpr std::int32_t kBadValue = 2;
inline constexpr std::int32_t kNoSuchKey = 4;
inline constexpr std::int32_t kFailedToParse = 9;
inline constexpr std::int32_t kUnauthorized = 13;
inline constexpr std::int32_t kTypeMismatch = 14;
inline constexpr std::int32_t kIllegalOperation = 20;
inline constexpr std::int32_t kNamespaceNotFound = 26;
inline constexpr std::int32_t kCursorNotFound = 43;
inline constexpr std::int32_t kNamespaceExists = 48;
inline constexpr std::int32_t kCommandNotFound = 59;
inline constexpr std::int32_t kIndexNotFound = 27;
inline constexpr std::int32_t kInvalidOptions = 72;
inline constexpr std::int32_t kInvalidNamespace = 73;
inline constexpr std::int32_t kUnknownReplWriteConcern = 79;
inline constexpr std::int32_t kUnsatisfiableWriteConcern = 100;
inline constexpr std::int32_t kWriteConflict = 112;
inline constexpr std::int32_t kCommandNotSupported = 115;
inline constexpr std::int32_t kConflictingOperation = 117;
inline constexpr std::int32_t kExceededMemoryLimit = 146;
inline constexpr std::int32_t kNotSupportedOnView = 166;
inline constexpr std::int32_t kQueryPlanKilled = 175;
inline constexpr std::int32_t kTransactionTooOld = 225;
inline constexpr std::int32_t kSnapshotTooOld = 239;
inline constexpr std::int32_t kNoSuchTransaction = 251;
inline constexpr std::int32_t kTransactionCommitted = 256;
inline constexpr std::int32_t kNotSupportedInTransaction = 263;
inline constexpr std::int32_t kUnsupportedOpQueryCommand = 352;
inline constexpr std::int32_t kCollectionUuidMismatch = 361;
inline constexpr std::int32_t kApiVersionError = 322;
inline constexpr std::int32_t kApiStrictError = 323;
inline constexpr std::int32_t kBsonObjectTooLarge = 10334;
inline constexpr std::int32_t kDuplicateKey = 11000;
inline constexpr std::int32_t kCursorInUse = 12051;
inline constexpr std::int32_t kOutOfDiskSpace = 14031;
inline constexpr std::int32_t kSearchNotEnabled = 31082;
inline constexpr std::int32_t kNoJavascript = 31264;
inline constexpr std::int32_t kUnrecognizedStage = 40324;
inline constexpr std::int32_t kCursorOfOtherTransaction = 50738;
inline constexpr std::int32_t kMissingField = 40414;
inline constexpr std::int32_t kUnknownField = 40415;
inline constexpr std::int32_t kMissingDatabase = 40571;
inline constexpr std::int32_t kValueBelowMinimum = 51024;
}  // namespace wire_code

[[nodiscard]] std::int32_t wire_code_of(const Error& error);

// "BadValue"; "Location40324" for codes without a name of their own.
[[nodiscard]] std::string code_name(std::int32_t code);

// Appends ok: 0, errmsg, code, codeName and what the error's details hold.
void append_error(bson::Builder& reply, const Error& error);

// The same as one element of writeErrors: index, code, errmsg and details.
void push_write_error(bson::Builder& errors, std::int64_t index, const Error& error);

}  // namespace nacre::server
