// $zip: arrays side by side, turned.
#include <algorithm>

#include "base/text.h"
#include "expression/arrays_internal.h"

namespace nacre::expression {
namespace {

class Zip final : public Node {
 public:
  Zip(std::vector<NodePtr> parts, std::size_t inputs, bool longest)
      : Node(std::move(parts)), inputs_(inputs), longest_(longest) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    std::vector<bson::View> arrays;
    bool is_null = false;
    for (std::size_t i = 0; i < inputs_; ++i) {
      const bson::Element array = NACRE_TRY(part(i).evaluate(at));
      if (is_nullish(array)) {
        is_null = true;
        break;
      }
      if (!array.is(bson::Type::kArray)) {
        return invalid(34468, format("$zip found a non-array expression in input: {}",
                                     bson::name(array.type())));
      }
      arrays.push_back(array.array());
    }
    if (is_null) return at.scratch.null();
    std::vector<bson::Element> defaults(inputs_);
    for (std::size_t i = inputs_; i < parts().size(); ++i) {
      defaults[i - inputs_] = NACRE_TRY(part(i).evaluate(at));
    }
    const bson::Element result = zipped(arrays, defaults, at);
    NACRE_TRY(check_memory(at));
    return result;
  }

 private:
  [[nodiscard]] bson::Element zipped(std::span<const bson::View> arrays,
                                     std::span<const bson::Element> defaults,
                                     Evaluation& at) const {
    std::vector<bson::View::Iterator> rows;
    for (const bson::View& array : arrays) rows.push_back(array.begin());
    const auto has_more = [](const bson::View::Iterator& row) {
      return row != std::default_sentinel;
    };
    ArrayResult result;
    while (longest_ ? std::ranges::any_of(rows, has_more) : std::ranges::all_of(rows, has_more)) {
      bson::Builder& to = result.builder();
      to.push_begin_array();
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool more = has_more(rows[i]);
        const bson::Element item = more ? *rows[i] : defaults[i];
        if (item) {
          to.push(item);
        } else {
          to.push(bson::Null{});
        }
        if (more) ++rows[i];
      }
      to.end();
    }
    return result.finish(at);
  }

  std::size_t inputs_;  // parts; the defaults come behind them
  bool longest_;
};

}  // namespace

Result<NodePtr> parse_zip(const Operator&, const bson::Element& argument, Parser& parser) {
  if (!argument.is(bson::Type::kDocument)) {
    return invalid(34460, format("$zip only supports an object as an argument, found {}",
                                 bson::name(argument.type())));
  }
  std::vector<NodePtr> parts;
  std::vector<NodePtr> defaults;
  bool longest = false;
  for (const bson::Element& field : argument.document()) {
    if (field.name() == "inputs") {
      if (!field.is(bson::Type::kArray)) {
        return invalid(34461, format("inputs must be an array of expressions, found {}",
                                     bson::name(field.type())));
      }
      parts = NACRE_TRY(parser.parse_list(field));
    } else if (field.name() == "defaults") {
      if (!field.is(bson::Type::kArray)) {
        return invalid(34462, format("defaults must be an array of expressions, found {}",
                                     bson::name(field.type())));
      }
      defaults = NACRE_TRY(parser.parse_list(field));
    } else if (field.name() == "useLongestLength") {
      if (!field.is(bson::Type::kBool)) {
        return invalid(
            34463, format("useLongestLength must be a bool, found {}", bson::name(field.type())));
      }
      longest = field.boolean();
    } else {
      return invalid(34464, format("$zip found an unknown argument: {}", field.name()));
    }
  }
  if (parts.empty()) return invalid(34465, "$zip requires at least one input array");
  if (!defaults.empty() && !longest) {
    return invalid(34466, "cannot specify defaults unless useLongestLength is true");
  }
  if (!defaults.empty() && defaults.size() != parts.size()) {
    return invalid(34467, "defaults and inputs must have the same length");
  }
  const std::size_t inputs = parts.size();
  for (NodePtr& value : defaults) parts.push_back(std::move(value));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Zip>(std::move(parts), inputs, longest), constant);
}

}  // namespace nacre::expression
