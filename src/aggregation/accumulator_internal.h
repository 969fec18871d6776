// The families of accumulators, for the table in accumulator.cc.
#pragma once

#include <utility>

#include "aggregation/accumulator.h"

namespace nacre::aggregation {

// One whose input is one expression.
class OperandSpec : public AccumulatorSpec {
 public:
  explicit OperandSpec(Operand operand) : operand_(std::move(operand)) {}
  [[nodiscard]] Result<bson::Element> input(const bson::View& row,
                                            Context& context) const override {
    return operand_.evaluate(row, context);
  }
  [[nodiscard]] const Operand* operand() const override { return &operand_; }

 private:
  Operand operand_;
};

// Whose state needs nothing but itself.
template <class State>
class PlainSpec final : public OperandSpec {
 public:
  struct Traits {
    bool removes = false;
    bool grows = false;
  };
  PlainSpec(Operand operand, Traits traits) : OperandSpec(std::move(operand)), traits_(traits) {}
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    return std::make_unique<State>();
  }
  [[nodiscard]] bool removes() const override { return traits_.removes; }
  [[nodiscard]] bool grows() const override { return traits_.grows; }

 private:
  Traits traits_;
};

using AccumulatorParser = Result<AccumulatorSpecPtr> (*)(const bson::Element& call,
                                                         const ParseContext& context);

// accumulators_number.cc
[[nodiscard]] Result<AccumulatorSpecPtr> parse_sum(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_avg(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_count_rows(const bson::Element&,
                                                          const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_std_dev_pop(const bson::Element&,
                                                           const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_std_dev_samp(const bson::Element&,
                                                            const ParseContext&);
// accumulators_value.cc
[[nodiscard]] Result<AccumulatorSpecPtr> parse_min(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_max(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_first(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_last(const bson::Element&, const ParseContext&);
// accumulators_collect.cc
[[nodiscard]] Result<AccumulatorSpecPtr> parse_push(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_add_to_set(const bson::Element&,
                                                          const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_set_union(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_concat_arrays(const bson::Element&,
                                                             const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_merge_objects(const bson::Element&,
                                                             const ParseContext&);
// accumulators_n.cc
[[nodiscard]] Result<AccumulatorSpecPtr> parse_n(const bson::Element&, const ParseContext&);
[[nodiscard]] Result<AccumulatorSpecPtr> parse_top(const bson::Element&, const ParseContext&);
// accumulators_percentile.cc
[[nodiscard]] Result<AccumulatorSpecPtr> parse_percentile(const bson::Element&,
                                                          const ParseContext&);

// 146 when one state holds more than it may.
[[nodiscard]] Result<> check_accumulator_bytes(std::string_view name, std::size_t bytes);

}  // namespace nacre::aggregation
