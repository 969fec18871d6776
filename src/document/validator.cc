#include "document/validator.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "match/validation_error.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;
using bson::View;

using error_codes::kBadValue;
using error_codes::kDocumentValidationFailure;
using error_codes::kTypeMismatch;

Result<std::string_view> read_choice(const View& options, std::string_view name,
                                     std::string_view otherwise) {
  const Element value = options.find(name);
  if (!value || value.is(Type::kNull)) return otherwise;
  if (!value.is(Type::kString)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field '{}' is the wrong type '{}', expected type 'string'", name,
                       bson::name(value.type())));
  }
  return value.string();
}

std::unexpected<Error> no_such_choice(std::string_view name, std::string_view value) {
  return fail(Code::kInvalid, kBadValue,
              format("Enumeration value '{}' for field '{}' is not a valid value.", value, name));
}

Error failure(const View& filter, const View& document) {
  bson::Builder details;
  details.begin_document("errInfo");
  if (const Element id = document.find("_id")) details.append("failingDocumentId", id);
  details.append("details", match::explain_failure(filter, document)).end();
  return Error(Code::kInvalid, "Document failed validation")
      .with_number(kDocumentValidationFailure)
      .with_details(details.finish().release());
}

}  // namespace

Result<std::shared_ptr<const Validator>> Validator::parse(
    const View& options, std::shared_ptr<const text::Collator> collator) {
  const std::string_view level_name = NACRE_TRY(read_choice(options, "validationLevel", "strict"));
  const std::string_view action_name = NACRE_TRY(read_choice(options, "validationAction", "error"));
  Level level = Level::kStrict;
  if (level_name == "off") {
    level = Level::kOff;
  } else if (level_name == "moderate") {
    level = Level::kModerate;
  } else if (level_name != "strict") {
    return no_such_choice("validationLevel", level_name);
  }
  Action action = Action::kError;
  if (action_name == "warn") {
    action = Action::kWarn;
  } else if (action_name != "error" && action_name != "errorAndLog") {
    return no_such_choice("validationAction", action_name);
  }
  const Element filter = options.find("validator");
  if (!filter || filter.is(Type::kNull)) return nullptr;
  if (!filter.is(Type::kDocument)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'validator' is the wrong type '{}', expected type 'object'",
                       bson::name(filter.type())));
  }
  match::Filter parsed =
      NACRE_TRY(match::Filter::parse(filter.document(), {.collator = std::move(collator)}));
  if (parsed.matches_everything()) return nullptr;
  return std::shared_ptr<const Validator>(new Validator(std::move(parsed), level, action));
}

Result<> Validator::check(const View& document, const View* before) const {
  if (level_ == Level::kOff || action_ == Action::kWarn) return {};
  const bool fine = NACRE_TRY(filter_.matches(document));
  if (fine) return {};
  if (level_ == Level::kModerate && before != nullptr) {
    const bool was_fine = NACRE_TRY(filter_.matches(*before));
    if (!was_fine) return {};
  }
  return std::unexpected(failure(filter_.source(), document));
}

}  // namespace nacre::document
