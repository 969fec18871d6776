#include "text/collator.h"

#include <unicode/coll.h>
#include <unicode/locid.h>
#include <unicode/strenum.h>
#include <unicode/stringpiece.h>
#include <unicode/ucol.h>
#include <unicode/unistr.h>
#include <unicode/uversion.h>

#include <array>
#include <utility>

#include "base/check.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::text {
namespace {

using error_codes::kBadValue;
constexpr std::size_t kLocaleBytesMax = 128;

std::unexpected<Error> refused(const CollationChoices& choices, std::string_view why) {
  return fail(Code::kInvalid, kBadValue,
              format("collation of locale '{}': {}", choices.locale, why));
}

UColAttributeValue strength_of(int strength) {
  switch (strength) {
    case 1:
      return UCOL_PRIMARY;
    case 2:
      return UCOL_SECONDARY;
    case 4:
      return UCOL_QUATERNARY;
    case 5:
      return UCOL_IDENTICAL;
    default:
      return UCOL_TERTIARY;
  }
}

UColAttributeValue on_off(bool on) { return on ? UCOL_ON : UCOL_OFF; }

// ICU answers any name with the nearest order it has, down to that of no language at all; a name
// that means nothing to it is a slip of whoever wrote it.
Result<> check_locale(const CollationChoices& choices, const icu::Locale& locale,
                      const icu::Collator& rules) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Locale valid = rules.getLocale(ULOC_VALID_LOCALE, status);
  if (U_FAILURE(status) ||
      std::string_view(valid.getLanguage()) != std::string_view(locale.getLanguage())) {
    return refused(choices, "Field 'locale' is invalid");
  }
  if (choices.locale != locale.getName()) {
    return refused(choices, format("Field 'locale' is not in canonical form, did you mean '{}'?",
                                   locale.getName()));
  }
  const auto kind = locale.getKeywordValue<std::string>("collation", status);
  if (U_FAILURE(status) || kind.empty()) return {};
  const std::unique_ptr<icu::StringEnumeration> kinds(
      icu::Collator::getKeywordValuesForLocale("collation", locale, 0, status));
  if (U_FAILURE(status) || kinds == nullptr) return refused(choices, "its collation is unknown");
  for (const char* known = kinds->next(nullptr, status); known != nullptr && U_SUCCESS(status);
       known = kinds->next(nullptr, status)) {
    if (kind == known) return {};
  }
  return refused(choices, format("'{}' is no collation of it", kind));
}

// The choices as the rules now have them: a language has defaults of its own.
void resolve(CollationChoices& choices, const icu::Collator& rules) {
  UErrorCode status = U_ZERO_ERROR;
  if (!choices.case_first) {
    const UColAttributeValue value = rules.getAttribute(UCOL_CASE_FIRST, status);
    choices.case_first = value == UCOL_UPPER_FIRST   ? CaseFirst::kUpper
                         : value == UCOL_LOWER_FIRST ? CaseFirst::kLower
                                                     : CaseFirst::kOff;
  }
  if (!choices.alternate) {
    choices.alternate = rules.getAttribute(UCOL_ALTERNATE_HANDLING, status) == UCOL_SHIFTED
                            ? Alternate::kShifted
                            : Alternate::kNonIgnorable;
  }
  if (!choices.backwards) {
    choices.backwards = rules.getAttribute(UCOL_FRENCH_COLLATION, status) == UCOL_ON;
  }
}

// What has no effect was not meant.
Result<> check_choices(const CollationChoices& choices) {
  if (choices.backwards.value_or(false) && choices.strength == 1) {
    return refused(choices, "'backwards' is invalid with 'strength' of 1");
  }
  const bool case_first = choices.case_first.value_or(CaseFirst::kOff) != CaseFirst::kOff;
  if (case_first && !choices.case_level && choices.strength < 3) {
    return refused(choices, "'caseFirst' is invalid unless 'caseLevel' is on or 'strength' is > 2");
  }
  return {};
}

void apply(const CollationChoices& choices, icu::Collator& rules, UErrorCode& status) {
  rules.setAttribute(UCOL_STRENGTH, strength_of(choices.strength), status);
  rules.setAttribute(UCOL_CASE_LEVEL, on_off(choices.case_level), status);
  rules.setAttribute(UCOL_NUMERIC_COLLATION, on_off(choices.numeric_ordering), status);
  rules.setAttribute(UCOL_NORMALIZATION_MODE, on_off(choices.normalization), status);
  if (choices.case_first) {
    rules.setAttribute(UCOL_CASE_FIRST,
                       *choices.case_first == CaseFirst::kUpper   ? UCOL_UPPER_FIRST
                       : *choices.case_first == CaseFirst::kLower ? UCOL_LOWER_FIRST
                                                                  : UCOL_OFF,
                       status);
  }
  if (choices.alternate) {
    rules.setAttribute(
        UCOL_ALTERNATE_HANDLING,
        *choices.alternate == Alternate::kShifted ? UCOL_SHIFTED : UCOL_NON_IGNORABLE, status);
  }
  rules.setMaxVariable(choices.max_variable == MaxVariable::kSpace ? UCOL_REORDER_CODE_SPACE
                                                                   : UCOL_REORDER_CODE_PUNCTUATION,
                       status);
  if (choices.backwards) {
    rules.setAttribute(UCOL_FRENCH_COLLATION, on_off(*choices.backwards), status);
  }
}

icu::StringPiece piece(std::string_view text) {
  return {text.data(), static_cast<std::int32_t>(text.size())};
}

}  // namespace

struct Collator::Rules {
  std::unique_ptr<const icu::Collator> icu;
};

Collator::Collator(CollationChoices choices, std::unique_ptr<const Rules> rules)
    : choices_(std::move(choices)), rules_(std::move(rules)) {}
Collator::~Collator() = default;

Result<std::shared_ptr<const Collator>> Collator::open(CollationChoices choices) {
  if (choices.locale.empty() || choices.locale.size() > kLocaleBytesMax ||
      choices.locale.contains('\0')) {
    return refused(choices, "Field 'locale' is invalid");
  }
  const icu::Locale locale(choices.locale.c_str());
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::Collator> rules(icu::Collator::createInstance(locale, status));
  if (locale.isBogus() || U_FAILURE(status) || rules == nullptr) {
    return refused(choices, "Field 'locale' is invalid");
  }
  NACRE_TRY(check_locale(choices, locale, *rules));
  NACRE_TRY(check_choices(choices));
  apply(choices, *rules, status);
  if (U_FAILURE(status)) return refused(choices, u_errorName(status));
  resolve(choices, *rules);
  auto owned = std::make_unique<Rules>(Rules{.icu = std::move(rules)});
  return std::shared_ptr<const Collator>(new Collator(std::move(choices), std::move(owned)));
}

std::weak_ordering Collator::compare(std::string_view a, std::string_view b) const {
  UErrorCode status = U_ZERO_ERROR;
  const UCollationResult result = rules_->icu->compareUTF8(piece(a), piece(b), status);
  NACRE_CHECK(U_SUCCESS(status), "any two strings have an order");
  return static_cast<int>(result) <=> 0;
}

void Collator::append_sort_key(std::string& to, std::string_view text) const {
  const icu::UnicodeString wide = icu::UnicodeString::fromUTF8(piece(text));
  // Most keys fit at the first try: three bytes for each letter and the separators of levels.
  const std::size_t start = to.size();
  std::size_t room = 3 * static_cast<std::size_t>(wide.length()) + 16;
  while (true) {
    to.resize(start + room);
    const auto size = static_cast<std::size_t>(rules_->icu->getSortKey(
        wide, reinterpret_cast<std::uint8_t*>(to.data() + start), static_cast<std::int32_t>(room)));
    NACRE_CHECK(size > 0, "any string has a sort key");
    if (size <= room) {
      to.resize(start + size - 1);  // the zero at its end is not part of it
      return;
    }
    room = size;
  }
}

bool same_collation(const Collator* a, const Collator* b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  const CollationChoices& left = a->choices();
  const CollationChoices& right = b->choices();
  return left.locale == right.locale && left.strength == right.strength &&
         left.case_level == right.case_level && left.case_first == right.case_first &&
         left.numeric_ordering == right.numeric_ordering && left.alternate == right.alternate &&
         left.max_variable == right.max_variable && left.normalization == right.normalization &&
         left.backwards == right.backwards;
}

std::string collation_tables_version() {
  UVersionInfo version;
  u_getVersion(version);
  std::array<char, U_MAX_VERSION_STRING_LENGTH> text{};
  u_versionToString(version, text.data());
  return text.data();
}

}  // namespace nacre::text
