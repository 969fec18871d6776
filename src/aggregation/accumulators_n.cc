// $firstN, $lastN, $minN, $maxN, and $top, $bottom and their N forms.
#include <algorithm>
#include <deque>
#include <optional>

#include "aggregation/accumulator_internal.h"
#include "aggregation/order.h"
#include "base/text.h"
#include "bson/named_fields.h"
#include "query/sort_key.h"

namespace nacre::aggregation {
namespace {

enum class End : std::uint8_t { kFirst, kLast };

Result<std::int64_t> count_of(const bson::Element& n) {
  const auto count = n.is_number() ? n.as_int64() : std::nullopt;
  if (count && *count > 0) return *count;
  return fail(Code::kInvalid, 7548606, "n must be a positive whole number, of at most 64 bits");
}

// How many: a constant, or an expression over the group's _id.
Result<std::int64_t> evaluate_count(const std::optional<Operand>& n, const bson::Element& group_id,
                                    Context& context) {
  if (!n) return 1;
  const ScratchFrame frame(context);
  const bson::View root = group_id.is(bson::Type::kDocument) ? group_id.document() : bson::View();
  const bson::Element count = NACRE_TRY(n->evaluate(root, context));
  return count_of(count);
}

// The first or last n values in the order of arrival; missing ones are null.
class EndsState final : public Accumulator {
 public:
  EndsState(End end, const std::optional<Operand>& n) : end_(end), n_(n) {}
  Result<> start(const bson::Element& group_id, Context& context) override {
    count_ = NACRE_TRY(evaluate_count(n_, group_id, context));
    return {};
  }
  Result<> add(const bson::Element& value) override {
    if (std::ssize(values_) == count_) {
      if (end_ == End::kFirst) return {};
      bytes_ -= values_.front().bytes().size();
      values_.pop_front();
    }
    values_.push_back(value ? bson::Builder().append("", value).finish()
                            : bson::Builder().append("", bson::Null{}).finish());
    bytes_ += values_.back().bytes().size();
    return check_accumulator_bytes("$firstN or $lastN", bytes_);
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    to.begin_array(name);
    for (const bson::Document& value : values_) to.push(*value.view().begin());
    to.end();
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    append_to(to, name);
  }
  Result<> merge(const bson::Element& partial) override {
    for (const bson::Element& value : partial.array()) NACRE_TRY(add(value));
    return {};
  }
  [[nodiscard]] std::size_t bytes() const override {
    return bytes_ + values_.size() * sizeof(bson::Document);
  }

 private:
  End end_;
  const std::optional<Operand>& n_;
  std::int64_t count_ = 1;
  std::deque<bson::Document> values_;
  std::size_t bytes_ = 0;
};

// The n values that come first in an order, in that order; of equal ones the earlier.
// A value and what orders it, which is the value itself or a key that comes with it.
class OrderedState : public Accumulator {
 public:
  explicit OrderedState(const std::optional<Operand>& n) : n_(n) {}
  Result<> start(const bson::Element& group_id, Context& context) override {
    count_ = NACRE_TRY(evaluate_count(n_, group_id, context));
    return {};
  }
  Result<> merge(const bson::Element& partial) override {
    for (const bson::Element& value : partial.array()) NACRE_TRY(add(value));
    return {};
  }
  [[nodiscard]] std::size_t bytes() const override {
    return bytes_ + values_.size() * sizeof(bson::Document);
  }

 protected:
  [[nodiscard]] virtual bool before(const bson::Element& a, const bson::Element& b) const = 0;

  Result<> keep(const bson::Element& value, std::string_view name) {
    if (std::ssize(values_) == count_ && !before(value, *values_.back().view().begin())) return {};
    const auto place = std::ranges::upper_bound(
        values_, value,
        [this](const bson::Element& a, const bson::Element& b) { return before(a, b); },
        [](const bson::Document& each) { return *each.view().begin(); });
    bson::Document holder = bson::Builder().append("", value).finish();
    bytes_ += holder.bytes().size();
    values_.insert(place, std::move(holder));
    if (std::ssize(values_) > count_) {
      bytes_ -= values_.back().bytes().size();
      values_.pop_back();
    }
    return check_accumulator_bytes(name, bytes_);
  }
  [[nodiscard]] const std::vector<bson::Document>& values() const { return values_; }

 private:
  const std::optional<Operand>& n_;
  std::int64_t count_ = 1;
  std::vector<bson::Document> values_;
  std::size_t bytes_ = 0;
};

class ExtremesState final : public OrderedState {
 public:
  ExtremesState(bool greatest, const std::optional<Operand>& n, const text::Collator* collator)
      : OrderedState(n), greatest_(greatest), collator_(collator) {}
  Result<> add(const bson::Element& value) override {
    if (!value || value.is_null_like()) return {};
    return keep(value, "$minN or $maxN");
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    to.begin_array(name);
    for (const bson::Document& value : values()) to.push(*value.view().begin());
    to.end();
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    append_to(to, name);
  }

 private:
  [[nodiscard]] bool before(const bson::Element& a, const bson::Element& b) const override {
    const auto order = compare(a, b, collator_);
    return greatest_ ? order > 0 : order < 0;
  }
  bool greatest_;
  const text::Collator* collator_;
};

// Values are {k: sort key, v: output}.
class TopState final : public OrderedState {
 public:
  TopState(End end, bool many, const std::optional<Operand>& n)
      : OrderedState(n), end_(end), many_(many) {}
  Result<> add(const bson::Element& value) override { return keep(value, "$topN or $bottomN"); }
  void append_to(bson::Builder& to, std::string_view name) const override {
    if (!many_) {
      if (values().empty()) {
        to.append(name, bson::Null{});
      } else {
        to.append(name, output(values().front()));
      }
      return;
    }
    to.begin_array(name);
    // $bottomN keeps the last ones, the very last in front; they are shown in the sort's order.
    if (end_ == End::kFirst) {
      for (const bson::Document& value : values()) to.push(output(value));
    } else {
      for (auto at = values().rbegin(); at != values().rend(); ++at) to.push(output(*at));
    }
    to.end();
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    to.begin_array(name);
    for (const bson::Document& value : values()) to.push(*value.view().begin());
    to.end();
  }

 private:
  static bson::Element output(const bson::Document& value) {
    return value.view().begin()->document().find("v");
  }
  [[nodiscard]] bool before(const bson::Element& a, const bson::Element& b) const override {
    const auto order = nacre::compare(a.document().find("k").binary().bytes,
                                      b.document().find("k").binary().bytes);
    return end_ == End::kFirst ? order < 0 : order >= 0;
  }
  End end_;
  bool many_;
};

class NSpec final : public OperandSpec {
 public:
  NSpec(std::string_view name, Operand input, std::optional<Operand> n,
        const text::Collator* collator)
      : OperandSpec(std::move(input)), n_(std::move(n)), collator_(collator) {
    by_arrival_ = name == "$firstN" || name == "$lastN";
    last_ = name == "$lastN" || name == "$maxN";
  }
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    if (by_arrival_) return std::make_unique<EndsState>(last_ ? End::kLast : End::kFirst, n_);
    return std::make_unique<ExtremesState>(last_, n_, collator_);
  }
  [[nodiscard]] bool grows() const override { return true; }

 private:
  std::optional<Operand> n_;
  const text::Collator* collator_;
  bool by_arrival_ = false;
  bool last_ = false;
};

class TopSpec final : public AccumulatorSpec {
 public:
  TopSpec(std::string_view name, query::SortPattern pattern, Operand output,
          std::optional<Operand> n)
      : end_(name.starts_with("$top") ? End::kFirst : End::kLast),
        many_(name.ends_with('N')),
        pattern_(std::move(pattern)),
        output_(std::move(output)),
        n_(std::move(n)) {}
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    return std::make_unique<TopState>(end_, many_, n_);
  }
  [[nodiscard]] Result<bson::Element> input(const bson::View& row,
                                            Context& context) const override {
    const std::string key = NACRE_TRY(pattern_.key(row));
    const bson::Element output = NACRE_TRY(output_.evaluate(row, context));
    bson::Builder pair;
    pair.begin_document("");
    pair.append("k", bson::Binary{.subtype = 0, .bytes = as_bytes(key)});
    if (output) {
      pair.append("v", output);
    } else {
      pair.append("v", bson::Null{});
    }
    return context.environment.scratch().keep(pair.end().finish());
  }
  [[nodiscard]] bool grows() const override { return true; }

 private:
  End end_;
  bool many_;
  query::SortPattern pattern_;
  Operand output_;
  std::optional<Operand> n_;
};

Result<std::optional<Operand>> parse_n_operand(const bson::Element& n,
                                               const ParseContext& context) {
  Operand operand = NACRE_TRY(Operand::parse(n, context));
  if (operand.is_constant()) NACRE_TRY(count_of(operand.expression().constant()));
  return operand;
}

}  // namespace

Result<AccumulatorSpecPtr> parse_n(const bson::Element& call, const ParseContext& context) {
  if (!call.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 5787900,
                format("specification must be an object; found {}", call.name()));
  }
  bson::Element input;
  bson::Element n;
  const bson::Element unknown = bson::take_fields(call.document(), {{"input", &input}, {"n", &n}});
  if (unknown) {
    return fail(Code::kInvalid, 5787901,
                format("Unknown argument for '{}' operator: {}", call.name(), unknown.name()));
  }
  if (!n) return fail(Code::kInvalid, 5787906, "Missing value for 'n'");
  if (!input) return fail(Code::kInvalid, 5787907, "Missing value for 'input'");
  Operand operand = NACRE_TRY(Operand::parse(input, context));
  std::optional<Operand> count = NACRE_TRY(parse_n_operand(n, context));
  return std::make_unique<NSpec>(call.name(), std::move(operand), std::move(count),
                                 context.collator);
}

Result<AccumulatorSpecPtr> parse_top(const bson::Element& call, const ParseContext& context) {
  const bool many = call.name().ends_with('N');
  if (!call.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 5788001,
                format("specification must be an object; found {}", call.name()));
  }
  bson::Element n;
  bson::Element sort;
  bson::Element output;
  bson::Element unknown =
      bson::take_fields(call.document(), {{"n", &n}, {"sortBy", &sort}, {"output", &output}});
  if (n && !many) unknown = n;
  if (unknown) {
    return fail(Code::kInvalid, 5788002,
                format("Unknown argument to {} '{}'", call.name(), unknown.name()));
  }
  if (many && !n) return fail(Code::kInvalid, 5788003, "Missing value for 'n'");
  if (!output) return fail(Code::kInvalid, 5788004, "Missing value for 'output'");
  if (!sort) return fail(Code::kInvalid, 5788005, "Missing value for 'sortBy'");
  if (!sort.is(bson::Type::kDocument)) {
    return fail(
        Code::kInvalid, 5788604,
        format("expected 'sortBy' to already be an object in the arguments to {}", call.name()));
  }
  query::SortPattern pattern = NACRE_TRY(query::SortPattern::parse(sort.document()));
  Operand operand = NACRE_TRY(Operand::parse(output, context));
  std::optional<Operand> count;
  if (many) count = NACRE_TRY(parse_n_operand(n, context));
  return std::make_unique<TopSpec>(call.name(), std::move(pattern), std::move(operand),
                                   std::move(count));
}

}  // namespace nacre::aggregation
