#include "documents/dataset.h"

#include <array>

#include "base/text.h"

namespace nacre::bench {

std::uint64_t Dice::below(std::uint64_t bound) {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return (state_ * 0x2545f4914f6cdd1d >> 16) % bound;
}

std::string Dataset::city(std::uint64_t number) { return format("city{:04}", number); }

std::string Dataset::country(std::uint64_t number) {
  return format("{}{}", static_cast<char>('A' + number / 10), static_cast<char>('A' + number % 10));
}

// 2,000 words, the first of them much more often used than the last.
std::string Dataset::word(std::uint64_t number) {
  constexpr std::array<const char*, 20> kFirst = {"ba", "ce", "di", "fo", "gu", "ha",  "je",
                                                  "ki", "lo", "mu", "na", "pe", "qui", "ro",
                                                  "su", "ta", "ve", "wi", "xo", "zu"};
  constexpr std::array<const char*, 10> kSecond = {"lan", "mer", "nis", "por", "rut",
                                                   "sal", "ten", "vir", "dol", "gam"};
  return format("{}{}{}", kFirst[number % 20], kSecond[number / 20 % 10],
                kSecond[number / 200 % 10]);
}

std::string Dataset::document(std::int64_t id) {
  Dice dice(static_cast<std::uint64_t>(id) + 77);
  const std::string first = word(dice.below(2000));
  const std::string last = word(dice.below(2000));
  std::string bio;
  for (int i = 0; i < 16; ++i) {
    const std::uint64_t most = dice.below(2000) + 1;
    bio += (i == 0 ? "" : " ") + word(dice.below(most));
  }
  return format(
      R"({{"_id":{},"name":"{} {}","email":"{}.{}{}@example.com","country":"{}","city":"{}",)"
      R"("age":{},"score":{}.{:02},"counter":0,"tags":["t{}","t{}","t{}"],)"
      R"("address":{{"street":"{} street {}","zip":"{:05}"}},"bio":"{}"}})",
      id, first, last, first, last, id, country(dice.below(kCountries)), city(dice.below(kCities)),
      18 + dice.below(72), dice.below(10000), dice.below(100), dice.below(100), dice.below(100),
      dice.below(100), word(dice.below(2000)), dice.below(200), dice.below(100000), bio);
}

}  // namespace nacre::bench
