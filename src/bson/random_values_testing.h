// Random BSON for property tests of any room: every type, and the numbers where mistakes live.
//
// Threads: one thread at a time. Equal seeds give equal values, forever on one compiler.
#pragma once

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "bson/builder.h"

namespace nacre::bson::testing {

// NACRE_SEED from the environment, or `otherwise`: print it when a test fails.
inline std::uint64_t seed_or(std::uint64_t otherwise) {
  const char* text = std::getenv("NACRE_SEED");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t end) { return engine_() % end; }
  bool one_in(std::size_t count) { return below(count) == 0; }

  template <class T, std::size_t kCount>
  const T& pick(const T (&choices)[kCount]) {
    return choices[below(kCount)];
  }

  Document document(int depth = 2) {
    Builder builder;
    for (std::size_t left = below(4); left > 0; --left) append(builder, name(), depth);
    return builder.finish();
  }

  Value value(int depth = 2) {
    Builder builder;
    append(builder, "", depth);
    return Value(*builder.finish().view().begin());
  }

  std::string name() {
    static constexpr const char* kNames[] = {"a", "b", "c", "ab", "", "\x01", "0", "1"};
    return pick(kNames);
  }

  std::string text() {
    static const std::string kTexts[] = {"",  "a", "ab",    std::string("a\0", 2),    "a\x01",
                                         "b", "é", "a\x02", std::string("\0\1\2", 3), "a b c",
                                         "A"};
    std::string text = pick(kTexts);
    if (one_in(4)) text += pick(kTexts);
    return text;
  }

  // Appends one number under `name`.
  void number(Builder& builder, std::string_view name) {
    switch (below(4)) {
      case 0:
        builder.append(name, static_cast<std::int32_t>(whole()));
        break;
      case 1:
        builder.append(name, whole());
        break;
      case 2:
        builder.append(name, real());
        break;
      default:
        builder.append(name, decimal());
    }
  }

  void append(Builder& builder, std::string_view name, int depth) {
    const ObjectId id{{std::byte(below(3)), std::byte(below(3))}};
    const std::string words = text();
    const std::string more = this->name();
    switch (below(depth > 0 ? 24 : 20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return number(builder, name);
      case 5:
      case 6:
        builder.append(name, words);
        break;
      case 7:
        builder.append(name, Symbol{words});
        break;
      case 8:
        builder.append(name, Binary{static_cast<std::uint8_t>(below(2)), as_bytes(words)});
        break;
      case 9:
        builder.append(name, id);
        break;
      case 10:
        builder.append(name, one_in(2));
        break;
      case 11:
        builder.append(name, Date{whole()});
        break;
      case 12:
        builder.append(name, Timestamp{static_cast<std::uint32_t>(whole()),
                                       static_cast<std::uint32_t>(below(3))});
        break;
      case 13:
        builder.append(name, Regex{more, "i"});
        break;
      case 14:
        builder.append(name, DbPointer{words, id});
        break;
      case 15:
        builder.append(name, JavaScript{words});
        break;
      case 16:
        builder.append(name, CodeWithScope{words, document(0)});
        break;
      case 17:
        builder.append(name, Null{});
        break;
      case 18:
        builder.append(name, Undefined{});
        break;
      case 19:
        one_in(2) ? builder.append(name, MinKey{}) : builder.append(name, MaxKey{});
        break;
      case 20:
      case 21:
        builder.append(name, document(depth - 1));
        break;
      default: {
        Builder array = Builder::array();
        for (std::size_t left = below(4); left > 0; --left) {
          array.push(value(depth - 1).element());
        }
        builder.append_array(name, array.finish());
      }
    }
  }

 private:
  std::int64_t whole() {
    static constexpr std::int64_t kEdges[] = {0,
                                              1,
                                              2,
                                              10,
                                              (1LL << 31) - 1,
                                              1LL << 31,
                                              1LL << 53,
                                              (1LL << 62) + 1,
                                              std::numeric_limits<std::int64_t>::max(),
                                              std::numeric_limits<std::int64_t>::min() + 2};
    if (one_in(4)) return static_cast<std::int64_t>(engine_());
    const std::uint64_t wrapped = static_cast<std::uint64_t>(pick(kEdges)) + below(3) - 1;
    const auto value = static_cast<std::int64_t>(wrapped);
    return one_in(2) && value != std::numeric_limits<std::int64_t>::min() ? -value : value;
  }

  double real() {
    static constexpr double kEdges[] = {0.0,
                                        0.1,
                                        0.5,
                                        1.0,
                                        1.5,
                                        10,
                                        0x1p31,
                                        0x1p53,
                                        0x1p62,
                                        0x1p63,
                                        1e22,
                                        1e300,
                                        std::numeric_limits<double>::denorm_min(),
                                        std::numeric_limits<double>::min(),
                                        std::numeric_limits<double>::max(),
                                        std::numeric_limits<double>::infinity(),
                                        std::numeric_limits<double>::quiet_NaN()};
    double value = pick(kEdges);
    if (one_in(4)) value = std::nextafter(value, pick(kEdges));
    if (one_in(6))
      value = std::ldexp(static_cast<double>(engine_()), static_cast<int>(below(200)) - 150);
    return one_in(2) ? -value : value;
  }

  // Mostly spelled from small parts, so that it often equals a double or an integer.
  Decimal128 decimal() {
    static constexpr std::uint64_t kSpecial[] = {0x7800000000000000, 0x7c00000000000000,
                                                 0x6c10000000000000};
    static constexpr int kExponents[] = {0, 0,  0,   -1,   -2,   -3,    1,
                                         2, 22, 300, -320, 6111, -6176, -25};
    static constexpr std::uint64_t kCoefficients[] = {0,
                                                      1,
                                                      5,
                                                      10,
                                                      15,
                                                      100,
                                                      1ULL << 53,
                                                      (1ULL << 53) + 1,
                                                      1ULL << 63,
                                                      (1ULL << 62) + 1,
                                                      100000000000000005};
    const std::uint64_t sign = one_in(2) ? 1ULL << 63 : 0;
    if (one_in(10)) return {.low = 0, .high = sign | pick(kSpecial)};
    const auto exponent = static_cast<std::uint64_t>(pick(kExponents)) + 6176;
    const std::uint64_t top = one_in(5) ? engine_() & ((1ULL << 48) - 1) : 0;
    return {.low = one_in(4) ? engine_() : pick(kCoefficients),
            .high = sign | exponent << 49 | top};
  }

  std::mt19937_64 engine_;
};

}  // namespace nacre::bson::testing
