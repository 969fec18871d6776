// The documents of the benchmark: people of about 400 bytes, the same ones for each number.
//
// Threads: immutable once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace nacre::bench {

// Numbers that look random and are the same each time.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);

 private:
  std::uint64_t state_;
};

class Dataset {
 public:
  static constexpr std::uint64_t kCities = 5000;
  static constexpr std::uint64_t kCountries = 50;

  explicit Dataset(std::int64_t documents) : documents_(documents) {}
  [[nodiscard]] std::int64_t size() const { return documents_; }
  // {"_id": id, "name", "email", "country", "city", "age", "score", "counter": 0, "tags": [3],
  //  "address": {"street", "zip"}, "bio"} as JSON, without spaces.
  [[nodiscard]] static std::string document(std::int64_t id);
  [[nodiscard]] static std::string city(std::uint64_t number);
  [[nodiscard]] static std::string country(std::uint64_t number);
  [[nodiscard]] static std::string word(std::uint64_t number);

 private:
  std::int64_t documents_;
};

}  // namespace nacre::bench
