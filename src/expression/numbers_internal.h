// What the operators on numbers share.
#pragma once

#include <cmath>
#include <optional>

#include "base/text.h"
#include "bson/decimal.h"
#include "expression/node_internal.h"

namespace nacre::expression {

[[nodiscard]] inline bool is_integer(const bson::Element& value) {
  return value.is(bson::Type::kInt32) || value.is(bson::Type::kInt64);
}
[[nodiscard]] inline std::int64_t integer_of(const bson::Element& value) {
  return value.is(bson::Type::kInt32) ? value.int32() : value.int64();
}
[[nodiscard]] inline bool is_decimal(const bson::Element& value) {
  return value.is(bson::Type::kDecimal128);
}
// Of any number.
[[nodiscard]] inline double real_of(const bson::Element& value) {
  return value.as_double().value_or(0);
}

[[nodiscard]] inline std::unexpected<Error> not_numeric(std::int32_t number, std::string_view name,
                                                        const bson::Element& value) {
  return invalid(number,
                 format("{} only supports numeric types, not {}", name, bson::name(value.type())));
}

// A sum of doubles with the digits that a plain sum loses, as a second double.
class DoubleDouble {
 public:
  void add(double value);
  // The int64s that are no doubles are added in two parts.
  void add(std::int64_t value);
  [[nodiscard]] double value() const { return sum_ + rest_; }
  [[nodiscard]] bson::Decimal128 decimal() const;
  // Exactly, when it is a whole number of that range.
  [[nodiscard]] std::optional<std::int64_t> integer() const;

 private:
  double sum_ = 0;
  double rest_ = 0;
};

// The sum of any numbers ($sum, $avg), in the widest type among them; int32 and int64 grow as they
// must, up to double.
class Sum {
 public:
  void add(const bson::Element& number);
  [[nodiscard]] bson::Element result(Scratch& scratch) const;
  [[nodiscard]] bool has_decimal() const { return widest_ == Widest::kDecimal; }
  [[nodiscard]] bson::Decimal128 as_decimal() const;
  [[nodiscard]] double as_double() const { return rest_.value(); }

 private:
  enum class Widest : std::uint8_t { kInt32, kInt64, kDouble, kDecimal };
  void widen(Widest to) {
    if (widest_ < to) widest_ = to;
  }

  Widest widest_ = Widest::kInt32;
  DoubleDouble rest_;  // what is no decimal
  bson::Decimal128 decimal_{.low = 0, .high = 0x3040000000000000};
};

}  // namespace nacre::expression
