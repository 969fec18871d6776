// $derivative, $integral, $expMovingAvg, $covariancePop and $covarianceSamp.
//
// All of these calculate with doubles.
#include <cmath>

#include "aggregation/numbers.h"
#include "aggregation/window_internal.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

const bson::Value& null_value() {
  static const bson::Value null(bson::Null{});
  return null;
}

Result<std::vector<std::optional<double>>> numbers_of(const Operand& operand,
                                                      const Partition& partition,
                                                      Context& context) {
  std::vector<std::optional<double>> numbers;
  numbers.reserve(partition.rows.size());
  for (const bson::Document& row : partition.rows) {
    const ScratchFrame frame(context);
    const bson::Element value = NACRE_TRY(operand.evaluate(row, context));
    numbers.push_back(value.as_double());
  }
  return numbers;
}

// $derivative and $integral: of an input over the sortBy field.
class Calculus : public WindowFunction {
 public:
  struct Spec {
    Operand input;
    Window window;
    std::optional<std::int64_t> unit_ms;
  };
  explicit Calculus(Spec spec) : spec_(std::move(spec)) {}

  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const auto inputs = NACRE_TRY(numbers_of(spec_.input, partition, context));
    const std::vector<Frame> frames = NACRE_TRY(frames_of(spec_.window, partition));
    std::vector<double> at;
    for (std::size_t row = 0; row < inputs.size(); ++row) {
      at.push_back(NACRE_TRY(position(partition, row)));
    }
    std::vector<bson::Value> results;
    results.reserve(frames.size());
    for (const Frame& frame : frames) {
      const auto result = value(frame, inputs, at);
      results.push_back(result ? bson::Value(*result) : null_value());
    }
    return results;
  }

 protected:
  using Inputs = std::vector<std::optional<double>>;
  [[nodiscard]] virtual std::optional<double> value(const Frame& frame, const Inputs& inputs,
                                                    const std::vector<double>& at) const = 0;

 private:
  [[nodiscard]] Result<double> position(const Partition& partition, std::size_t row) const {
    const bson::Element sort = sort_value(partition, row);
    if (spec_.unit_ms) {
      if (!sort.is(bson::Type::kDate)) {
        return window_error("with 'unit' the sortBy field must be a Date", 5624900);
      }
      return static_cast<double>(sort.date().milliseconds) / static_cast<double>(*spec_.unit_ms);
    }
    if (sort.is(bson::Type::kDate)) {
      return window_error("a sortBy field that is a Date needs 'unit'", 5624901);
    }
    const auto number = sort.as_double();
    if (!number) return window_error("the sortBy field must be numeric", 5624902);
    return *number;
  }

  Spec spec_;
};

class Derivative final : public Calculus {
 public:
  using Calculus::Calculus;

 private:
  [[nodiscard]] std::optional<double> value(const Frame& frame, const Inputs& inputs,
                                            const std::vector<double>& at) const override {
    if (frame.end - frame.begin < 2) return std::nullopt;
    const std::size_t last = frame.end - 1;
    const double run = at[last] - at[frame.begin];
    if (run == 0 || !inputs[frame.begin] || !inputs[last]) return std::nullopt;
    return (*inputs[last] - *inputs[frame.begin]) / run;
  }
};

class Integral final : public Calculus {
 public:
  using Calculus::Calculus;

 private:
  [[nodiscard]] std::optional<double> value(const Frame& frame, const Inputs& inputs,
                                            const std::vector<double>& at) const override {
    if (frame.end == frame.begin) return std::nullopt;
    double sum = 0;
    for (std::size_t row = frame.begin + 1; row < frame.end; ++row) {
      if (!inputs[row - 1] || !inputs[row]) continue;
      sum += (*inputs[row - 1] + *inputs[row]) / 2 * (at[row] - at[row - 1]);
    }
    return sum;
  }
};

class MovingAverage final : public WindowFunction {
 public:
  MovingAverage(Operand input, double alpha) : input_(std::move(input)), alpha_(alpha) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const auto inputs = NACRE_TRY(numbers_of(input_, partition, context));
    std::vector<bson::Value> results;
    std::optional<double> average;
    for (const std::optional<double>& input : inputs) {
      if (!input) {
        results.push_back(null_value());
        continue;
      }
      average = average ? *input * alpha_ + *average * (1 - alpha_) : *input;
      results.emplace_back(*average);
    }
    return results;
  }

 private:
  Operand input_;
  double alpha_;
};

class Covariance final : public WindowFunction {
 public:
  Covariance(Operand x, Operand y, Window window, bool sample)
      : x_(std::move(x)), y_(std::move(y)), window_(std::move(window)), sample_(sample) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const auto x = NACRE_TRY(numbers_of(x_, partition, context));
    const auto y = NACRE_TRY(numbers_of(y_, partition, context));
    const std::vector<Frame> frames = NACRE_TRY(frames_of(window_, partition));
    std::vector<bson::Value> results;
    for (const Frame& frame : frames) {
      double mean_x = 0;
      double mean_y = 0;
      double products = 0;
      double count = 0;
      for (std::size_t row = frame.begin; row < frame.end; ++row) {
        if (!x[row] || !y[row]) continue;
        ++count;
        const double delta = *x[row] - mean_x;
        mean_x += delta / count;
        mean_y += (*y[row] - mean_y) / count;
        products += delta * (*y[row] - mean_y);
      }
      const double divisor = sample_ ? count - 1 : count;
      results.push_back(divisor > 0 ? bson::Value(products / divisor) : null_value());
    }
    return results;
  }

 private:
  Operand x_;
  Operand y_;
  Window window_;
  bool sample_;
};

Result<Calculus::Spec> parse_calculus(const WindowCall& call, const WindowContext& context) {
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
  return Calculus::Spec{
      .input = std::move(operand), .window = call.parsed.value_or(Window{}), .unit_ms = unit_ms};
}

}  // namespace

Result<WindowFunctionPtr> parse_derivative(const WindowCall& call, const WindowContext& context) {
  Calculus::Spec spec = NACRE_TRY(parse_calculus(call, context));
  return std::make_unique<Derivative>(std::move(spec));
}

Result<WindowFunctionPtr> parse_integral(const WindowCall& call, const WindowContext& context) {
  Calculus::Spec spec = NACRE_TRY(parse_calculus(call, context));
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
  for (const bson::Element& field : call.call.document()) {
    if (field.name() == "input") {
      input = field;
    } else if (field.name() == "N") {
      n = field;
    } else if (field.name() == "alpha") {
      alpha = field;
    } else {
      return window_error(format("Got unrecognized field in $expMovingAvg: {}", field.name()));
    }
  }
  if (!input || bool{n} == bool{alpha}) {
    return window_error("$expMovingAvg sub object must have 'input' and one of 'N' and 'alpha'");
  }
  double weight = 0;
  if (n) {
    const auto count = whole_number(n);
    if (!count || *count <= 0) return window_error("'N' field must be a positive integer");
    weight = 2.0 / (static_cast<double>(*count) + 1.0);
  } else {
    weight = alpha.as_double().value_or(0);
    if (!(weight > 0 && weight < 1)) {
      return window_error("'alpha' must be between 0 and 1 (exclusive)");
    }
  }
  Operand operand = NACRE_TRY(Operand::parse(input, context.parse));
  return std::make_unique<MovingAverage>(std::move(operand), weight);
}

Result<WindowFunctionPtr> parse_covariance(const WindowCall& call, const WindowContext& context) {
  if (!call.call.is(bson::Type::kArray) || call.call.array().count() != 2) {
    return window_error(format("{} takes an array of two expressions", call.call.name()));
  }
  Operand x = NACRE_TRY(Operand::parse(call.call.array().at(0), context.parse));
  Operand y = NACRE_TRY(Operand::parse(call.call.array().at(1), context.parse));
  return std::make_unique<Covariance>(std::move(x), std::move(y), call.parsed.value_or(Window{}),
                                      call.call.name() == "$covarianceSamp");
}

}  // namespace nacre::aggregation
