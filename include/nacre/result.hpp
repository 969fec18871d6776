// Result<T>: a value, or an Error that says what failed, where, and during what.
//
// Why std::expected: both compilers have it and readers know it. The library level we build with
//   has no and_then or transform, so errors travel by NACRE_TRY.
// Rule: never call .value(); test first, then use * or ->. (.value() throws, and Error cannot be
//   copied. * on an error aborts: _GLIBCXX_ASSERTIONS is on in every build.)
// Cost: sizeof(Result<u64>) is 16 bytes; the ok path never allocates.
// Threads: a Result belongs to one thread at a time, like any value.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nacre {

// What the caller can do about it. Never renumber: servers map these to wire codes.
enum class Code : std::uint8_t {
  kIo = 1,           // the operating system refused; may succeed elsewhere or later
  kCorrupt = 2,      // stored bytes break the format; retrying cannot help
  kNotFound = 3,     // the named thing does not exist
  kConflict = 4,     // another transaction won; retry the whole transaction
  kInvalid = 5,      // the request is malformed or out of range
  kFull = 6,         // a stated limit (disk, memory, size) was reached
  kClosed = 7,       // the store is closed, or stopped after a failed sync
  kTooOld = 8,       // the position lies below the horizon; its history is gone
  kExists = 9,       // the thing to be created is there already
  kUnsupported = 10  // a known request that this version does not carry out
};

// "io", "corrupt", "not_found", ...: the first word of every error text.
[[nodiscard]] std::string_view name(Code code);

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string what, const char* file = __builtin_FILE(),
        int line = __builtin_LINE());

  // Adds one line of context, outermost last. Use where the caller knows more than the callee:
  // which file, which collection, which command.
  Error&& while_doing(std::string_view step) &&;

  // The number a wire protocol gives this error where `code` is too coarse (a MongoDB error code);
  // 0 when nobody gave one.
  Error&& with_number(std::int32_t number) &&;
  [[nodiscard]] std::int32_t number() const { return rep_->number; }

  // What a program reads beside the number, as the bytes of one BSON document: {keyPattern,
  // keyValue} of a duplicate key, for instance. Empty when nobody gave any.
  Error&& with_details(std::string bson) &&;
  [[nodiscard]] const std::string& details() const { return rep_->details; }

  [[nodiscard]] Code code() const { return rep_->code; }

  // The sentence alone, without the code in front and without context lines.
  [[nodiscard]] const std::string& what() const { return rep_->what; }

  // "corrupt: <what>\n  while <step>..."; for people, never parsed by code.
  [[nodiscard]] std::string text() const;

  // A second Error with the same contents, for a failure that several waiters are told about.
  [[nodiscard]] Error clone() const;

 private:
  struct Rep {
    Code code;
    std::int32_t number;
    std::string what;
    std::string context;  // "\n  while ..." lines
    std::string details;  // BSON
    const char* file;
    int line;
  };

  explicit Error(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

  std::unique_ptr<Rep> rep_;  // never null, except after being moved from
};

template <class T = void>
using Result = std::expected<T, Error>;

// `return fail(Code::kInvalid, "...");` in a function that returns a Result.
[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string what,
                                                 const char* file = __builtin_FILE(),
                                                 int line = __builtin_LINE()) {
  return std::unexpected(Error(code, std::move(what), file, line));
}

// The same with a wire number, see Error::number().
[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::int32_t number, std::string what,
                                                 const char* file = __builtin_FILE(),
                                                 int line = __builtin_LINE()) {
  return std::unexpected(Error(code, std::move(what), file, line).with_number(number));
}

// For NACRE_TRY. Not [[nodiscard]], unlike operator*: `NACRE_TRY(txn.commit());` is a whole
// statement.
template <class T>
T value_of(Result<T>&& result) {
  return *std::move(result);
}

}  // namespace nacre

// auto page = NACRE_TRY(cache.pin(id));   the value, or return the error to our caller
// NACRE_TRY(log.sync());                  same, when there is no value
// A GNU statement expression: gcc and clang only, which is all we build with.
#define NACRE_TRY(expression)                                      \
  __extension__({                                                  \
    auto nacre_try_result = (expression);                          \
    if (!nacre_try_result.has_value()) [[unlikely]] {              \
      return std::unexpected(std::move(nacre_try_result).error()); \
    }                                                              \
    ::nacre::value_of(std::move(nacre_try_result));                \
  })
