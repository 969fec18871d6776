// The rows of the benchmark: the same keys and values for every engine.
//
// A key is 23 bytes, "user" and 19 digits: ascending with its number, its low digits at random, so
//   that neighbours share a prefix as real keys do. Values are random bytes: nothing to compress.
// Threads: immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nacre::bench {

inline constexpr std::size_t kKeyBytes = 23;

// Keys one behind the other in memory, so that fetching the next one costs every engine the same.
class Keys {
 public:
  explicit Keys(std::string bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] std::uint64_t count() const { return bytes_.size() / kKeyBytes; }
  [[nodiscard]] std::string_view operator[](std::uint64_t i) const {
    return std::string_view(bytes_).substr(i * kKeyBytes, kKeyBytes);
  }
  // `count` of these keys in an order made from `seed`; each once before any comes twice.
  [[nodiscard]] Keys shuffled(std::uint64_t seed, std::uint64_t count) const;

 private:
  std::string bytes_;
};

// Ascending.
[[nodiscard]] Keys make_keys(std::uint64_t count);

class Values {
 public:
  explicit Values(std::size_t value_bytes);
  // Valid as long as this object.
  [[nodiscard]] std::string_view at(std::uint64_t i) const;

 private:
  std::size_t value_bytes_;
  std::string pool_;
};

// A fixed, well-spread function of i.
[[nodiscard]] std::uint64_t spread(std::uint64_t i);

}  // namespace nacre::bench
