// $derivative, $integral, $expMovingAvg, $covariancePop and $covarianceSamp.
//
// Decimals stay decimals; all else is calculated with doubles, but for $expMovingAvg, which is
// always calculated with decimals.
#include <algorithm>
#include <cmath>
#include <limits>

#include "aggregation/numbers.h"
#include "aggregation/quantity.h"
#include "aggregation/sum.h"
#include "aggregation/window_internal.h"
#include "base/text.h"
#include "bson/decimal.h"
#include "bson/named_fields.h"

namespace nacre::aggregation {
namespace {

namespace decimal = bson::decimal;

const bson::Value& null_value() {
  static const bson::Value null(bson::Null{});
  return null;
}

bool is_nan(const bson::Element& number) {
  if (number.is(bson::Type::kDecimal128)) return decimal::is_nan(number.decimal128());
  return std::isnan(number.as_double().value_or(0));
}

bool is_finite(const bson::Element& number) {
  if (!number.is(bson::Type::kDecimal128)) return std::isfinite(number.as_double().value_or(0));
  return !decimal::is_nan(number.decimal128()) && !decimal::is_infinite(number.decimal128());
}

Result<std::vector<bson::Value>> values_of(const Operand& operand, const Partition& partition,
                                           Context& context) {
  std::vector<bson::Value> values;
  values.reserve(partition.rows.size());
  for (const bson::Document& row : partition.rows) {
    const ScratchFrame frame(context);
    const bson::Element value = NACRE_TRY(operand.evaluate(row, context));
    values.push_back(value ? bson::Value(value) : null_value());
  }
  return values;
}

// $derivative and $integral: of an input over the sortBy field.
struct CalculusSpec {
  Operand input;
  Window window;
  std::optional<std::int64_t> unit_ms;
};

// The number a row stands at; of a date its milliseconds.
bson::Value position_of(const bson::Element& sort) {
  if (sort.is(bson::Type::kDate)) return bson::Value(sort.date().milliseconds);
  return bson::Value(sort);
}

class Derivative final : public WindowFunction {
 public:
  explicit Derivative(CalculusSpec spec) : spec_(std::move(spec)) {}

  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const std::vector<bson::Value> inputs = NACRE_TRY(values_of(spec_.input, partition, context));
    const std::vector<Frame> frames = NACRE_TRY(frames_of(spec_.window, partition));
    std::vector<bson::Value> results;
    results.reserve(frames.size());
    for (const Frame& frame : frames) {
      if (frame.begin == frame.end) {
        results.push_back(null_value());
      } else {
        results.push_back(NACRE_TRY(slope(partition, inputs, frame)));
      }
    }
    return results;
  }

 private:
  [[nodiscard]] Result<> check_place(const bson::Element& place) const {
    if (spec_.unit_ms) {
      if (place.is(bson::Type::kDate)) return {};
      return window_error("$derivative with 'unit' needs a sortBy field that is a Date", 5624900);
    }
    if (place.is(bson::Type::kDate)) {
      return window_error("$derivative by a sortBy field that is a Date needs a 'unit'", 5624901);
    }
    if (place.is_number()) return {};
    return window_error("$derivative without 'unit' needs a sortBy field that is a number",
                        5624902);
  }

  [[nodiscard]] Result<bson::Value> slope(const Partition& partition,
                                          const std::vector<bson::Value>& inputs,
                                          const Frame& frame) const {
    const std::size_t last = frame.end - 1;
    const bson::Element left = sort_value(partition, frame.begin);
    const bson::Element right = sort_value(partition, last);
    NACRE_TRY(check_place(left));
    NACRE_TRY(check_place(right));
    const bson::Element low = inputs[frame.begin].element();
    const bson::Element high = inputs[last].element();
    if (low.is_null_like() || high.is_null_like()) {
      return window_error("$derivative input must not be null or missing", 5624903);
    }
    if (!low.is_number() || !high.is_number()) {
      return window_error(format("$derivative cannot subtract {} from {}", bson::name(low.type()),
                                 bson::name(high.type())),
                          14);
    }
    const bson::Value run = subtracted(position_of(right).element(), position_of(left).element());
    if (!run.element().truthy()) return null_value();
    const bson::Value rise = subtracted(high, low);
    const bson::Value result = divided(rise.element(), run.element());
    if (!spec_.unit_ms) return result;
    return multiplied(result.element(), bson::Value(*spec_.unit_ms).element());
  }

  CalculusSpec spec_;
};

class Integral final : public WindowFunction {
 public:
  explicit Integral(CalculusSpec spec) : spec_(std::move(spec)) {}

  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const std::vector<bson::Value> inputs = NACRE_TRY(values_of(spec_.input, partition, context));
    const std::vector<Frame> frames = NACRE_TRY(frames_of(spec_.window, partition));
    std::vector<bson::Value> pieces;   // under the line from the row before to this one
    std::vector<std::size_t> nans{0};  // how many there are up to a row
    for (std::size_t row = 0; row < inputs.size(); ++row) {
      NACRE_TRY(check_row(inputs[row].element(), sort_value(partition, row)));
      const bool nan = is_nan(inputs[row].element()) || is_nan(sort_value(partition, row));
      nans.push_back(nans.back() + (nan ? 1 : 0));
      pieces.push_back(row == 0 ? bson::Value(0) : piece(partition, inputs, row));
    }
    std::vector<bson::Value> results;
    results.reserve(frames.size());
    Sum sum;
    Frame held{.begin = 0, .end = 0};
    for (const Frame& frame : frames) {
      if (frame.begin < held.begin || frame.end < held.end || frame.begin >= held.end) {
        sum = Sum();
        held = {.begin = frame.begin, .end = std::min(frame.begin + 1, frame.end)};
      }
      for (; held.end < frame.end; ++held.end) sum.add(pieces[held.end].element());
      for (; held.begin < frame.begin; ++held.begin) sum.remove(pieces[held.begin + 1].element());
      results.push_back(result_of(sum, frame, nans[frame.end] > nans[frame.begin]));
    }
    return results;
  }

 private:
  [[nodiscard]] Result<> check_row(const bson::Element& input, const bson::Element& place) const {
    if (!input.is_number() || (!place.is_number() && !place.is(bson::Type::kDate))) {
      return window_error(
          "$integral takes numbers as its input, over a sortBy field of numbers or dates", 5423900);
    }
    if (spec_.unit_ms && !place.is(bson::Type::kDate)) {
      return window_error("$integral with 'unit' needs a sortBy field that is a Date", 5423901);
    }
    if (!spec_.unit_ms && !place.is_number()) {
      return window_error("$integral without 'unit' needs a sortBy field that is a number",
                          5423902);
    }
    return {};
  }

  [[nodiscard]] static bson::Value piece(const Partition& partition,
                                         const std::vector<bson::Value>& inputs, std::size_t row) {
    const bson::Value left = position_of(sort_value(partition, row - 1));
    const bson::Value right = position_of(sort_value(partition, row));
    const bson::Element before = inputs[row - 1].element();
    const bson::Element here = inputs[row].element();
    if (is_nan(left.element()) || is_nan(right.element()) || is_nan(before) || is_nan(here)) {
      return bson::Value(0);
    }
    const bson::Value width = subtracted(right.element(), left.element());
    const bson::Value heights = added(here, before);
    return divided(multiplied(heights.element(), width.element()).element(),
                   bson::Value(2.0).element());
  }

  [[nodiscard]] bson::Value result_of(const Sum& sum, const Frame& frame, bool has_nan) const {
    if (frame.begin == frame.end) return null_value();
    if (has_nan) return bson::Value(std::numeric_limits<double>::quiet_NaN());
    bson::Builder holder;
    sum.append_to(holder, "");
    const bson::Document held = holder.finish();
    const bson::Element total = *held.view().begin();
    if (!spec_.unit_ms) return bson::Value(total);
    return divided(total, bson::Value(*spec_.unit_ms).element());
  }

  CalculusSpec spec_;
};

class MovingAverage final : public WindowFunction {
 public:
  MovingAverage(Operand input, bson::Decimal128 alpha) : input_(std::move(input)), alpha_(alpha) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const std::vector<bson::Value> inputs = NACRE_TRY(values_of(input_, partition, context));
    const bson::Decimal128 rest = decimal::subtract(decimal::from(std::int64_t{1}), alpha_);
    std::vector<bson::Value> results;
    std::optional<bson::Decimal128> average;
    bool is_decimal = false;
    for (const bson::Value& value : inputs) {
      // What is no number leaves the average as it is.
      if (const bson::Element input = value.element(); input.is_number()) {
        is_decimal = is_decimal || input.is(bson::Type::kDecimal128);
        const bson::Decimal128 number = decimal::from(input);
        average = average ? decimal::add(decimal::multiply(number, alpha_),
                                         decimal::multiply(*average, rest))
                          : number;
      }
      if (!average) {
        results.push_back(null_value());
      } else if (is_decimal) {
        results.emplace_back(*average);
      } else {
        results.emplace_back(decimal::to_double(*average));
      }
    }
    return results;
  }

 private:
  Operand input_;
  bson::Decimal128 alpha_;
};

// A covariance as values come and go (Welford).
class Comoment {
 public:
  void add(const bson::Element& x, const bson::Element& y) {
    if (!is_finite(x) || !is_finite(y)) {
      products_.add(not_finite(x, y).element());
      return;
    }
    const std::optional<bson::Value> before = mean(x_);
    ++count_;
    x_.add(x);
    y_.add(y);
    if (!before) return;
    const bson::Value delta_x = subtracted(x, before->element());
    const bson::Value delta_y = subtracted(y, mean(y_)->element());
    products_.add(multiplied(delta_x.element(), delta_y.element()).element());
  }
  void remove(const bson::Element& x, const bson::Element& y) {
    if (!is_finite(x) || !is_finite(y)) {
      products_.remove(not_finite(x, y).element());
      return;
    }
    if (--count_ == 0) {
      *this = Comoment();
      return;
    }
    // Its mean of y is taken while y is still among them.
    const bson::Value mean_y = mean_of(y_, count_ + 1).value_or(null_value());
    x_.remove(x);
    const bson::Value delta_x = subtracted(x, mean(x_)->element());
    const bson::Value delta_y = subtracted(y, mean_y.element());
    products_.remove(multiplied(delta_x.element(), delta_y.element()).element());
    y_.remove(y);
  }
  [[nodiscard]] bson::Value result(bool sample) const {
    if (count_ == 1 && !sample) return bson::Value(0.0);
    const std::int64_t divisor = sample ? count_ - 1 : count_;
    if (divisor <= 0) return null_value();
    bson::Builder holder;
    products_.append_to(holder, "");
    const bson::Document held = holder.finish();
    return divided(*held.view().begin(), bson::Value(static_cast<double>(divisor)).element());
  }

 private:
  static std::optional<bson::Value> mean_of(const Sum& sum, std::int64_t count) {
    if (count == 0) return std::nullopt;
    bson::Builder holder;
    sum.append_average_to(holder, "", count);
    const bson::Document held = holder.finish();
    return bson::Value(*held.view().begin());
  }
  [[nodiscard]] std::optional<bson::Value> mean(const Sum& sum) const {
    return mean_of(sum, count_);
  }
  // What a pair that is not finite makes of the sum: an infinity, or NaN.
  static bson::Value not_finite(const bson::Element& x, const bson::Element& y) {
    const double a = is_finite(x) ? 0 : x.as_double().value_or(0);
    const double b = is_finite(y) ? 0 : y.as_double().value_or(0);
    const bool is_decimal = x.is(bson::Type::kDecimal128) || y.is(bson::Type::kDecimal128);
    if (is_decimal) return bson::Value(decimal::from(a + b));
    return bson::Value(a + b);
  }

  std::int64_t count_ = 0;
  Sum x_;
  Sum y_;
  Sum products_;
};

class Covariance final : public WindowFunction {
 public:
  Covariance(Operand pair, Window window, bool sample)
      : pair_(std::move(pair)), window_(std::move(window)), sample_(sample) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const std::vector<bson::Value> pairs = NACRE_TRY(values_of(pair_, partition, context));
    const std::vector<Frame> frames = NACRE_TRY(frames_of(window_, partition));
    std::vector<bson::Value> results;
    Comoment state;
    Frame held{.begin = 0, .end = 0};
    for (const Frame& frame : frames) {
      if (frame.begin < held.begin || frame.end < held.end || frame.begin > held.end) {
        state = Comoment();
        held = {.begin = frame.begin, .end = frame.begin};
      }
      for (; held.end < frame.end; ++held.end) {
        if (is_pair(pairs[held.end].element())) {
          state.add(side(pairs[held.end], 0), side(pairs[held.end], 1));
        }
      }
      for (; held.begin < frame.begin; ++held.begin) {
        if (is_pair(pairs[held.begin].element())) {
          state.remove(side(pairs[held.begin], 0), side(pairs[held.begin], 1));
        }
      }
      results.push_back(state.result(sample_));
    }
    return results;
  }

 private:
  // All else says nothing.
  static bool is_pair(const bson::Element& value) {
    return value.is(bson::Type::kArray) && value.array().count() == 2 &&
           value.array().at(0).is_number() && value.array().at(1).is_number();
  }
  static bson::Element side(const bson::Value& pair, std::size_t which) {
    return pair.element().array().at(which);
  }

  Operand pair_;
  Window window_;
  bool sample_;
};

Result<CalculusSpec> parse_calculus(const WindowCall& call, const WindowContext& context) {
  const std::string_view name = call.call.name();
  if (!call.call.is(bson::Type::kDocument)) {
    return window_error(format("{} expects an object", name));
  }
  const bool fits = context.sort != nullptr && context.sort->fields().size() == 1;
  if (!fits) return window_error(format("{} requires a sortBy on one field", name));
  if (name == "$derivative" && !call.window) {
    return window_error("$derivative requires explicit window bounds");
  }
  bson::Element input;
  std::optional<std::int64_t> unit_ms;
  for (const bson::Element& field : call.call.document()) {
    if (field.name() == "input") {
      input = field;
    } else if (field.name() == "unit") {
      const auto unit =
          field.is(bson::Type::kString) ? expression::time_unit(field.string()) : std::nullopt;
      if (!unit) return window_error(format("{}: unknown time unit", name));
      unit_ms = expression::fixed_milliseconds(*unit);
      if (!unit_ms) return window_error("unit must be 'week' or smaller", 5490704);
    } else {
      return window_error(format("{} got unexpected argument: {}", name, field.name()));
    }
  }
  if (!input) return window_error(format("{} requires an 'input' expression", name));
  Operand operand = NACRE_TRY(Operand::parse(input, context.parse));
  return CalculusSpec{
      .input = std::move(operand), .window = call.parsed.value_or(Window{}), .unit_ms = unit_ms};
}

}  // namespace

Result<WindowFunctionPtr> parse_derivative(const WindowCall& call, const WindowContext& context) {
  CalculusSpec spec = NACRE_TRY(parse_calculus(call, context));
  return std::make_unique<Derivative>(std::move(spec));
}

Result<WindowFunctionPtr> parse_integral(const WindowCall& call, const WindowContext& context) {
  CalculusSpec spec = NACRE_TRY(parse_calculus(call, context));
  return std::make_unique<Integral>(std::move(spec));
}

Result<WindowFunctionPtr> parse_moving_average(const WindowCall& call,
                                               const WindowContext& context) {
  if (!call.call.is(bson::Type::kDocument)) {
    return window_error("$expMovingAvg must have exactly one argument that is an object");
  }
  if (call.window) return window_error("$expMovingAvg does not accept a 'window' field");
  if (context.sort == nullptr) return window_error("$expMovingAvg requires an explicit 'sortBy'");
  bson::Element input;
  bson::Element n;
  bson::Element alpha;
  const bson::Element unknown =
      bson::take_fields(call.call.document(), {{"input", &input}, {"N", &n}, {"alpha", &alpha}});
  if (unknown) {
    return window_error(format("Got unrecognized field in $expMovingAvg: {}", unknown.name()));
  }
  if (!input || bool{n} == bool{alpha}) {
    return window_error("$expMovingAvg sub object must have 'input' and one of 'N' and 'alpha'");
  }
  bson::Decimal128 weight;
  if (n) {
    const auto count = whole_number(n);
    if (!count || *count <= 0) return window_error("'N' field must be a positive integer");
    weight = decimal::divide(decimal::from(std::int64_t{2}),
                             decimal::add(decimal::from(*count), decimal::from(std::int64_t{1})));
  } else {
    if (alpha.is_number()) weight = decimal::from(alpha);
    const bool inside = decimal::less(decimal::from(std::int64_t{0}), weight) &&
                        decimal::less(weight, decimal::from(std::int64_t{1}));
    if (!alpha.is_number() || !inside) {
      return window_error("'alpha' must be between 0 and 1 (exclusive)");
    }
  }
  Operand operand = NACRE_TRY(Operand::parse(input, context.parse));
  return std::make_unique<MovingAverage>(std::move(operand), weight);
}

Result<WindowFunctionPtr> parse_covariance(const WindowCall& call, const WindowContext& context) {
  Operand pair = NACRE_TRY(Operand::parse(call.call, context.parse));
  return std::make_unique<Covariance>(std::move(pair), call.parsed.value_or(Window{}),
                                      call.call.name() == "$covarianceSamp");
}

}  // namespace nacre::aggregation
