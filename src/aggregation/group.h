// Group: rows with equal _id made one ($group), and the number of rows ($count).
//
// Errors:  parse: kInvalid with MongoDB's number (15947 15948 15955 40234 40238 40156 40158); 15952
//          for an accumulator this version does not carry out (kUnsupported). next: 292 when the
//          groups take more than query::kStageBytesMax; kUnsupported 238 for $avg of decimals.
// Cost:    a hash look-up for each row.
// Threads: one thread at a time.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "expression/expression.h"
#include "query/operator.h"

namespace nacre::aggregation {

enum class AccumulatorKind : std::uint8_t { kSum, kCount, kMin, kMax, kAverage, kFirst, kLast };

struct AccumulatorSpec {
  std::string name;
  AccumulatorKind kind;
  expression::Expression argument;
};

struct GroupSpec {
  expression::Expression id;
  std::vector<AccumulatorSpec> accumulators;

  [[nodiscard]] static Result<GroupSpec> parse(const bson::Element& stage);
  // Nothing of the rows is looked at: their number is enough.
  [[nodiscard]] bool only_counts() const;
};

// A sum as MongoDB promotes it: int32, int64 when that is too small, double when that is, or when a
// double is among the values (compensated, so that small values are not lost); decimal128 when one
// is.
class Sum {
 public:
  // What is no number is passed over; returns whether it was one.
  bool add(const bson::Element& value);
  void append_to(bson::Builder& builder, std::string_view name) const;
  // Of the numbers that are not decimals.
  [[nodiscard]] double as_double() const {
    return double_ + correction_ + static_cast<double>(integer_);
  }

 private:
  void add_double(double value);

  std::int64_t integer_ = 0;
  double double_ = 0;
  double correction_ = 0;
  bool has_int64_ = false;
  bool has_double_ = false;
  bson::Value decimal_;  // sum of the decimals; missing when there was none
};

class Group final : public query::Stage {
 public:
  Group(std::unique_ptr<query::Operator> input, GroupSpec spec)
      : query::Stage(std::move(input)), spec_(std::move(spec)) {}
  Result<std::optional<query::Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "GROUP"; }

 private:
  struct Accumulator {
    Sum sum;
    std::int64_t count = 0;
    bson::Value value;
    bool has_value = false;
  };
  struct Entry {
    bson::Value id;
    std::vector<Accumulator> accumulators;
  };

  [[nodiscard]] Result<> collect();
  [[nodiscard]] Result<Entry*> entry_of(const bson::Value& id);
  [[nodiscard]] Result<> add(const AccumulatorSpec& spec, Accumulator& to, const bson::View& row);
  [[nodiscard]] bson::Document finish(const Entry& entry) const;

  GroupSpec spec_;
  expression::Environment environment_;
  bool collected_ = false;
  std::unordered_map<std::string, std::size_t> places_;  // encoded _id to its place in entries_
  std::deque<Entry> entries_;                            // in order of first sight
  std::size_t bytes_ = 0;
  std::size_t at_ = 0;
  std::string key_;
  bson::Document row_;
};

// One row {name: number of rows}, or none when there was none.
class CountRows final : public query::Stage {
 public:
  CountRows(std::unique_ptr<query::Operator> input, std::string name)
      : query::Stage(std::move(input)), name_(std::move(name)) {}
  Result<std::optional<query::Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "COUNT"; }

 private:
  std::string name_;
  bool done_ = false;
  bson::Document row_;
};

}  // namespace nacre::aggregation
