// $min, $max, $first and $last: one of the values.
#include "aggregation/accumulator_internal.h"
#include "aggregation/order.h"

namespace nacre::aggregation {
namespace {

// A value, kept in memory that is used again.
class Kept {
 public:
  void set(const bson::Element& value) {
    bytes_.clear();
    if (!value) return;
    bytes_.push_back(static_cast<char>(value.type()));
    bytes_.push_back('\0');
    bytes_.append(as_text(value.value_bytes()));
  }
  // Named "".
  [[nodiscard]] bson::Element get() const {
    return bytes_.empty() ? bson::Element() : bson::Element(as_bytes(bytes_).data());
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.capacity(); }

 private:
  std::string bytes_;
};

void append_or_null(bson::Builder& to, std::string_view name, const bson::Element& value) {
  if (value) {
    to.append(name, value);
  } else {
    to.append(name, bson::Null{});
  }
}

class ExtremeState final : public Accumulator {
 public:
  ExtremeState(bool greatest, const text::Collator* collator)
      : greatest_(greatest), collator_(collator) {}
  Result<> add(const bson::Element& value) override {
    if (!value || value.is_null_like()) return {};
    const bson::Element best = best_.get();
    if (best) {
      const auto order = compare(value, best, collator_);
      if (greatest_ ? order <= 0 : order >= 0) return {};
    }
    best_.set(value);
    return {};
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    append_or_null(to, name, best_.get());
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    append_to(to, name);
  }
  Result<> merge(const bson::Element& partial) override { return add(partial); }
  [[nodiscard]] std::size_t bytes() const override { return best_.bytes(); }

 private:
  bool greatest_;
  const text::Collator* collator_;
  Kept best_;
};

class ExtremeSpec final : public OperandSpec {
 public:
  ExtremeSpec(Operand operand, bool greatest, const text::Collator* collator)
      : OperandSpec(std::move(operand)), greatest_(greatest), collator_(collator) {}
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    return std::make_unique<ExtremeState>(greatest_, collator_);
  }

 private:
  bool greatest_;
  const text::Collator* collator_;
};

// A partial is [] or [value]: a first value may be missing, and then it is null in the end.
class EndState : public Accumulator {
 public:
  void append_to(bson::Builder& to, std::string_view name) const override {
    append_or_null(to, name, value_.get());
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    to.begin_array(name);
    if (has_value_) {
      if (value_.get()) {
        to.push(value_.get());
      } else {
        to.push(bson::Null{});
      }
    }
    to.end();
  }
  Result<> merge(const bson::Element& partial) override {
    const bson::Element value = *partial.array().begin();
    if (!value) return {};
    return add(value);
  }
  [[nodiscard]] std::size_t bytes() const override { return value_.bytes(); }

 protected:
  void set(const bson::Element& value) {
    value_.set(value);
    has_value_ = true;
  }
  bool has_value_ = false;

 private:
  Kept value_;
};

class FirstState final : public EndState {
 public:
  Result<> add(const bson::Element& value) override {
    if (!has_value_) set(value);
    return {};
  }
};

class LastState final : public EndState {
 public:
  Result<> add(const bson::Element& value) override {
    set(value);
    return {};
  }
};

template <class State>
Result<AccumulatorSpecPtr> plain(const bson::Element& call, const ParseContext& context) {
  Operand operand = NACRE_TRY(Operand::parse(call, context));
  return std::make_unique<PlainSpec<State>>(std::move(operand),
                                            typename PlainSpec<State>::Traits{});
}

Result<AccumulatorSpecPtr> parse_extreme(const bson::Element& call, const ParseContext& context,
                                         bool greatest) {
  Operand operand = NACRE_TRY(Operand::parse(call, context));
  return std::make_unique<ExtremeSpec>(std::move(operand), greatest, context.collator);
}

}  // namespace

Result<AccumulatorSpecPtr> parse_min(const bson::Element& call, const ParseContext& context) {
  return parse_extreme(call, context, false);
}

Result<AccumulatorSpecPtr> parse_max(const bson::Element& call, const ParseContext& context) {
  return parse_extreme(call, context, true);
}

Result<AccumulatorSpecPtr> parse_first(const bson::Element& call, const ParseContext& context) {
  return plain<FirstState>(call, context);
}

Result<AccumulatorSpecPtr> parse_last(const bson::Element& call, const ParseContext& context) {
  return plain<LastState>(call, context);
}

}  // namespace nacre::aggregation
