#include "aggregation/granularity.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace nacre::aggregation {
namespace {

constexpr std::array<int, 5> kR5 = {10, 16, 25, 40, 63};
constexpr std::array<int, 10> kR10 = {100, 125, 160, 200, 250, 315, 400, 500, 630, 800};
constexpr std::array<int, 20> kR20 = {100, 112, 125, 140, 160, 180, 200, 224, 250, 280,
                                      315, 355, 400, 450, 500, 560, 630, 710, 800, 900};
constexpr std::array<int, 40> kR40 = {100, 106, 112, 118, 125, 132, 140, 150, 160, 170,
                                      180, 190, 200, 212, 224, 236, 250, 265, 280, 300,
                                      315, 335, 355, 375, 400, 425, 450, 475, 500, 530,
                                      560, 600, 630, 670, 710, 750, 800, 850, 900, 950};
constexpr std::array<int, 80> kR80 = {
    100, 103, 106, 109, 112, 115, 118, 122, 125, 128, 132, 136, 140, 145, 150, 155,
    160, 165, 170, 175, 180, 185, 190, 195, 200, 206, 212, 218, 224, 230, 236, 243,
    250, 258, 265, 272, 280, 290, 300, 307, 315, 325, 335, 345, 355, 365, 375, 387,
    400, 412, 425, 437, 450, 462, 475, 487, 500, 515, 530, 545, 560, 580, 600, 615,
    630, 650, 670, 690, 710, 730, 750, 775, 800, 825, 850, 875, 900, 925, 950, 975};
constexpr std::array<int, 3> k125 = {10, 20, 50};
constexpr std::array<int, 6> kE6 = {10, 15, 22, 33, 47, 68};
constexpr std::array<int, 12> kE12 = {10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82};
constexpr std::array<int, 24> kE24 = {10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30,
                                      33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91};

// The finer E series are the rounded steps of a geometric row, but for one number that the
// standard keeps as it once was.
template <std::size_t kCount>
std::array<int, kCount> e_series() {
  std::array<int, kCount> series{};
  for (std::size_t i = 0; i < kCount; ++i) {
    const double exact = 100 * std::pow(10.0, static_cast<double>(i) / static_cast<double>(kCount));
    series[i] = static_cast<int>(std::lround(exact));
    if (series[i] == 919) series[i] = 920;
  }
  return series;
}

}  // namespace

std::optional<Granularity> Granularity::find(std::string_view name) {
  static const std::array<int, 48> e48 = e_series<48>();
  static const std::array<int, 96> e96 = e_series<96>();
  static const std::array<int, 192> e192 = e_series<192>();
  if (name == "R5") return Granularity(kR5);
  if (name == "R10") return Granularity(kR10);
  if (name == "R20") return Granularity(kR20);
  if (name == "R40") return Granularity(kR40);
  if (name == "R80") return Granularity(kR80);
  if (name == "1-2-5") return Granularity(k125);
  if (name == "E6") return Granularity(kE6);
  if (name == "E12") return Granularity(kE12);
  if (name == "E24") return Granularity(kE24);
  if (name == "E48") return Granularity(e48);
  if (name == "E96") return Granularity(e96);
  if (name == "E192") return Granularity(e192);
  if (name == "POWERSOF2") return Granularity({});
  return std::nullopt;
}

double Granularity::above(double number) const {
  if (number == 0 || !std::isfinite(number)) return number;
  if (series_.empty()) return std::exp2(std::floor(std::log2(number)) + 1);
  double scale = 1;
  while (number >= series_.back() * scale) scale *= 10;
  while (number < series_.front() * scale) {
    // The last number of the decade below may be the next one already.
    if (number >= series_.back() * (scale / 10)) return series_.front() * scale;
    scale /= 10;
  }
  const auto next =
      std::ranges::find_if(series_, [number, scale](int each) { return each * scale > number; });
  return *next * scale;
}

double Granularity::below(double number) const {
  if (number == 0 || !std::isfinite(number)) return number;
  if (series_.empty()) return std::exp2(std::ceil(std::log2(number)) - 1);
  double scale = 1;
  while (number <= series_.front() * scale) scale /= 10;
  while (number > series_.front() * scale * 10) scale *= 10;
  double best = series_.front() * scale;
  for (const int each : series_) {
    if (each * scale < number) best = each * scale;
  }
  return best;
}

}  // namespace nacre::aggregation
