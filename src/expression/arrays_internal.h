// What the operators on arrays share.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "expression/node_internal.h"

namespace nacre::expression {

// A number that is a whole one of 32 bits; nothing for what is no number.
[[nodiscard]] std::optional<std::int32_t> whole32(const bson::Element& number);

// Counted from the end when negative; missing when there is none.
[[nodiscard]] bson::Element item_at(const bson::View& array, std::int64_t index);

[[nodiscard]] inline std::vector<bson::Element> items_of(const bson::Element& array) {
  std::vector<bson::Element> items;
  for (const bson::Element& item : array.array()) items.push_back(item);
  return items;
}

[[nodiscard]] inline bson::Element array_of(std::span<const bson::Element> items, Evaluation& at) {
  ArrayResult result;
  for (const bson::Element& item : items) result.push(item);
  return result.finish(at);
}

[[nodiscard]] Result<NodePtr> parse_zip(const Operator& row, const bson::Element& argument,
                                        Parser& parser);
[[nodiscard]] Result<NodePtr> parse_sort_array(const Operator& row, const bson::Element& argument,
                                               Parser& parser);

}  // namespace nacre::expression
