#include "aggregation/quantity.h"

#include "bson/decimal.h"

namespace nacre::aggregation {
namespace {

namespace decimal = bson::decimal;

bool is_whole(const bson::Element& number) {
  return number.is(bson::Type::kInt32) || number.is(bson::Type::kInt64);
}

std::int64_t whole(const bson::Element& number) {
  return number.is(bson::Type::kInt32) ? number.int32() : number.int64();
}

double real(const bson::Element& number) { return number.as_double().value_or(0); }

bool is_decimal(const bson::Element& a, const bson::Element& b) {
  return a.is(bson::Type::kDecimal128) || b.is(bson::Type::kDecimal128);
}

}  // namespace

bson::Value added(const bson::Element& a, const bson::Element& b) {
  if (is_decimal(a, b)) return bson::Value(decimal::add(decimal::from(a), decimal::from(b)));
  std::int64_t sum = 0;
  const bool fits = is_whole(a) && is_whole(b) && !__builtin_add_overflow(whole(a), whole(b), &sum);
  return fits ? bson::Value(sum) : bson::Value(real(a) + real(b));
}

bson::Value subtracted(const bson::Element& from, const bson::Element& what) {
  if (is_decimal(from, what)) {
    return bson::Value(decimal::subtract(decimal::from(from), decimal::from(what)));
  }
  std::int64_t rest = 0;
  const bool fits =
      is_whole(from) && is_whole(what) && !__builtin_sub_overflow(whole(from), whole(what), &rest);
  return fits ? bson::Value(rest) : bson::Value(real(from) - real(what));
}

bson::Value multiplied(const bson::Element& a, const bson::Element& b) {
  if (is_decimal(a, b)) return bson::Value(decimal::multiply(decimal::from(a), decimal::from(b)));
  std::int64_t product = 0;
  const bool fits =
      is_whole(a) && is_whole(b) && !__builtin_mul_overflow(whole(a), whole(b), &product);
  return fits ? bson::Value(product) : bson::Value(real(a) * real(b));
}

bson::Value divided(const bson::Element& what, const bson::Element& by) {
  if (is_decimal(what, by)) {
    return bson::Value(decimal::divide(decimal::from(what), decimal::from(by)));
  }
  return bson::Value(real(what) / real(by));
}

}  // namespace nacre::aggregation
