// Sum: numbers added up as MongoDB promotes them.
//
// int32, int64 when that is too small, double when that is, or when a double is among the values;
//   decimal128 when one is. Whole numbers are summed exactly and doubles with compensation, so that
//   small values beside large ones are not lost and order hardly matters.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::aggregation {

// Wide enough for any number of int64; a GNU type, which both compilers have.
__extension__ typedef __int128 WholeSum;  // NOLINT(modernize-use-using)

class Sum {
 public:
  // What is no number is passed over; returns whether it was one.
  bool add(const bson::Element& value);
  void remove(const bson::Element& value);
  void append_to(bson::Builder& to, std::string_view name) const;
  // The same divided by how many there were, above 0.
  void append_average_to(bson::Builder& to, std::string_view name, std::int64_t count) const;
  [[nodiscard]] double as_double() const;

  void append_partial(bson::Builder& to, std::string_view name) const;
  void merge(const bson::View& partial);

 private:
  void add_double(double value);
  [[nodiscard]] bson::Decimal128 as_decimal() const;

  WholeSum whole_ = 0;
  double double_ = 0;
  double correction_ = 0;
  // How many of each kind: what the sum is follows from those that are there.
  std::int64_t longs_ = 0;
  std::int64_t doubles_ = 0;
  std::int64_t decimals_ = 0;
  std::int64_t nans_ = 0;        // of the doubles, with
  std::int64_t infinities_ = 0;  // those above all numbers, and
  std::int64_t negative_infinities_ = 0;
  bson::Decimal128 decimal_{};  // their sum, when there are some
};

}  // namespace nacre::aggregation
