// $sortArray.
#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "bson/compare.h"
#include "bson/named_fields.h"
#include "expression/arrays_internal.h"

namespace nacre::expression {
namespace {

struct Key {
  std::string path;  // empty: the element itself
  bool descending = false;
};

class SortArray final : public Node {
 public:
  SortArray(std::vector<Key> keys, std::vector<NodePtr> parts)
      : Node(std::move(parts)), keys_(std::move(keys)) {}

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element input = NACRE_TRY(part(0).evaluate(at));
    if (is_nullish(input)) return at.scratch.null();
    if (!input.is(bson::Type::kArray)) {
      return invalid(2942504,
                     format("The input argument to $sortArray must be an array, but was of "
                            "type: {}",
                            bson::name(input.type())));
    }
    const std::vector<bson::Element> items = items_of(input);
    const std::vector<bson::Element> values = values_of(items, at);
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      for (std::size_t k = 0; k < keys_.size(); ++k) {
        const auto found = bson::compare(values[a * keys_.size() + k], values[b * keys_.size() + k],
                                         at.environment.collator());
        if (found != 0) return keys_[k].descending ? found > 0 : found < 0;
      }
      return false;
    });
    ArrayResult result;
    for (const std::size_t place : order) result.push(items[place]);
    const bson::Element sorted = result.finish(at);
    NACRE_TRY(check_memory(at));
    return sorted;
  }

 private:
  // What each item is sorted by, one behind the other; what is missing counts as null.
  [[nodiscard]] std::vector<bson::Element> values_of(std::span<const bson::Element> items,
                                                     Evaluation& at) const {
    const bson::Element null = at.scratch.null();
    std::vector<bson::Element> values;
    values.reserve(items.size() * keys_.size());
    for (const bson::Element& item : items) {
      for (const Key& key : keys_) {
        bson::Element value = item;
        if (!key.path.empty()) {
          value = item.is(bson::Type::kDocument) ? item.document().get(key.path) : bson::Element();
        }
        values.push_back(value ? value : null);
      }
    }
    return values;
  }

  std::vector<Key> keys_;
};

Result<bool> is_descending(const bson::Element& direction, std::int32_t number) {
  const auto whole = direction.as_int64();
  if (!whole || (*whole != 1 && *whole != -1)) {
    return invalid(number, "The $sort element value must be either 1 or -1");
  }
  return *whole == -1;
}

Result<std::vector<Key>> parse_keys(const bson::Element& sort_by) {
  std::vector<Key> keys;
  if (sort_by.is_number()) {
    const bool descending = NACRE_TRY(is_descending(sort_by, 2942506));
    keys.push_back({.path = {}, .descending = descending});
    return keys;
  }
  if (!sort_by.is(bson::Type::kDocument)) {
    return invalid(2942507, format("The $sortArray sortBy must be an object or a number, found: {}",
                                   bson::name(sort_by.type())));
  }
  for (const bson::Element& field : sort_by.document()) {
    const bool descending = NACRE_TRY(is_descending(field, 2942505));
    if (field.name().empty()) return invalid(2942505, "an empty name in $sortArray's sortBy");
    keys.push_back({.path = std::string(field.name()), .descending = descending});
  }
  if (keys.empty()) return invalid(2942505, "The $sortArray sortBy must name a field");
  return keys;
}

}  // namespace

Result<NodePtr> parse_sort_array(const Operator& row, const bson::Element& argument,
                                 Parser& parser) {
  if (!argument.is(bson::Type::kDocument)) {
    return invalid(2942500, format("{} requires an object as an argument, found: {}", row.name,
                                   bson::name(argument.type())));
  }
  bson::Element input;
  bson::Element sort_by;
  const bson::Element unknown =
      bson::take_fields(argument.document(), {{"input", &input}, {"sortBy", &sort_by}});
  if (unknown) {
    return invalid(2942501, format("{} found an unknown argument: {}", row.name, unknown.name()));
  }
  if (!input) return invalid(2942502, "$sortArray requires 'input' to be specified");
  if (!sort_by) return invalid(2942503, "$sortArray requires 'sortBy' to be specified");
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(input)));
  std::vector<Key> keys = NACRE_TRY(parse_keys(sort_by));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<SortArray>(std::move(keys), std::move(parts)), constant);
}

}  // namespace nacre::expression
