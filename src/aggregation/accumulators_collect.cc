// $push, $addToSet, $setUnion, $concatArrays and $mergeObjects: many values kept.
#include <unordered_set>

#include "aggregation/accumulator_internal.h"
#include "aggregation/order.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

// Values one after another, each as type byte, empty name and value.
class ValueList {
 public:
  void push(const bson::Element& value) {
    bytes_.push_back(static_cast<char>(value.type()));
    bytes_.push_back('\0');
    bytes_.append(as_text(value.value_bytes()));
  }
  void remove_first() {
    const bson::Element first(as_bytes(bytes_).data() + start_);
    start_ += first.bytes().size();
    if (start_ > bytes_.size() / 2) {
      bytes_.erase(0, start_);
      start_ = 0;
    }
  }
  void append_to(bson::Builder& to, std::string_view name) const {
    to.begin_array(name);
    for (std::size_t at = start_; at < bytes_.size();) {
      const bson::Element value(as_bytes(bytes_).data() + at);
      to.push(value);
      at += value.bytes().size();
    }
    to.end();
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.capacity(); }
  [[nodiscard]] std::size_t used() const { return bytes_.size() - start_; }

 private:
  std::string bytes_;
  std::size_t start_ = 0;
};

Result<> not_an_array(std::string_view name, const bson::Element& value) {
  return fail(
      Code::kInvalid, 14,
      format("{} requires array inputs, but input is of type {}", name, bson::name(value.type())));
}

// A list, which is its own partial.
class ListState : public Accumulator {
 public:
  void append_to(bson::Builder& to, std::string_view name) const override {
    values_.append_to(to, name);
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    values_.append_to(to, name);
  }
  [[nodiscard]] std::size_t bytes() const override { return values_.bytes(); }

 protected:
  ValueList values_;
};

class PushState final : public ListState {
 public:
  Result<> add(const bson::Element& value) override {
    if (!value) return {};
    values_.push(value);
    return check_accumulator_bytes("$push", values_.used());
  }
  void remove(const bson::Element& value) override {
    if (value) values_.remove_first();
  }
  Result<> merge(const bson::Element& partial) override {
    for (const bson::Element& value : partial.array()) NACRE_TRY(add(value));
    return {};
  }
};

class ConcatArraysState final : public ListState {
 public:
  Result<> add(const bson::Element& value) override {
    if (!value) return {};
    if (!value.is(bson::Type::kArray)) return not_an_array("$concatArrays", value);
    return merge(value);
  }
  Result<> merge(const bson::Element& partial) override {
    for (const bson::Element& value : partial.array()) values_.push(value);
    return check_accumulator_bytes("$concatArrays", values_.used());
  }
};

// Values without those that equal an earlier one; in the order of first sight.
class SetState : public ListState {
 public:
  SetState(std::string_view name, const text::Collator* collator)
      : name_(name), collator_(collator) {}
  Result<> merge(const bson::Element& partial) override {
    for (const bson::Element& value : partial.array()) NACRE_TRY(add_one(value));
    return {};
  }
  [[nodiscard]] std::size_t bytes() const override { return ListState::bytes() + key_bytes_; }

 protected:
  Result<> add_one(const bson::Element& value) {
    key_.clear();
    append_group_key(key_, value, collator_);
    if (!keys_.insert(key_).second) return {};
    key_bytes_ += key_.size() + kNodeBytes;
    values_.push(value);
    return check_accumulator_bytes(name_, values_.used());
  }
  std::string_view name_;

 private:
  static constexpr std::size_t kNodeBytes = 64;  // of the set, about
  const text::Collator* collator_;
  std::unordered_set<std::string> keys_;
  std::size_t key_bytes_ = 0;
  std::string key_;
};

class AddToSetState final : public SetState {
 public:
  explicit AddToSetState(const text::Collator* collator) : SetState("$addToSet", collator) {}
  Result<> add(const bson::Element& value) override {
    if (!value) return {};
    return add_one(value);
  }
};

class SetUnionState final : public SetState {
 public:
  explicit SetUnionState(const text::Collator* collator) : SetState("$setUnion", collator) {}
  Result<> add(const bson::Element& value) override {
    if (!value) return {};
    if (!value.is(bson::Type::kArray)) return not_an_array(name_, value);
    return merge(value);
  }
};

template <class State>
class SetSpec final : public OperandSpec {
 public:
  SetSpec(Operand operand, const text::Collator* collator)
      : OperandSpec(std::move(operand)), collator_(collator) {}
  [[nodiscard]] std::unique_ptr<Accumulator> make() const override {
    return std::make_unique<State>(collator_);
  }
  [[nodiscard]] bool grows() const override { return true; }

 private:
  const text::Collator* collator_;
};

// Fields of all documents; of two of one name the later value, in the earlier one's place.
class MergeObjectsState final : public Accumulator {
 public:
  Result<> add(const bson::Element& value) override {
    if (!value || value.is_null_like()) return {};
    if (!value.is(bson::Type::kDocument)) {
      return fail(Code::kInvalid, 5911200,
                  format("$mergeObjects requires object inputs, but input {} is of type {}", name_,
                         bson::name(value.type())));
    }
    return merge(value);
  }
  void append_to(bson::Builder& to, std::string_view name) const override {
    to.append(name, merged_);
  }
  void append_partial(bson::Builder& to, std::string_view name) const override {
    append_to(to, name);
  }
  Result<> merge(const bson::Element& partial) override {
    const bson::View before = merged_;
    const bson::View after = partial.document();
    bson::Builder merged;
    for (const bson::Element& field : before) {
      const bson::Element newer = after.find(field.name());
      merged.append(newer ? newer : field);
    }
    for (const bson::Element& field : after) {
      if (!before.find(field.name())) merged.append(field);
    }
    merged_ = merged.finish();
    return check_accumulator_bytes("$mergeObjects", merged_.bytes().size());
  }
  [[nodiscard]] std::size_t bytes() const override { return merged_.bytes().capacity(); }

 private:
  static constexpr std::string_view name_ = "value";
  bson::Document merged_;
};

template <class State>
Result<AccumulatorSpecPtr> plain(const bson::Element& call, const ParseContext& context,
                                 bool removes) {
  Operand operand = NACRE_TRY(Operand::parse(call, context));
  return std::make_unique<PlainSpec<State>>(
      std::move(operand), typename PlainSpec<State>::Traits{.removes = removes, .grows = true});
}

template <class State>
Result<AccumulatorSpecPtr> set_of(const bson::Element& call, const ParseContext& context) {
  Operand operand = NACRE_TRY(Operand::parse(call, context));
  return std::make_unique<SetSpec<State>>(std::move(operand), context.collator);
}

}  // namespace

Result<AccumulatorSpecPtr> parse_push(const bson::Element& call, const ParseContext& context) {
  return plain<PushState>(call, context, true);
}

Result<AccumulatorSpecPtr> parse_concat_arrays(const bson::Element& call,
                                               const ParseContext& context) {
  return plain<ConcatArraysState>(call, context, false);
}

Result<AccumulatorSpecPtr> parse_merge_objects(const bson::Element& call,
                                               const ParseContext& context) {
  return plain<MergeObjectsState>(call, context, false);
}

Result<AccumulatorSpecPtr> parse_add_to_set(const bson::Element& call,
                                            const ParseContext& context) {
  return set_of<AddToSetState>(call, context);
}

Result<AccumulatorSpecPtr> parse_set_union(const bson::Element& call, const ParseContext& context) {
  return set_of<SetUnionState>(call, context);
}

}  // namespace nacre::aggregation
