// $bucketAuto: so many groups of about equal size, in the order of a value.
#include <cmath>
#include <utility>

#include "aggregation/accumulator.h"
#include "aggregation/granularity.h"
#include "aggregation/numbers.h"
#include "aggregation/operand.h"
#include "aggregation/order.h"
#include "aggregation/rows_stage.h"
#include "aggregation/sort_stage.h"
#include "aggregation/stages.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

struct BucketAutoSpec {
  Operand group_by;
  std::int64_t buckets = 1;
  std::vector<NamedAccumulator> output;
  std::optional<Granularity> granularity;
};

class BucketAutoRows final : public query::Stage {
 public:
  BucketAutoRows(OperatorPtr input, const BucketAutoSpec& spec, Context& context)
      : query::Stage(std::move(input)),
        spec_(spec),
        context_(context),
        sorter_(context, "$bucketAuto", 0) {}

  Result<std::optional<query::Row>> next() override {
    if (!collected_) NACRE_TRY(collect());
    if (!at_) return std::nullopt;
    ++number_;
    row_ = NACRE_TRY(bucket());
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }
  [[nodiscard]] std::string_view stage() const override { return "BUCKET_AUTO"; }

 private:
  // A row and its value, as the sorter holds them: {v: value, d: row}.
  struct Entry {
    bson::Document holder;
    [[nodiscard]] bson::Element value() const { return holder.find("v"); }
    [[nodiscard]] bson::View row() const { return holder.find("d").document(); }
  };

  Result<> collect() {
    collected_ = true;
    std::string key;
    const bson::Value null(bson::Null{});
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) break;
      const ScratchFrame frame(context_);
      const bson::Element found = NACRE_TRY(spec_.group_by.evaluate(row->document, context_));
      const bson::Element value = found ? found : null.element();
      NACRE_TRY(check_granular(value));
      key.clear();
      append_group_key(key, value, context_.collator);
      bson::Builder pair;
      pair.append("v", value).append("d", row->document);
      NACRE_TRY(sorter_.add(key, pair.finish()));
      ++count_;
    }
    NACRE_TRY(sorter_.finish());
    return advance();
  }

  [[nodiscard]] Result<> check_granular(const bson::Element& value) const {
    if (!spec_.granularity) return {};
    const auto number = value.as_double();
    if (!number) {
      return fail(
          Code::kInvalid, 40258,
          format("$bucketAuto can specify a 'granularity' with numeric boundaries only, but "
                 "found a value with type: {}",
                 bson::name(value.type())));
    }
    if (std::isnan(*number)) {
      return fail(Code::kInvalid, 40259,
                  "$bucketAuto can specify a 'granularity' with numeric boundaries only, but found "
                  "a NaN");
    }
    if (*number < 0) {
      return fail(Code::kInvalid, 40260,
                  "$bucketAuto can specify a 'granularity' with non-negative numbers only, but "
                  "found a negative number");
    }
    return {};
  }

  Result<> advance() {
    const auto row = NACRE_TRY(sorter_.next());
    if (!row) {
      at_.reset();
    } else {
      at_ = Entry{.holder = bson::Document(*row)};
    }
    return {};
  }

  using States = std::vector<std::unique_ptr<Accumulator>>;

  Result<> take(States& states, bson::Value& most) {
    const ScratchFrame frame(context_);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const bson::Element input = NACRE_TRY(spec_.output[i].spec->input(at_->row(), context_));
      NACRE_TRY(states[i]->add(input));
    }
    most = bson::Value(at_->value());
    return advance();
  }

  [[nodiscard]] double rounded(const bson::Element& value) const {
    return spec_.granularity->above(value.as_double().value_or(0));
  }

  Result<bson::Document> bucket() {
    const double exact = static_cast<double>(count_) / static_cast<double>(spec_.buckets);
    const auto size = std::max<std::int64_t>(1, std::llround(exact));
    States states;
    const bson::Value no_id(bson::Null{});
    for (const NamedAccumulator& each : spec_.output) {
      states.push_back(each.spec->make());
      NACRE_TRY(states.back()->start(no_id.element(), context_));
    }
    bson::Value least(at_->value());
    if (spec_.granularity) {
      least = previous_most_.type() != bson::Type::kMissing
                  ? previous_most_
                  : bson::Value(spec_.granularity->below(at_->value().as_double().value_or(0)));
    }
    bson::Value most;
    const bool is_last = number_ == spec_.buckets;
    for (std::int64_t i = 0; at_ && (i < size || is_last); ++i) NACRE_TRY(take(states, most));
    NACRE_TRY(finish_bounds(states, most));
    previous_most_ = most;
    bson::Builder builder;
    builder.begin_document("_id").append("min", least.element()).append("max", most.element());
    builder.end();
    for (std::size_t i = 0; i < states.size(); ++i) {
      states[i]->append_to(builder, spec_.output[i].name);
    }
    return builder.finish();
  }

  // Equal values stay together; the upper bound is where the next bucket begins.
  Result<> finish_bounds(States& states, bson::Value& most) {
    if (!spec_.granularity) {
      while (at_ && compare(at_->value(), most.element(), context_.collator) == 0) {
        NACRE_TRY(take(states, most));
      }
      if (at_) most = bson::Value(at_->value());
      return {};
    }
    double bound = rounded(most.element());
    while (at_ && at_->value().as_double().value_or(0) < bound) NACRE_TRY(take(states, most));
    if (bound == 0 && at_) {
      while (at_ && at_->value().as_double().value_or(0) == 0) NACRE_TRY(take(states, most));
      if (at_) bound = spec_.granularity->below(at_->value().as_double().value_or(0));
    }
    most = bson::Value(bound);
    return {};
  }

  const BucketAutoSpec& spec_;
  Context& context_;
  Sorter sorter_;
  bool collected_ = false;
  std::int64_t count_ = 0;
  std::int64_t number_ = 0;  // of the bucket, from 1
  std::optional<Entry> at_;
  bson::Value previous_most_;
  bson::Document row_;
};

Result<std::int64_t> parse_buckets(const bson::Element& field) {
  if (!field.is_number()) {
    return fail(
        Code::kInvalid, 40241,
        format("The $bucketAuto 'buckets' field must be a numeric value, but found type: {}",
               bson::name(field.type())));
  }
  const auto count = whole_number(field);
  if (!count || *count > INT32_MAX || *count < INT32_MIN) {
    return fail(Code::kInvalid, 40242,
                "The $bucketAuto 'buckets' field must be representable as a 32-bit integer");
  }
  if (*count <= 0) {
    return fail(
        Code::kInvalid, 40243,
        format("The $bucketAuto 'buckets' field must be greater than 0, but found: {}", *count));
  }
  return *count;
}

Result<std::optional<Granularity>> parse_granularity(const bson::Element& field) {
  if (!field.is(bson::Type::kString)) {
    return fail(Code::kInvalid, 40261,
                format("The $bucketAuto 'granularity' field must be a string, but found type: {}",
                       bson::name(field.type())));
  }
  const auto found = Granularity::find(field.string());
  if (!found) {
    return fail(Code::kInvalid, 40257, format("Unknown rounding granularity '{}'", field.string()));
  }
  return found;
}

Result<std::vector<NamedAccumulator>> parse_output(const bson::Element& output,
                                                   const ParseContext& context) {
  std::vector<NamedAccumulator> accumulators;
  if (!output) {
    const bson::Document count =
        bson::Builder().begin_document("count").append("$sum", 1).end().finish();
    accumulators.push_back(NACRE_TRY(parse_accumulator_field(*count.view().begin(), context)));
    return accumulators;
  }
  if (!output.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 40244,
                format("The $bucketAuto 'output' field must be an object, but found type: {}",
                       bson::name(output.type())));
  }
  for (const bson::Element& field : output.document()) {
    accumulators.push_back(NACRE_TRY(parse_accumulator_field(field, context)));
  }
  return accumulators;
}

}  // namespace

Result<StagePtr> parse_bucket_auto(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 40240,
                format("The argument to $bucketAuto must be an object, but found type: {}",
                       bson::name(stage.type())));
  }
  bson::Element group_by;
  bson::Element output;
  std::optional<std::int64_t> buckets;
  std::optional<Granularity> granularity;
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name == "groupBy") {
      const bool is_path = field.is(bson::Type::kString) && field.string().starts_with('$');
      if (!is_path && !field.is(bson::Type::kDocument)) {
        return fail(Code::kInvalid, 40239,
                    "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an "
                    "expression object");
      }
      group_by = field;
    } else if (name == "buckets") {
      buckets = NACRE_TRY(parse_buckets(field));
    } else if (name == "output") {
      output = field;
    } else if (name == "granularity") {
      granularity = NACRE_TRY(parse_granularity(field));
    } else {
      return fail(Code::kInvalid, 40245, format("Unrecognized option to $bucketAuto: {}", name));
    }
  }
  if (!group_by || !buckets) {
    return fail(Code::kInvalid, 40246,
                "$bucketAuto requires 'groupBy' and 'buckets' to be specified");
  }
  Operand by = NACRE_TRY(Operand::parse(group_by, context));
  auto accumulators = NACRE_TRY(parse_output(output, context));
  return rows_stage<BucketAutoRows>("$bucketAuto", BucketAutoSpec{.group_by = std::move(by),
                                                                  .buckets = *buckets,
                                                                  .output = std::move(accumulators),
                                                                  .granularity = granularity});
}

}  // namespace nacre::aggregation
