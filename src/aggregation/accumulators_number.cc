// $sum, $avg, $count, $stdDevPop and $stdDevSamp.
#include <cmath>
#include <limits>

#include "aggregation/accumulator_internal.h"
#include "aggregation/sum.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

class SumState final : public Accumulator {
 public:
  Result<> add(const bson::Element& value) override {
    sum_.add(value);
    return {};
  }
  void remove(const bson::Element& value) override { sum_.remove(value); }
  void append_to(bson::Builder& to, std::string_view name) const override {
    sum_.append_to(to, name);
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    sum_.append_partial(to, name);
  }
  Result<> merge(const bson::Element& partial) override {
    sum_.merge(partial.array());
    return {};
  }

 private:
  Sum sum_;
};

class AverageState final : public Accumulator {
 public:
  Result<> add(const bson::Element& value) override {
    if (sum_.add(value)) ++count_;
    return {};
  }
  void remove(const bson::Element& value) override {
    if (!value.is_number()) return;
    sum_.remove(value);
    --count_;
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    if (count_ == 0) {
      to.append(name, bson::Null{});
    } else {
      sum_.append_average_to(to, name, count_);
    }
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    to.begin_document(name).append("count", count_);
    sum_.append_partial(to, "sum");
    to.end();
  }
  Result<> merge(const bson::Element& partial) override {
    count_ += partial.document().find("count").int64();
    sum_.merge(partial.document().find("sum").array());
    return {};
  }

 private:
  Sum sum_;
  std::int64_t count_ = 0;
};

class CountState final : public Accumulator {
 public:
  Result<> add(const bson::Element&) override {
    ++count_;
    return {};
  }
  void remove(const bson::Element&) override { --count_; }
  void append_to(bson::Builder& to, std::string_view name) const override {
    to.append_number(name, count_);
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    to.append(name, count_);
  }
  Result<> merge(const bson::Element& partial) override {
    count_ += partial.int64();
    return {};
  }

 private:
  std::int64_t count_ = 0;
};

class CountSpec final : public AccumulatorSpec {
 public:
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    return std::make_unique<CountState>();
  }
  [[nodiscard]] Result<bson::Element> input(const bson::View&, Context&) const override {
    return bson::Element();
  }
  [[nodiscard]] bool removes() const override { return true; }
};

// Welford's algorithm: mean and the sum of squared differences from it.
class StdDevState : public Accumulator {
 public:
  explicit StdDevState(bool sample) : sample_(sample) {}
  Result<> add(const bson::Element& value) override {
    const auto number = value.as_double();
    if (!number) return {};
    ++count_;
    if (!std::isfinite(*number)) {
      ++not_finite_;
      return {};
    }
    const double delta = *number - mean_;
    mean_ += delta / static_cast<double>(count_ - not_finite_);
    squares_ += delta * (*number - mean_);
    return {};
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    const std::int64_t divisor = sample_ ? count_ - 1 : count_;
    if (divisor <= 0) {
      to.append(name, bson::Null{});
    } else if (not_finite_ > 0) {
      // As MongoDB has it: there is no deviation from what is not finite.
      to.append(name, bson::Null{});
    } else {
      to.append(name, std::sqrt(squares_ / static_cast<double>(divisor)));
    }
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    to.begin_array(name).push(count_).push(not_finite_).push(mean_).push(squares_).end();
  }
  Result<> merge(const bson::Element& partial) override {
    auto at = partial.array().begin();
    const std::int64_t count = (at++)->int64();
    const std::int64_t not_finite = (at++)->int64();
    const double mean = (at++)->number_double();
    const double squares = (at++)->number_double();
    const auto mine = static_cast<double>(count_ - not_finite_);
    const auto theirs = static_cast<double>(count - not_finite);
    count_ += count;
    not_finite_ += not_finite;
    if (theirs == 0) return {};
    const double delta = mean - mean_;
    mean_ = mine == 0 ? mean : (mean_ * mine + mean * theirs) / (mine + theirs);
    squares_ += squares + delta * delta * (mine * theirs / (mine + theirs));
    return {};
  }

 private:
  bool sample_;
  std::int64_t count_ = 0;
  std::int64_t not_finite_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

class StdDevPopState final : public StdDevState {
 public:
  StdDevPopState() : StdDevState(false) {}
};
class StdDevSampState final : public StdDevState {
 public:
  StdDevSampState() : StdDevState(true) {}
};

template <class State>
Result<AccumulatorSpecPtr> plain(const bson::Element& call, const ParseContext& context,
                                 bool removes) {
  Operand operand = NACRE_TRY(Operand::parse(call, context));
  return std::make_unique<PlainSpec<State>>(std::move(operand),
                                            typename PlainSpec<State>::Traits{.removes = removes});
}

}  // namespace

Result<AccumulatorSpecPtr> parse_sum(const bson::Element& call, const ParseContext& context) {
  return plain<SumState>(call, context, true);
}

Result<AccumulatorSpecPtr> parse_avg(const bson::Element& call, const ParseContext& context) {
  return plain<AverageState>(call, context, true);
}

Result<AccumulatorSpecPtr> parse_std_dev_pop(const bson::Element& call,
                                             const ParseContext& context) {
  return plain<StdDevPopState>(call, context, false);
}

Result<AccumulatorSpecPtr> parse_std_dev_samp(const bson::Element& call,
                                              const ParseContext& context) {
  return plain<StdDevSampState>(call, context, false);
}

Result<AccumulatorSpecPtr> parse_count_rows(const bson::Element& call, const ParseContext&) {
  if (!call.is(bson::Type::kDocument) || !call.document().empty()) {
    return fail(Code::kInvalid, error_codes::kTypeMismatch,
                "$count takes no arguments, i.e. $count:{}");
  }
  return std::make_unique<CountSpec>();
}

}  // namespace nacre::aggregation
