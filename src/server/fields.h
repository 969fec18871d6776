// Fields: the arguments of one command, read with MongoDB's rules and errors.
//
// A field that is absent or null has its default. Field names in errors are "find.filter".
// Errors:  kInvalid 14 (TypeMismatch), 40414 (a required field is missing), 40415 (unknown field),
//          73 (InvalidNamespace), 22 (InvalidBSON).
// Threads: a value that looks at the message.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/value.h"
#include "query/collation.h"
#include "server/wire.h"

namespace nacre::server {

inline constexpr std::size_t kBatchCountMax = 100'000;  // documents or statements in one command

class Fields {
 public:
  // Requires: `body` is validated; `message` may be null (a nested command or a statement).
  Fields(bson::View body, const Message* message) : body_(body), message_(message) {}

  // The command as the client wrote it: the name of the first field; "" when there is none.
  [[nodiscard]] std::string_view command() const {
    return body_.empty() ? std::string_view() : body_.begin()->name();
  }
  [[nodiscard]] bson::View body() const { return body_; }
  [[nodiscard]] bson::Element get(std::string_view field) const { return body_.find(field); }

  // The collection that the command's first field names.
  [[nodiscard]] Result<std::string_view> collection() const;

  [[nodiscard]] Result<bson::View> document(std::string_view field) const;  // default: empty
  [[nodiscard]] Result<bson::View> required_document(std::string_view field) const;
  [[nodiscard]] Result<bson::View> required_array(std::string_view field) const;
  [[nodiscard]] Result<bson::View> array(std::string_view field) const;  // default: empty
  [[nodiscard]] Result<std::string_view> required_string(std::string_view field) const;
  [[nodiscard]] Result<bool> boolean(std::string_view field, bool otherwise) const;
  // The same, numbers not allowed.
  [[nodiscard]] Result<bool> strict_boolean(std::string_view field, bool otherwise) const;
  // Whole numbers of any numeric type.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view field, std::int64_t otherwise) const;
  // The same, with 2 (BadValue) for what is below zero.
  [[nodiscard]] Result<std::int64_t> count(std::string_view field, std::int64_t otherwise) const;
  // Any number: fractions are cut off (a decimal is rounded), what is too large is the largest, NaN
  // is 0. 2 (BadValue) for what is below zero then.
  [[nodiscard]] Result<std::int64_t> lenient_count(std::string_view field,
                                                   std::int64_t otherwise) const;
  // Nothing without one: that of the collection is meant then.
  [[nodiscard]] Result<query::Collation> collation() const;
  // A string, a document, or nothing; null is an error.
  [[nodiscard]] Result<bson::Element> hint() const;

  // The documents of an array field, whether they came in the body or as a sequence beside it;
  // those of a sequence are validated here. 1 to kBatchCountMax of them.
  [[nodiscard]] Result<std::vector<bson::View>> batch(std::string_view field) const;

  // kUnsupported 115 when the field is there and says anything (neither null, false nor empty).
  [[nodiscard]] Result<> refuse(std::string_view field) const;

  // 40415 for a top-level field that is neither in `known` (names with spaces between) nor one
  // that every command takes.
  [[nodiscard]] Result<> check_known(std::string_view known) const;
  // The same of a nested document, which has no fields that every command takes.
  [[nodiscard]] Result<> check_only(std::string_view path, std::string_view known) const;

 private:
  [[nodiscard]] std::unexpected<Error> wrong_type(const bson::Element& element,
                                                  std::string_view expected) const;
  [[nodiscard]] std::unexpected<Error> missing(std::string_view field) const;

  bson::View body_;
  const Message* message_;
};

// Fails with 73 for a name no collection can have.
[[nodiscard]] Result<> check_collection_name(std::string_view database, std::string_view name);

}  // namespace nacre::server
