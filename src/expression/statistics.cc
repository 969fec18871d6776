// $avg $max $median $min $percentile $stdDevPop $stdDevSamp $sum as expressions: over their
// arguments or, when there is only one and it is an array, over its elements.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "bson/compare.h"
#include "bson/named_fields.h"
#include "expression/call_internal.h"
#include "expression/numbers_internal.h"

namespace nacre::expression {
namespace {

std::vector<bson::Element> values_of(const Arguments& arguments) {
  std::vector<bson::Element> values;
  if (arguments.size() == 1 && arguments[0].is(bson::Type::kArray)) {
    for (const bson::Element& item : arguments[0].array()) values.push_back(item);
  } else {
    values.assign(arguments.begin(), arguments.end());
  }
  return values;
}

Result<bson::Element> sum(const Arguments& arguments, Evaluation& at) {
  Sum total;
  for (const bson::Element& value : values_of(arguments)) {
    if (value.is_number()) total.add(value);
  }
  return total.result(at.scratch);
}

Result<bson::Element> average(const Arguments& arguments, Evaluation& at) {
  Sum total;
  std::int64_t count = 0;
  for (const bson::Element& value : values_of(arguments)) {
    if (!value.is_number()) continue;
    total.add(value);
    ++count;
  }
  if (count == 0) return at.scratch.null();
  if (total.has_decimal()) {
    return at.scratch.decimal(
        bson::decimal::divide(total.as_decimal(), bson::decimal::from(count)));
  }
  return at.scratch.real(total.as_double() / static_cast<double>(count));
}

template <bool most>
Result<bson::Element> extreme(const Arguments& arguments, Evaluation& at) {
  bson::Element best;
  for (const bson::Element& value : values_of(arguments)) {
    if (is_nullish(value)) continue;
    if (best) {
      const auto order = bson::compare(value, best, at.environment.collator());
      if (most ? order <= 0 : order >= 0) continue;
    }
    best = value;
  }
  return best ? best : at.scratch.null();
}

// Welford's way: no sum of squares that would drown a small spread.
template <bool sample>
Result<bson::Element> deviation(const Arguments& arguments, Evaluation& at) {
  double mean = 0;
  double squares = 0;
  std::int64_t count = 0;
  for (const bson::Element& value : values_of(arguments)) {
    if (!value.is_number()) continue;
    ++count;
    const double delta = real_of(value) - mean;
    mean += delta / static_cast<double>(count);
    squares += delta * (real_of(value) - mean);
  }
  const std::int64_t divisor = sample ? count - 1 : count;
  if (divisor <= 0) return at.scratch.null();
  return at.scratch.real(std::sqrt(squares / static_cast<double>(divisor)));
}

// input, and what share of it lies below the answers.
class Quantiles final : public Node {
 public:
  Quantiles(std::vector<double> shares, bool single, std::vector<NodePtr> parts)
      : Node(std::move(parts)), shares_(std::move(shares)), single_(single) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element input = NACRE_TRY(part(0).evaluate(at));
    std::vector<double> numbers;
    if (input.is(bson::Type::kArray)) {
      for (const bson::Element& item : input.array()) {
        if (item.is_number()) numbers.push_back(real_of(item));
      }
    } else if (input.is_number()) {
      numbers.push_back(real_of(input));
    }
    // NaN sorts first, as everywhere.
    std::ranges::sort(numbers, [](double a, double b) {
      if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
      return a < b;
    });
    if (single_) return numbers.empty() ? at.scratch.null() : at.scratch.real(at_share(numbers, 0));
    ArrayResult result;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      if (numbers.empty()) {
        result.builder().push(bson::Null{});
      } else {
        result.builder().push(at_share(numbers, i));
      }
    }
    return result.finish(at);
  }

 private:
  [[nodiscard]] double at_share(std::span<const double> numbers, std::size_t i) const {
    const double rank = std::ceil(shares_[i] * static_cast<double>(numbers.size())) - 1;
    return numbers[static_cast<std::size_t>(std::max(0.0, rank))];
  }

  std::vector<double> shares_;
  bool single_;
};

struct QuantileFields {
  bson::Element input;
  bson::Element p;
  bson::Element method;
};

Result<QuantileFields> quantile_fields(const Operator& row, const bson::Element& argument,
                                       bool with_p) {
  if (!argument.is(bson::Type::kDocument)) {
    return invalid(with_p ? 7429703 : 7436201, format("specification must be an object; found {}",
                                                      bson::name(argument.type())));
  }
  QuantileFields fields;
  bson::Element unknown =
      bson::take_fields(argument.document(),
                        {{"input", &fields.input}, {"method", &fields.method}, {"p", &fields.p}});
  if (fields.p && !with_p) unknown = fields.p;
  if (unknown) {
    return invalid(40415,
                   format("BSON field '{}.{}' is an unknown field.", row.name, unknown.name()));
  }
  if (!fields.input || !fields.method || (with_p && !fields.p)) {
    return invalid(40414, format("BSON field '{}.{}' is missing but a required field", row.name,
                                 !fields.input    ? "input"
                                 : !fields.method ? "method"
                                                  : "p"));
  }
  if (!fields.method.is(bson::Type::kString)) {
    return invalid(14, format("BSON field '{}.method' is the wrong type '{}', expected type "
                              "'string'",
                              row.name, bson::name(fields.method.type())));
  }
  if (fields.method.string() != "approximate") {
    return invalid(2, "Currently only 'approximate' can be used as percentile 'method'.");
  }
  return fields;
}

Result<std::vector<double>> shares_of(const Node& p) {
  const bson::Element* value = p.constant();
  if (value == nullptr) {
    return invalid(7750300, "The $percentile 'p' field must be an array of constant values");
  }
  if (!value->is(bson::Type::kArray) || value->array().empty()) {
    return invalid(7750301, format("The $percentile 'p' field must be an array of numbers from "
                                   "[0.0, 1.0], but found: {}",
                                   bson::name(value->type())));
  }
  std::vector<double> shares;
  for (const bson::Element& item : value->array()) {
    if (!item.is_number()) {
      return invalid(7750302, format("The $percentile 'p' field must be an array of numbers from "
                                     "[0.0, 1.0], but found: {}",
                                     bson::name(item.type())));
    }
    const double share = real_of(item);
    if (!(share >= 0 && share <= 1)) {
      return invalid(7750303, format("The $percentile 'p' field must be an array of numbers from "
                                     "[0.0, 1.0], but found: {}",
                                     share));
    }
    shares.push_back(share);
  }
  return shares;
}

template <bool with_p>
Result<NodePtr> parse_quantiles(const Operator& row, const bson::Element& argument,
                                Parser& parser) {
  const QuantileFields fields = NACRE_TRY(quantile_fields(row, argument, with_p));
  std::vector<double> shares = {0.5};
  if (with_p) {
    const NodePtr p = NACRE_TRY(parser.parse(fields.p));
    shares = NACRE_TRY(shares_of(*p));
  }
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(fields.input)));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Quantiles>(std::move(shares), !with_p, std::move(parts)),
                       constant);
}

constexpr std::array kOperators = {
    Operator{.name = "$avg", .arity_max = kAnyNumber, .function = average},
    Operator{.name = "$max", .arity_max = kAnyNumber, .function = extreme<true>},
    Operator{.name = "$median", .parse = parse_quantiles<false>, .remark = "exact"},
    Operator{.name = "$min", .arity_max = kAnyNumber, .function = extreme<false>},
    Operator{.name = "$percentile", .parse = parse_quantiles<true>, .remark = "exact"},
    Operator{.name = "$stdDevPop", .arity_max = kAnyNumber, .function = deviation<false>},
    Operator{.name = "$stdDevSamp", .arity_max = kAnyNumber, .function = deviation<true>},
    Operator{.name = "$sum", .arity_max = kAnyNumber, .function = sum},
};

}  // namespace

std::span<const Operator> statistics_operators() { return kOperators; }

}  // namespace nacre::expression
