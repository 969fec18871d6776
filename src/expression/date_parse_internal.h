// What a text said about a moment, before it is one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "expression/node_internal.h"
#include "text/time_zone.h"

namespace nacre::expression {

struct Moment {
  std::optional<std::int64_t> year;
  std::optional<std::int64_t> month;
  std::optional<std::int64_t> day;
  std::optional<std::int64_t> day_of_year;
  std::optional<std::int64_t> iso_year;
  std::optional<std::int64_t> iso_week;
  std::optional<std::int64_t> iso_day;
  std::int64_t hour = 0;
  std::int64_t minute = 0;
  std::int64_t second = 0;
  std::int64_t millisecond = 0;
  std::optional<text::TimeZone> zone;
};

// Reads forward through a text. What does not fit moves nothing.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool done() const { return rest_.empty(); }
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (skip(' ') || skip('\t')) {
    }
  }
  // So many digits as there are, up to digits_max; at least digits_min.
  [[nodiscard]] std::optional<std::int64_t> number(std::size_t digits_min, std::size_t digits_max);
  // Letters, as many as there are.
  [[nodiscard]] std::string_view word();
  void take_back(std::string_view word) {
    rest_ = std::string_view(word.data(), word.size() + rest_.size());
  }
  // 1 to 12, by its English name or the first three letters of it.
  [[nodiscard]] std::optional<std::int64_t> month_name();
  // Digits behind the point of a second, as milliseconds.
  [[nodiscard]] std::optional<std::int64_t> fraction();
  // "Z", "UTC", "+02:00", "EST", "Europe/Berlin".
  [[nodiscard]] std::optional<text::TimeZone> zone();

 private:
  std::string_view rest_;
};

// 241 for a day that does not exist or when something needed is missing.
[[nodiscard]] Result<std::int64_t> moment_in(const Moment& said, std::string_view text,
                                             const text::TimeZone* zone);

[[nodiscard]] std::unexpected<Error> not_a_date(std::string_view text, std::string_view why);

}  // namespace nacre::expression
