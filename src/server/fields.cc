#include "server/fields.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "base/text.h"
#include "bson/collation.h"
#include "bson/container.h"
#include "bson/validate.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr std::size_t kNamespaceMax = 255;  // bytes of "database.collection"

// What drivers put on any command.
constexpr auto kGenericFields = std::to_array<std::string_view>({"$db",
                                                                 "lsid",
                                                                 "$clusterTime",
                                                                 "$readPreference",
                                                                 "txnNumber",
                                                                 "autocommit",
                                                                 "startTransaction",
                                                                 "readConcern",
                                                                 "writeConcern",
                                                                 "comment",
                                                                 "maxTimeMS",
                                                                 "apiVersion",
                                                                 "apiStrict",
                                                                 "apiDeprecationErrors",
                                                                 "rawData",
                                                                 "maxTimeMSOpOnly",
                                                                 "$audit",
                                                                 "$client",
                                                                 "$configServerState",
                                                                 "clientOperationKey"});

bool says_nothing(const bson::Element& element) {
  if (!element || element.is_null_like()) return true;
  if (element.is(bson::Type::kBool)) return !element.boolean();
  if (bson::is_container(element)) {
    return element.document().empty();
  }
  return false;
}

bool contains_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

}  // namespace

std::unexpected<Error> Fields::wrong_type(const bson::Element& element,
                                          std::string_view expected) const {
  return fail(Code::kInvalid, wire_code::kTypeMismatch,
              format("BSON field '{}.{}' is the wrong type '{}', expected type '{}'", command(),
                     element.name(), bson::name(element.type()), expected));
}

std::unexpected<Error> Fields::missing(std::string_view field) const {
  return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
              format("BSON field '{}.{}' is missing but a required field", command(), field));
}

Result<std::string_view> Fields::collection() const {
  const bson::Element first = *body_.begin();
  if (!first.is(bson::Type::kString)) {
    return fail(Code::kInvalid, wire_code::kInvalidNamespace,
                format("collection name has invalid type {}", bson::name(first.type())));
  }
  const bson::Element database = get("$db");
  NACRE_TRY(check_collection_name(
      database.is(bson::Type::kString) ? database.string() : std::string_view(), first.string()));
  return first.string();
}

Result<bson::View> Fields::document(std::string_view field) const {
  const bson::Element element = get(field);
  if (!element || element.is_null_like()) return bson::View();
  if (!element.is(bson::Type::kDocument)) return wrong_type(element, "object");
  return element.document();
}

Result<bson::View> Fields::required_document(std::string_view field) const {
  const bson::Element element = get(field);
  if (!element) return missing(field);
  if (!element.is(bson::Type::kDocument)) return wrong_type(element, "object");
  return element.document();
}

Result<bson::View> Fields::required_array(std::string_view field) const {
  const bson::Element element = get(field);
  if (!element) return missing(field);
  if (!element.is(bson::Type::kArray)) return wrong_type(element, "array");
  return element.array();
}

Result<bson::View> Fields::array(std::string_view field) const {
  const bson::Element element = get(field);
  if (!element || element.is_null_like()) return bson::View();
  if (!element.is(bson::Type::kArray)) return wrong_type(element, "array");
  return element.array();
}

Result<std::string_view> Fields::required_string(std::string_view field) const {
  const bson::Element element = get(field);
  if (!element) return missing(field);
  if (!element.is(bson::Type::kString)) return wrong_type(element, "string");
  return element.string();
}

Result<bool> Fields::boolean(std::string_view field, bool otherwise) const {
  const bson::Element element = get(field);
  if (!element || element.is_null_like()) return otherwise;
  if (!element.is(bson::Type::kBool) && !element.is_number()) return wrong_type(element, "bool");
  return element.truthy();
}

Result<bool> Fields::strict_boolean(std::string_view field, bool otherwise) const {
  const bson::Element element = get(field);
  if (!element || element.is_null_like()) return otherwise;
  if (!element.is(bson::Type::kBool)) return wrong_type(element, "bool");
  return element.boolean();
}

Result<std::int64_t> Fields::integer(std::string_view field, std::int64_t otherwise) const {
  const bson::Element element = get(field);
  if (!element || element.is_null_like()) return otherwise;
  const auto value = element.as_int64();
  if (value) return *value;
  if (!element.is_number()) return wrong_type(element, "long");
  return fail(Code::kInvalid, wire_code::kFailedToParse,
              format("BSON field '{}.{}' is not a whole number of 64 bits", command(), field));
}

namespace {

Result<std::int64_t> not_negative(std::string_view field, std::int64_t value) {
  if (value >= 0) return value;
  return fail(Code::kInvalid, wire_code::kBadValue,
              format("BSON field '{}' value must be >= 0, actual value '{}'", field, value));
}

std::int64_t clamped(double number) {
  if (std::isnan(number)) return 0;
  if (number >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (number < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(number);
}

}  // namespace

Result<std::int64_t> Fields::count(std::string_view field, std::int64_t otherwise) const {
  return not_negative(field, NACRE_TRY(integer(field, otherwise)));
}

Result<std::int64_t> Fields::lenient_count(std::string_view field, std::int64_t otherwise) const {
  const bson::Element element = get(field);
  if (!element || element.is_null_like()) return otherwise;
  if (!element.is_number()) return wrong_type(element, "long");
  if (const auto whole = element.as_int64()) return not_negative(field, *whole);
  const double number = *element.as_double();
  const bool rounds = element.is(bson::Type::kDecimal128);
  return not_negative(field, clamped(rounds ? std::nearbyint(number) : number));
}

Result<query::Collation> Fields::collation() const {
  const bson::View collation = NACRE_TRY(document("collation"));
  if (collation.empty()) return query::Collation();
  return query::Collation(NACRE_TRY(bson::parse_collation(collation)));
}

Result<bson::Element> Fields::hint() const {
  const bson::Element element = get("hint");
  if (!element) return bson::Element();
  if (element.is(bson::Type::kString)) return element;
  if (element.is(bson::Type::kDocument)) {
    return element.document().empty() ? bson::Element() : element;
  }
  return fail(Code::kInvalid, wire_code::kFailedToParse, "Hint must be a string or an object");
}

Result<std::vector<bson::View>> Fields::batch(std::string_view field) const {
  std::vector<bson::View> documents;
  const auto check_count = [&](std::size_t count) -> Result<> {
    if (count >= 1 && count <= kBatchCountMax) return {};
    return fail(Code::kInvalid, wire_code::kInvalidLength,
                format("Write batch sizes must be between 1 and {}. Got {} operations.",
                       kBatchCountMax, count));
  };
  if (message_ != nullptr) {
    for (const Sequence& sequence : message_->sequences) {
      if (sequence.name != field) continue;
      NACRE_TRY(check_count(sequence.count));
      documents.reserve(sequence.count);
      for (Bytes rest = sequence.documents; !rest.empty();) {
        const bson::Limits limits{.bytes_max = kWireDocumentSizeMax};
        documents.push_back(NACRE_TRY(bson::validate(take_document(rest), limits)));
      }
      return documents;
    }
  }
  const bson::View array = NACRE_TRY(required_array(field));
  for (const bson::Element& element : array) {
    if (!element.is(bson::Type::kDocument)) return wrong_type(element, "object");
    documents.push_back(element.document());
  }
  NACRE_TRY(check_count(documents.size()));
  return documents;
}

Result<> Fields::refuse(std::string_view field) const {
  if (says_nothing(get(field))) return {};
  return fail(Code::kUnsupported, wire_code::kCommandNotSupported,
              format("{}: option '{}' is not supported yet", command(), field));
}

Result<> Fields::check_known(std::string_view known) const {
  const auto check = [&](std::string_view field) -> Result<> {
    if (contains_word(known, field)) return {};
    if (std::ranges::find(kGenericFields, field) != kGenericFields.end()) return {};
    return fail(Code::kInvalid, wire_code::kIDLUnknownField,
                format("BSON field '{}.{}' is an unknown field.", command(), field));
  };
  bool first = true;
  for (const bson::Element& element : body_) {
    if (!first) NACRE_TRY(check(element.name()));
    first = false;
  }
  if (message_ == nullptr) return {};
  for (const Sequence& sequence : message_->sequences) {
    NACRE_TRY(check(sequence.name));
    if (get(sequence.name)) {
      return fail(Code::kInvalid, wire_code::kFailedToParse,
                  format("field '{}' is there twice: in the command and beside it", sequence.name));
    }
  }
  return {};
}

Result<> Fields::check_only(std::string_view path, std::string_view known) const {
  for (const bson::Element& element : body_) {
    if (contains_word(known, element.name())) continue;
    return fail(Code::kInvalid, wire_code::kIDLUnknownField,
                format("BSON field '{}.{}' is an unknown field.", path, element.name()));
  }
  return {};
}

Result<> check_collection_name(std::string_view database, std::string_view name) {
  const bool bad = name.empty() || name.find('\0') != std::string_view::npos ||
                   name.find('$') != std::string_view::npos || name.starts_with('.') ||
                   name.ends_with('.') || database.size() + 1 + name.size() > kNamespaceMax;
  if (!bad) return {};
  return fail(
      Code::kInvalid, wire_code::kInvalidNamespace,
      format("Invalid namespace specified '{}.{}'", database, name.substr(0, name.find('\0'))));
}

}  // namespace nacre::server
