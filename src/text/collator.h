// Collator: the order of strings that a language and a few choices ask for.
//
// Why behind a header of ours: the order is ICU's, and nothing above this room needs to know that.
//   A null Collator means the plain order of bytes everywhere; callers pass pointers about.
// Invariants: COLLATE-1 memcmp of two sort keys has the sign of compare() of the two strings; a
// sort
//             key holds no zero byte
// Errors:     open: kInvalid 2 (BadValue) for a locale that ICU has no order for, and for choices
//             that contradict one another.
// Cost:       open reads ICU's tables (tens of microseconds); compare allocates nothing.
// Threads:    immutable.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nacre::text {

enum class CaseFirst : std::uint8_t { kOff, kUpper, kLower };
enum class Alternate : std::uint8_t { kNonIgnorable, kShifted };
enum class MaxVariable : std::uint8_t { kPunctuation, kSpace };

// What was asked for; what is left open is as the locale has it.
struct CollationChoices {
  std::string locale;
  int strength = 3;  // 1 letters, 2 accents, 3 case, 4 punctuation, 5 everything
  bool case_level = false;
  std::optional<CaseFirst> case_first{};
  bool numeric_ordering = false;
  std::optional<Alternate> alternate{};
  MaxVariable max_variable = MaxVariable::kPunctuation;
  bool normalization = false;
  std::optional<bool> backwards{};
};

class Collator {
 public:
  [[nodiscard]] static Result<std::shared_ptr<const Collator>> open(CollationChoices choices);

  Collator(const Collator&) = delete;
  Collator& operator=(const Collator&) = delete;
  ~Collator();

  // Of two strings in UTF-8.
  [[nodiscard]] std::weak_ordering compare(std::string_view a, std::string_view b) const;
  [[nodiscard]] bool equal(std::string_view a, std::string_view b) const {
    return compare(a, b) == 0;
  }
  // Appends the sort key of `text` (COLLATE-1), without a terminator.
  void append_sort_key(std::string& to, std::string_view text) const;

  // With nothing left open.
  [[nodiscard]] const CollationChoices& choices() const { return choices_; }

 private:
  struct Rules;
  Collator(CollationChoices choices, std::unique_ptr<const Rules> rules);

  CollationChoices choices_;
  std::unique_ptr<const Rules> rules_;  // ICU's
};

// Two collations are one when they order all strings alike; null is the order of bytes.
[[nodiscard]] bool same_collation(const Collator* a, const Collator* b);

// Of the tables behind the orders. Sort keys of two versions must not be compared.
[[nodiscard]] std::string collation_tables_version();

}  // namespace nacre::text
