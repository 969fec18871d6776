// $bitAnd $bitOr $bitXor $bitNot, over int32 and int64.
#include <array>
#include <functional>

#include "base/error_codes.h"
#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

using error_codes::kTypeMismatch;
constexpr std::int32_t kNotNumeric = 28765;

template <class Combine, std::int64_t identity>
Result<bson::Element> combined(const Arguments& arguments, Evaluation& at) {
  std::int64_t result = identity;
  bool narrow = true;
  for (const bson::Element& value : arguments) {
    if (is_nullish(value)) return at.scratch.null();
    if (!is_integer(value)) {
      return invalid(kTypeMismatch, format("{} only supports int and long operands, not {}",
                                           arguments.name(), bson::name(value.type())));
    }
    narrow = narrow && value.is(bson::Type::kInt32);
    result = Combine()(result, integer_of(value));
  }
  return narrow ? at.scratch.integer(result) : at.scratch.int64(result);
}

Result<bson::Element> inverted(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is_number()) return not_numeric(kNotNumeric, arguments.name(), value);
  if (!is_integer(value)) {
    return invalid(kTypeMismatch,
                   format("$bitNot only supports int and long, not {}", bson::name(value.type())));
  }
  return value.is(bson::Type::kInt32) ? at.scratch.int32(~value.int32())
                                      : at.scratch.int64(~value.int64());
}

constexpr std::array kOperators = {
    Operator{.name = "$bitAnd", .arity_max = kAnyNumber, .function = combined<std::bit_and<>, -1>},
    Operator{.name = "$bitNot", .arity_min = 1, .arity_max = 1, .function = inverted},
    Operator{.name = "$bitOr", .arity_max = kAnyNumber, .function = combined<std::bit_or<>, 0>},
    Operator{.name = "$bitXor", .arity_max = kAnyNumber, .function = combined<std::bit_xor<>, 0>},
};

}  // namespace

std::span<const Operator> bit_operators() { return kOperators; }

}  // namespace nacre::expression
