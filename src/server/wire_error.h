// What an Error is called on the wire: MongoDB's number and name for it, and its document.
//
// Why one table: clients act on codes, so they are given in one place (Error::number where the
//   failing room knows the exact one, else by Code) and named in one place.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error_codes.h"
#include "base/result.h"
#include "bson/builder.h"

namespace nacre::server {

// The codes that this room itself gives: those with a name, and these.
namespace wire_code {
using namespace error_codes;
inline constexpr std::int32_t kNoJavascript = 31264;
inline constexpr std::int32_t kUnrecognizedStage = 40324;
inline constexpr std::int32_t kMissingDatabase = 40571;
inline constexpr std::int32_t kCursorOfOtherTransaction = 50738;
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
