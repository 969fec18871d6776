// $densify: rows for the values of a field that are missing in a row of them.
//
// Rows of a partition are ordered by the field; between two of them, and out to the bounds, a row
// {partition fields, field} is put in for each step. Rows without the field pass unchanged, first.
#include <cmath>
#include <utility>

#include "aggregation/numbers.h"
#include "aggregation/order.h"
#include "aggregation/path_edit.h"
#include "aggregation/rows_stage.h"
#include "aggregation/sort_stage.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "expression/time_unit.h"

namespace nacre::aggregation {
namespace {

constexpr std::int64_t kMadeMax = 500'000;

enum class Bounds : std::uint8_t { kFull, kPartition, kExplicit };

struct DensifySpec {
  std::vector<std::string> field;
  std::vector<std::vector<std::string>> partition_by;
  Bounds bounds = Bounds::kFull;
  bson::Value lower;  // kExplicit
  bson::Value upper;
  bson::Value step;
  std::optional<expression::TimeUnit> unit;
};

// Numbers, or dates when there is a unit.
std::weak_ordering order(const bson::Value& a, const bson::Value& b) {
  return bson::compare(a.element(), b.element());
}

class Steps {
 public:
  explicit Steps(const DensifySpec& spec) : spec_(spec) {}
  // `base` and so many steps, counted from the base so that errors do not add up.
  [[nodiscard]] bson::Value at(const bson::Value& base, std::int64_t count) const {
    const bson::Element start = base.element();
    if (spec_.unit) {
      const std::int64_t step = spec_.step.element().as_int64().value_or(1);
      return bson::Value(bson::Date{.milliseconds = expression::add_units(
                                        start.date().milliseconds, count * step, *spec_.unit)});
    }
    const auto whole = start.as_int64();
    const auto step = spec_.step.element().as_int64();
    const bool both_whole = whole && step && !start.is(bson::Type::kDouble) &&
                            !spec_.step.element().is(bson::Type::kDouble);
    if (both_whole) {
      bson::Builder holder;
      const std::int64_t value = *whole + count * *step;
      if (start.is(bson::Type::kInt64)) {
        holder.append("", value);
      } else {
        holder.append_number("", value);
      }
      return bson::Value(*holder.finish().view().begin());
    }
    return bson::Value(start.as_double().value_or(0) +
                       static_cast<double>(count) * spec_.step.element().as_double().value_or(1));
  }

 private:
  const DensifySpec& spec_;
};

class DensifyRows final : public query::Stage {
 public:
  DensifyRows(OperatorPtr input, const DensifySpec& spec, Context& context)
      : query::Stage(std::move(input)),
        spec_(spec),
        steps_(spec),
        sorter_(context, "$densify", 0) {}

  Result<std::optional<query::Row>> next() override {
    if (!collected_) NACRE_TRY(collect());
    while (true) {
      if (filling_) {
        const bson::Value value = steps_.at(base_, step_);
        const bool is_before_end =
            end_inclusive_ ? order(value, end_) <= 0 : order(value, end_) < 0;
        if (is_before_end) {
          ++step_;
          return NACRE_TRY(made(value));
        }
        filling_ = false;
      }
      auto row = NACRE_TRY(step());
      if (row || (!filling_ && over_)) return row;
    }
  }
  [[nodiscard]] std::string_view stage() const override { return "DENSIFY"; }

 private:
  // The sorter's rows are {p: key of the partition, d: row}; those without the field have no p.
  Result<> collect() {
    collected_ = true;
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) break;
      const bson::Element value = find_path(row->document, spec_.field);
      std::string partition;
      bson::Builder holder;
      if (!value || value.is_null_like()) {
        holder.append("d", row->document);
        NACRE_TRY(sorter_.add("", holder.finish()));
        continue;
      }
      NACRE_TRY(check_type(value));
      for (const auto& path : spec_.partition_by) {
        append_group_key(partition, find_path(row->document, path), nullptr);
      }
      note_extremes(value);
      // In front of all keys but those of rows that pass unchanged.
      std::string key = "\x01" + partition;
      append_group_key(key, value, nullptr);
      holder.append("p", bson::Binary{.subtype = 0, .bytes = as_bytes(partition)});
      holder.append("d", row->document);
      NACRE_TRY(sorter_.add(key, holder.finish()));
    }
    NACRE_TRY(sorter_.finish());
    return advance();
  }

  [[nodiscard]] Result<> check_type(const bson::Element& value) const {
    if (spec_.unit && !value.is(bson::Type::kDate)) {
      return fail(Code::kInvalid, 6053600,
                  "$densify: with a unit, the values of the field must be dates");
    }
    if (!spec_.unit && !value.is_number()) {
      return fail(Code::kInvalid, value.is(bson::Type::kDate) ? 6053600 : 5733201,
                  "$densify: the values of the field must be numbers");
    }
    return {};
  }

  void note_extremes(const bson::Element& value) {
    const bson::Value kept(value);
    if (least_.type() == bson::Type::kMissing || order(kept, least_) < 0) least_ = kept;
    if (most_.type() == bson::Type::kMissing || order(kept, most_) > 0) most_ = kept;
  }

  Result<> advance() {
    ahead_ = NACRE_TRY(sorter_.next_copy());
    return {};
  }

  // Looks at the next row: gives it, or begins to fill the gap in front of it or behind the
  // partition. Nothing and over_: the end.
  Result<std::optional<query::Row>> step() {
    const bson::Element partition = ahead_ ? ahead_->find("p") : bson::Element();
    const bool unchanged = ahead_ && !partition;
    if (unchanged) return give();
    const std::string key =
        partition ? std::string(as_text(partition.binary().bytes)) : std::string();
    if (in_partition_ && (!ahead_ || key != partition_)) {
      in_partition_ = false;
      begin_tail();
      return std::nullopt;
    }
    if (!ahead_) {
      if (!any_partition_ && spec_.bounds == Bounds::kExplicit && !empty_filled_) {
        empty_filled_ = true;
        if (spec_.partition_by.empty()) {
          fill(spec_.lower, 0, spec_.upper, false);
          return std::nullopt;
        }
      }
      over_ = true;
      return std::nullopt;
    }
    const bson::Value value(find_path(ahead_->find("d").document(), spec_.field));
    if (!in_partition_) {
      in_partition_ = true;
      any_partition_ = true;
      partition_ = key;
      sample_ = bson::Document(ahead_->find("d").document());
      base_ = spec_.bounds == Bounds::kFull        ? least_
              : spec_.bounds == Bounds::kPartition ? value
                                                   : spec_.lower;
      step_ = 0;
    }
    const bool outside = spec_.bounds == Bounds::kExplicit &&
                         (order(value, spec_.lower) < 0 || order(value, spec_.upper) >= 0);
    if (outside && order(value, spec_.upper) >= 0 && !tail_done_) {
      tail_done_ = true;
      fill(base_, step_, spec_.upper, false);
      return std::nullopt;
    }
    if (!outside) {
      const bson::Value next = steps_.at(base_, step_);
      if (order(next, value) < 0) {
        fill(base_, step_, value, false);
        return std::nullopt;
      }
      // On the grid: the row itself is this step.
      if (order(next, value) == 0) ++step_;
    }
    return give();
  }

  void begin_tail() {
    if (spec_.bounds == Bounds::kFull) fill(base_, step_, most_, true);
    if (spec_.bounds == Bounds::kExplicit && !tail_done_) fill(base_, step_, spec_.upper, false);
    tail_done_ = false;
  }

  void fill(const bson::Value& base, std::int64_t step, const bson::Value& end, bool inclusive) {
    base_ = base;
    step_ = step;
    end_ = end;
    end_inclusive_ = inclusive;
    filling_ = true;
  }

  Result<std::optional<query::Row>> give() {
    row_ = bson::Document(ahead_->find("d").document());
    NACRE_TRY(advance());
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }

  Result<query::Row> made(const bson::Value& value) {
    if (++made_count_ > kMadeMax) {
      return fail(Code::kInvalid, 5897900,
                  format("Generated {} documents in $densify, which is over the limit of {}",
                         made_count_, kMadeMax));
    }
    bson::Document row;
    for (const auto& path : spec_.partition_by) {
      const bson::Element part = find_path(sample_, path);
      if (!part) continue;
      bson::Builder builder;
      set_path(builder, row, path, part);
      row = builder.finish();
    }
    bson::Builder builder;
    set_path(builder, row, spec_.field, value.element());
    row_ = builder.finish();
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }

  const DensifySpec& spec_;
  Steps steps_;
  Sorter sorter_;
  bool collected_ = false;
  std::optional<bson::Document> ahead_;
  bson::Value least_;  // of all partitions
  bson::Value most_;
  bool in_partition_ = false;
  bool any_partition_ = false;
  bool empty_filled_ = false;
  bool over_ = false;
  bool tail_done_ = false;  // of explicit bounds, while rows behind them follow
  std::string partition_;
  bson::Document sample_;  // a row of the partition
  bson::Value base_;       // where its steps are counted from
  std::int64_t step_ = 0;  // the next one
  bool filling_ = false;
  bson::Value end_;
  bool end_inclusive_ = false;
  std::int64_t made_count_ = 0;
  bson::Document row_;
};

Result<> parse_bounds(const bson::Element& bounds, DensifySpec& spec) {
  if (bounds.is(bson::Type::kString)) {
    if (bounds.string() == "full") return {};
    if (bounds.string() != "partition") {
      return fail(Code::kInvalid, 5946802, "Bounds string must either be 'full' or 'partition'");
    }
    spec.bounds = Bounds::kPartition;
    return {};
  }
  if (!bounds.is(bson::Type::kArray) || bounds.array().count() != 2) {
    return fail(Code::kInvalid, 5733403,
                "a bounding array in a range statement must have exactly two elements");
  }
  spec.bounds = Bounds::kExplicit;
  spec.lower = bson::Value(bounds.array().at(0));
  spec.upper = bson::Value(bounds.array().at(1));
  const auto fits = [&spec](const bson::Value& bound) {
    return spec.unit ? bound.type() == bson::Type::kDate : bound.element().is_number();
  };
  if (!fits(spec.lower) || !fits(spec.upper)) {
    return fail(Code::kInvalid, 5733402,
                "a bounding array must contain either both dates (with a unit) or both numeric "
                "types");
  }
  if (order(spec.lower, spec.upper) > 0) {
    return fail(Code::kInvalid, 5733401,
                "the first bound of a range must not be greater than the second");
  }
  return {};
}

Result<> parse_range(const bson::Element& range, DensifySpec& spec) {
  bson::Element step;
  bson::Element bounds;
  for (const bson::Element& field : range.document()) {
    if (field.name() == "step") {
      step = field;
    } else if (field.name() == "bounds") {
      bounds = field;
    } else if (field.name() == "unit") {
      if (!field.is(bson::Type::kString)) return wrong_type("$densify.range", field, "string");
      spec.unit = expression::time_unit(field.string());
      if (!spec.unit) {
        return fail(Code::kInvalid, error_codes::kFailedToParse,
                    format("unknown time unit value: {}", field.string()));
      }
    } else {
      return unknown_field("$densify.range", field);
    }
  }
  if (!step) return missing_field("$densify.range", "step");
  if (!bounds) return missing_field("$densify.range", "bounds");
  if (!step.is_number()) return wrong_type("$densify.range", step, "number");
  if (!(step.as_double().value_or(0) > 0)) {
    return fail(Code::kInvalid, 5733401,
                "the step parameter in a range statement must be positive");
  }
  if (spec.unit && !whole_number(step)) {
    return fail(Code::kInvalid, 6586400,
                "the step parameter in a range statement must be a whole number when densifying a "
                "date range");
  }
  spec.step = bson::Value(step);
  return parse_bounds(bounds, spec);
}

}  // namespace

Result<StagePtr> parse_densify(const bson::Element& stage, ParseContext&) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 5733400,
                format("The $densify stage specification must be an object, found {}",
                       bson::name(stage.type())));
  }
  DensifySpec spec;
  bson::Element range;
  for (const bson::Element& field : stage.document()) {
    if (field.name() == "field") {
      if (!field.is(bson::Type::kString)) return wrong_type("$densify", field, "string");
      if (field.string().starts_with('$')) {
        return fail(Code::kInvalid, 16410, "Cannot densify field starting with '$'");
      }
      NACRE_TRY(check_field_path(field.string()));
      spec.field = split_path(field.string());
    } else if (field.name() == "partitionByFields") {
      if (!field.is(bson::Type::kArray)) return wrong_type("$densify", field, "array");
      for (const bson::Element& each : field.array()) {
        if (!each.is(bson::Type::kString)) return wrong_type("$densify", field, "array of strings");
        NACRE_TRY(check_field_path(each.string()));
        spec.partition_by.push_back(split_path(each.string()));
      }
    } else if (field.name() == "range") {
      if (!field.is(bson::Type::kDocument)) return wrong_type("$densify", field, "object");
      range = field;
    } else {
      return unknown_field("$densify", field);
    }
  }
  if (spec.field.empty()) return missing_field("$densify", "field");
  if (!range) return missing_field("$densify", "range");
  NACRE_TRY(parse_range(range, spec));
  if (spec.bounds == Bounds::kPartition && spec.partition_by.empty()) {
    return fail(Code::kInvalid, 5733408,
                "one may not specify the bounds as 'partition' without specifying a non-empty "
                "array of partitionByFields. You may have meant to specify 'full' bounds.");
  }
  return rows_stage<DensifyRows>("$densify", std::move(spec));
}

}  // namespace nacre::aggregation
