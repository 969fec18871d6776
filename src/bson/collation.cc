#include "bson/collation.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::bson {
namespace {

using text::CollationChoices;

using error_codes::kBadValue;
using error_codes::kTypeMismatch;
constexpr std::int32_t kIncompatibleVersion = 161;
using error_codes::kIDLFailedToParse;
using error_codes::kIDLUnknownField;

constexpr std::string_view kSimple = "simple";
// What MongoDB calls the version of its orders; documents of indexes carry it from place to place.
constexpr std::string_view kVersion = "57.1";

constexpr std::array<std::string_view, 3> kCaseFirstNames = {"off", "upper", "lower"};
constexpr std::array<std::string_view, 2> kAlternateNames = {"non-ignorable", "shifted"};
constexpr std::array<std::string_view, 2> kMaxVariableNames = {"punct", "space"};

std::unexpected<Error> wrong_type(const Element& field, std::string_view wanted) {
  return fail(Code::kInvalid, kTypeMismatch,
              format("BSON field 'collation.{}' is the wrong type '{}', expected type '{}'",
                     field.name(), name(field.type()), wanted));
}

std::unexpected<Error> no_such_value(const Element& field, std::string_view value) {
  return fail(Code::kInvalid, kBadValue,
              format("Enumeration value '{}' for field 'collation.{}' is not a valid value.", value,
                     field.name()));
}

Result<bool> flag(const Element& field) {
  if (field.is(Type::kBool)) return field.boolean();
  if (field.is_number()) return field.truthy();
  return wrong_type(field, "bool");
}

Result<std::string_view> word(const Element& field) {
  if (!field.is(Type::kString)) return wrong_type(field, "string");
  return field.string();
}

// The number of the word in `names`.
template <std::size_t kCount>
Result<std::size_t> choice(const Element& field,
                           const std::array<std::string_view, kCount>& names) {
  const std::string_view value = NACRE_TRY(word(field));
  for (std::size_t i = 0; i < kCount; ++i) {
    if (names[i] == value) return i;
  }
  return no_such_value(field, value);
}

Result<int> strength(const Element& field) {
  if (!field.is_number()) return wrong_type(field, "int");
  const double value = std::trunc(field.as_double().value_or(0));
  if (!(value >= 1 && value <= 5)) return no_such_value(field, format("{}", value));
  return static_cast<int>(value);
}

Result<> read(const Element& field, CollationChoices& choices) {
  const std::string_view name = field.name();
  if (field.is_null_like()) return {};
  if (name == "locale") {
    choices.locale = NACRE_TRY(word(field));
  } else if (name == "strength") {
    choices.strength = NACRE_TRY(strength(field));
  } else if (name == "caseLevel") {
    choices.case_level = NACRE_TRY(flag(field));
  } else if (name == "caseFirst") {
    choices.case_first = static_cast<text::CaseFirst>(NACRE_TRY(choice(field, kCaseFirstNames)));
  } else if (name == "numericOrdering") {
    choices.numeric_ordering = NACRE_TRY(flag(field));
  } else if (name == "alternate") {
    choices.alternate = static_cast<text::Alternate>(NACRE_TRY(choice(field, kAlternateNames)));
  } else if (name == "maxVariable") {
    choices.max_variable =
        static_cast<text::MaxVariable>(NACRE_TRY(choice(field, kMaxVariableNames)));
  } else if (name == "normalization") {
    choices.normalization = NACRE_TRY(flag(field));
  } else if (name == "backwards") {
    choices.backwards = NACRE_TRY(flag(field));
  } else if (name == "version") {
    const std::string_view version = NACRE_TRY(word(field));
    if (version != kVersion) {
      return fail(Code::kInvalid, kIncompatibleVersion,
                  format("collation version {} is not {}, the one there is", version, kVersion));
    }
  } else {
    return fail(Code::kInvalid, kIDLUnknownField,
                format("BSON field 'collation.{}' is an unknown field.", name));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const text::Collator>> parse_collation(const View& collation) {
  if (collation.empty()) return nullptr;
  CollationChoices choices;
  for (const Element& field : collation) NACRE_TRY(read(field, choices));
  if (!collation.find("locale")) {
    return fail(Code::kInvalid, kIDLFailedToParse,
                "BSON field 'collation.locale' is missing but a required field");
  }
  if (choices.locale == kSimple) return nullptr;
  return text::Collator::open(std::move(choices));
}

Document describe_collation(const text::Collator* collator) {
  if (collator == nullptr) return Builder().append("locale", kSimple).finish();
  const CollationChoices& choices = collator->choices();
  const auto case_first =
      static_cast<std::size_t>(choices.case_first.value_or(text::CaseFirst::kOff));
  const auto alternate =
      static_cast<std::size_t>(choices.alternate.value_or(text::Alternate::kNonIgnorable));
  const auto max_variable = static_cast<std::size_t>(choices.max_variable);
  return Builder()
      .append("locale", choices.locale)
      .append("caseLevel", choices.case_level)
      .append("caseFirst", kCaseFirstNames[case_first])
      .append("strength", choices.strength)
      .append("numericOrdering", choices.numeric_ordering)
      .append("alternate", kAlternateNames[alternate])
      .append("maxVariable", kMaxVariableNames[max_variable])
      .append("normalization", choices.normalization)
      .append("backwards", choices.backwards.value_or(false))
      .append("version", kVersion)
      .finish();
}

}  // namespace nacre::bson
