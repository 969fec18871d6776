// Series of preferred numbers, for $bucketAuto's granularity.
//
// Threads: constant; pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace nacre::aggregation {

class Granularity {
 public:
  // "R5" to "R80", "1-2-5", "E6" to "E192", "POWERSOF2"; nothing for any other name.
  [[nodiscard]] static std::optional<Granularity> find(std::string_view name);

  // The next number of the series above, or below, a number that is not negative; 0 stays 0.
  [[nodiscard]] double above(double number) const;
  [[nodiscard]] double below(double number) const;

 private:
  explicit Granularity(std::span<const int> series) : series_(series) {}
  std::span<const int> series_;  // of one decade, ascending; empty: powers of two
};

}  // namespace nacre::aggregation
