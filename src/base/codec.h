// Fixed-width integers and varints to and from bytes.
//
// Format:  little-endian unless the name says big-endian; varint = 7 bits a byte, low group first,
//          high bit set on all but the last byte, at most 10 bytes.
// Errors:  fixed-width functions require the bytes to be there; Decoder reports what is missing.
// Threads: pure functions and plain values.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace nacre {

static_assert(std::endian::native == std::endian::little, "Nacre is built for little-endian CPUs");

template <std::unsigned_integral T>
[[nodiscard]] inline T load_le(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <std::unsigned_integral T>
inline void store_le(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const std::byte* from) {
  return std::byteswap(load_le<T>(from));
}

template <std::unsigned_integral T>
inline void store_be(std::byte* to, T value) {
  store_le(to, std::byteswap(value));
}

template <std::unsigned_integral T>
inline void append_le(std::string& to, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

template <std::unsigned_integral T>
inline void append_be(std::string& to, T value) {
  append_le(to, std::byteswap(value));
}

inline void append_varint(std::string& to, std::uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  to.push_back(static_cast<char>(value));
}

inline void append_bytes(std::string& to, Bytes bytes) { to.append(as_text(bytes)); }

// Reads forward through `bytes`. Each read returns nothing, and moves nowhere, when the bytes left
// are too few or, for a varint, do not form one.
class Decoder {
 public:
  explicit Decoder(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] Bytes rest() const { return rest_; }
  [[nodiscard]] bool done() const { return rest_.empty(); }

  template <std::unsigned_integral T>
  [[nodiscard]] std::optional<T> fixed() {
    if (rest_.size() < sizeof(T)) return std::nullopt;
    const T value = load_le<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }

  [[nodiscard]] std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
      const auto byte = static_cast<std::uint64_t>(rest_[i]);
      if (i == 9 && byte > 1) return std::nullopt;
      value |= (byte & 0x7f) << (7 * i);
      if ((byte & 0x80) == 0) {
        rest_ = rest_.subspan(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Bytes> bytes(std::uint64_t count) {
    if (rest_.size() < count) return std::nullopt;
    const Bytes taken = rest_.first(static_cast<std::size_t>(count));
    rest_ = rest_.subspan(static_cast<std::size_t>(count));
    return taken;
  }

 private:
  Bytes rest_;
};

}  // namespace nacre
