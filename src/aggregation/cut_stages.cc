// $limit, $skip, $count and $sample: which rows, or how many.
#include "aggregation/cut_stages.h"

#include <algorithm>
#include <random>
#include <utility>

#include "aggregation/numbers.h"
#include "aggregation/rows_stage.h"
#include "aggregation/sort_stage.h"
#include "aggregation/stages.h"
#include "base/codec.h"
#include "base/text.h"
#include "query/shape.h"

namespace nacre::aggregation {
namespace {

class SkipStage final : public StageSpec {
 public:
  explicit SkipStage(std::int64_t count) : count_(count) {}
  [[nodiscard]] std::string_view name() const override { return "$skip"; }
  Result<OperatorPtr> open(OperatorPtr input, Context&) const override {
    return std::make_unique<query::Skip>(std::move(input), count_);
  }

 private:
  std::int64_t count_;
};

// One row {name: number of rows}, or none when there was none.
class CountRows final : public query::Stage {
 public:
  CountRows(OperatorPtr input, std::string_view name)
      : query::Stage(std::move(input)), name_(name) {}
  Result<std::optional<query::Row>> next() override {
    if (done_) return std::nullopt;
    done_ = true;
    std::int64_t rows = 0;
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) break;
      ++rows;
    }
    if (rows == 0) return std::nullopt;
    ++counters_.returned;
    row_ = bson::Builder().append_number(name_, rows).finish();
    return query::Row{.key = {}, .document = row_.view()};
  }
  [[nodiscard]] std::string_view stage() const override { return "COUNT"; }

 private:
  std::string_view name_;
  bool done_ = false;
  bson::Document row_;
};

class CountStage final : public StageSpec {
 public:
  explicit CountStage(std::string_view field) : field_(field) {}
  [[nodiscard]] std::string_view name() const override { return "$count"; }
  Result<OperatorPtr> open(OperatorPtr input, Context&) const override {
    return std::make_unique<CountRows>(std::move(input), field_);
  }
  [[nodiscard]] bool only_counts() const override { return true; }
  [[nodiscard]] std::optional<std::vector<std::string>> needs() const override {
    return std::vector<std::string>();
  }

 private:
  std::string field_;
};

// Each row gets a random key; the rows with the smallest are a fair choice of that many.
class SampleRows final : public query::Stage {
 public:
  SampleRows(OperatorPtr input, std::uint64_t size, Context& context)
      : query::Stage(std::move(input)),
        sorter_(context, "$sample", size),
        engine_(std::random_device()()) {}
  Result<std::optional<query::Row>> next() override {
    if (!collected_) NACRE_TRY(collect());
    const auto row = NACRE_TRY(sorter_.next());
    if (!row) return std::nullopt;
    ++counters_.returned;
    return query::Row{.key = {}, .document = *row};
  }
  [[nodiscard]] std::string_view stage() const override { return "SAMPLE"; }

 private:
  Result<> collect() {
    std::string key;
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) break;
      key.clear();
      append_be(key, static_cast<std::uint64_t>(engine_()));
      NACRE_TRY(sorter_.add(key, row->document));
    }
    collected_ = true;
    return sorter_.finish();
  }
  Sorter sorter_;
  std::mt19937_64 engine_;
  bool collected_ = false;
};

}  // namespace

Result<OperatorPtr> LimitStage::open(OperatorPtr input, Context&) const {
  return std::make_unique<query::Limit>(std::move(input), count_);
}

Result<StagePtr> parse_limit(const bson::Element& stage, ParseContext&) {
  const auto count = whole_number(stage);
  if (!count || *count < 0) {
    return fail(Code::kInvalid, 5107201,
                format("invalid argument to $limit stage: expected a whole number that is not "
                       "negative in: $limit ({})",
                       bson::name(stage.type())));
  }
  if (*count == 0) return fail(Code::kInvalid, 15958, "the limit must be positive");
  return std::make_unique<LimitStage>(*count);
}

Result<StagePtr> parse_skip(const bson::Element& stage, ParseContext&) {
  const auto count = whole_number(stage);
  if (!count || *count < 0) {
    return fail(Code::kInvalid, 5107200,
                format("invalid argument to $skip stage: expected a whole number that is not "
                       "negative in: $skip ({})",
                       bson::name(stage.type())));
  }
  return std::make_unique<SkipStage>(*count);
}

Result<StagePtr> parse_count(const bson::Element& stage, ParseContext&) {
  if (!stage.is(bson::Type::kString)) {
    return fail(Code::kInvalid, 40156, "the count field must be a non-empty string");
  }
  const std::string_view name = stage.string();
  if (name.empty()) return fail(Code::kInvalid, 40157, "the count field cannot be empty");
  if (name.starts_with('$')) {
    return fail(Code::kInvalid, 40158, "the count field cannot be a $-prefixed path");
  }
  if (name.contains('\0')) {
    return fail(Code::kInvalid, 40159, "the count field cannot contain a null byte");
  }
  if (name.contains('.')) {
    return fail(Code::kInvalid, 40160, "the count field cannot contain '.'");
  }
  if (name == "_id") return fail(Code::kInvalid, 9039800, "the count field cannot be '_id'");
  return std::make_unique<CountStage>(name);
}

Result<StagePtr> parse_sample(const bson::Element& stage, ParseContext&) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 28745, "the $sample stage specification must be an object");
  }
  std::optional<std::int64_t> size;
  for (const bson::Element& field : stage.document()) {
    if (field.name() != "size") {
      return fail(Code::kInvalid, 28748,
                  format("unrecognized option to $sample: {}", field.name()));
    }
    if (!field.is_number()) {
      return fail(Code::kInvalid, 28746, "size argument to $sample must be a number");
    }
    const double asked = field.as_double().value_or(0);
    size = asked >= 9e18 ? std::int64_t{1} << 62 : asked > 0 ? static_cast<std::int64_t>(asked) : 0;
    if (*size <= 0) {
      return fail(Code::kInvalid, 28747, "size argument to $sample must be a positive integer");
    }
  }
  if (!size) return fail(Code::kInvalid, 28749, "$sample stage must specify a size");
  return rows_stage<SampleRows>("$sample", static_cast<std::uint64_t>(*size));
}

}  // namespace nacre::aggregation
