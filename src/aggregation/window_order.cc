// $rank, $denseRank, $documentNumber, $shift, $locf and $linearFill: functions of the order alone.
#include "aggregation/numbers.h"
#include "aggregation/quantity.h"
#include "aggregation/window_internal.h"
#include "base/text.h"
#include "bson/named_fields.h"

namespace nacre::aggregation {
namespace {

enum class Rank : std::uint8_t { kRank, kDense, kNumber };

class RankFunction final : public WindowFunction {
 public:
  explicit RankFunction(Rank rank) : rank_(rank) {}
  Result<std::vector<bson::Value>> run(const Partition& partition, Context&) const override {
    std::vector<bson::Value> results;
    std::int64_t rank = 0;
    for (std::size_t row = 0; row < partition.rows.size(); ++row) {
      const auto number = static_cast<std::int64_t>(row) + 1;
      const bool is_peer = row > 0 && partition.keys[row] == partition.keys[row - 1];
      if (rank_ == Rank::kNumber) {
        rank = number;
      } else if (!is_peer) {
        rank = rank_ == Rank::kDense ? rank + 1 : number;
      }
      bson::Builder holder;
      results.emplace_back(*holder.append_number("", rank).finish().view().begin());
    }
    return results;
  }

 private:
  Rank rank_;
};

bson::Value or_null(const bson::Element& value) {
  return value ? bson::Value(value) : bson::Value(bson::Null{});
}

Result<std::vector<bson::Value>> evaluate_all(const Operand& operand, const Partition& partition,
                                              Context& context) {
  std::vector<bson::Value> values;
  values.reserve(partition.rows.size());
  for (const bson::Document& row : partition.rows) {
    const ScratchFrame frame(context);
    const bson::Element value = NACRE_TRY(operand.evaluate(row, context));
    values.push_back(or_null(value));
  }
  return values;
}

class ShiftFunction final : public WindowFunction {
 public:
  ShiftFunction(Operand output, std::int64_t by, bson::Value otherwise)
      : output_(std::move(output)), by_(by), otherwise_(std::move(otherwise)) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    const std::vector<bson::Value> values = NACRE_TRY(evaluate_all(output_, partition, context));
    std::vector<bson::Value> results;
    const auto count = static_cast<std::int64_t>(values.size());
    for (std::int64_t row = 0; row < count; ++row) {
      const bool is_inside = by_ >= -row && by_ < count - row;
      results.push_back(is_inside ? values[static_cast<std::size_t>(row + by_)] : otherwise_);
    }
    return results;
  }

 private:
  Operand output_;
  std::int64_t by_;
  bson::Value otherwise_;
};

class LocfFunction final : public WindowFunction {
 public:
  explicit LocfFunction(Operand operand) : operand_(std::move(operand)) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    std::vector<bson::Value> values = NACRE_TRY(evaluate_all(operand_, partition, context));
    for (std::size_t row = 1; row < values.size(); ++row) {
      if (values[row].element().is_null_like()) values[row] = values[row - 1];
    }
    return values;
  }

 private:
  Operand operand_;
};

class LinearFillFunction final : public WindowFunction {
 public:
  explicit LinearFillFunction(Operand operand) : operand_(std::move(operand)) {}
  Result<std::vector<bson::Value>> run(const Partition& partition,
                                       Context& context) const override {
    std::vector<bson::Value> values = NACRE_TRY(evaluate_all(operand_, partition, context));
    NACRE_TRY(check(partition, values));
    std::optional<std::size_t> before;
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (values[row].element().is_null_like()) continue;
      if (before && row - *before > 1) fill(partition, values, *before, row);
      before = row;
    }
    return values;
  }

 private:
  static Result<> check(const Partition& partition, const std::vector<bson::Value>& values) {
    for (std::size_t row = 0; row < values.size(); ++row) {
      const bson::Element value = values[row].element();
      if (!value.is_null_like() && !value.is_number()) {
        return window_error(format("Value to be filled must be numeric or nullish, but found type: "
                                   "{}",
                                   bson::name(value.type())),
                            14);
      }
      if (!sort_number(partition, row)) {
        return window_error("$linearFill needs a sortBy of numbers or dates", 14);
      }
      if (row == 0) continue;
      if (partition.keys[row] == partition.keys[row - 1]) {
        return window_error("There can be no repeated values in the sort field", 6050106);
      }
      if (sort_value(partition, row).is(bson::Type::kDate) !=
          sort_value(partition, row - 1).is(bson::Type::kDate)) {
        return window_error("$linearFill needs a sortBy of numbers alone or of dates alone", 14);
      }
    }
    return {};
  }

  static void fill(const Partition& partition, std::vector<bson::Value>& values, std::size_t from,
                   std::size_t to) {
    const bson::Value x1 = place(partition, from);
    const bson::Value run = subtracted(place(partition, to).element(), x1.element());
    const bson::Value y1 = values[from];
    const bson::Value rise = subtracted(values[to].element(), y1.element());
    const bson::Value slope = divided(rise.element(), run.element());
    for (std::size_t row = from + 1; row < to; ++row) {
      const bson::Value way = subtracted(place(partition, row).element(), x1.element());
      values[row] = added(y1.element(), multiplied(way.element(), slope.element()).element());
    }
  }

  // Of a date, its milliseconds.
  static bson::Value place(const Partition& partition, std::size_t row) {
    const bson::Element sort = sort_value(partition, row);
    if (sort.is(bson::Type::kDate)) return bson::Value(sort.date().milliseconds);
    return bson::Value(sort);
  }

  Operand operand_;
};

}  // namespace

Result<WindowFunctionPtr> parse_rank(const WindowCall& call, const WindowContext& context) {
  const std::string_view name = call.call.name();
  if (call.window) {
    return window_error("Rank style window functions take no other arguments", 5371601);
  }
  if (!call.call.is(bson::Type::kDocument) || !call.call.document().empty()) {
    return window_error(format("{} must be specified with '{{}}' as the value", name), 5371603);
  }
  if (context.sort == nullptr || context.sort->fields().size() != 1) {
    return window_error(format("{} must be specified with a top level sortBy expression with "
                               "exactly one element",
                               name),
                        5371602);
  }
  return std::make_unique<RankFunction>(name == "$rank"        ? Rank::kRank
                                        : name == "$denseRank" ? Rank::kDense
                                                               : Rank::kNumber);
}

Result<WindowFunctionPtr> parse_shift(const WindowCall& call, const WindowContext& context) {
  if (call.window) return window_error("$shift does not accept a 'window' field");
  if (context.sort == nullptr) return window_error("'$shift' requires a sortBy");
  if (!call.call.is(bson::Type::kDocument)) {
    return window_error(
        format("Argument to $shift must be an object, but found {}", bson::name(call.call.type())));
  }
  bson::Element output;
  bson::Element by;
  bson::Element otherwise;
  const bson::Element unknown = bson::take_fields(
      call.call.document(), {{"output", &output}, {"by", &by}, {"default", &otherwise}});
  if (unknown) return window_error(format("Unknown argument in $shift: {}", unknown.name()));
  const auto offset = whole_number(by);
  if (!output) return window_error("$shift requires an 'output' expression");
  if (!offset || *offset > INT32_MAX || *offset < INT32_MIN) {
    return window_error("'$shift:by' field must be an integer, of 32 bits");
  }
  Operand operand = NACRE_TRY(Operand::parse(output, context.parse));
  bson::Value value(bson::Null{});
  if (otherwise) {
    const Operand constant = NACRE_TRY(Operand::parse(otherwise, context.parse));
    if (!constant.is_constant()) {
      return window_error("'$shift:default' expression must yield a constant value");
    }
    value = or_null(constant.expression().constant());
  }
  return std::make_unique<ShiftFunction>(std::move(operand), *offset, std::move(value));
}

Result<WindowFunctionPtr> parse_locf(const WindowCall& call, const WindowContext& context) {
  if (call.window) return window_error("$locf does not accept a 'window' field");
  Operand operand = NACRE_TRY(Operand::parse(call.call, context.parse));
  return std::make_unique<LocfFunction>(std::move(operand));
}

Result<WindowFunctionPtr> parse_linear_fill(const WindowCall& call, const WindowContext& context) {
  if (call.window) return window_error("$linearFill does not accept a 'window' field");
  if (context.sort == nullptr || context.sort->fields().size() != 1) {
    return window_error(
        "$linearFill must be specified with a top level sortBy expression with "
        "exactly one element",
        605001);
  }
  Operand operand = NACRE_TRY(Operand::parse(call.call, context.parse));
  return std::make_unique<LinearFillFunction>(std::move(operand));
}

}  // namespace nacre::aggregation
