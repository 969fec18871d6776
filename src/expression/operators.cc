// The one look-up of an operator by its name.
#include "expression/operators.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

using Table = std::unordered_map<std::string_view, const Operator*>;

std::array<std::span<const Operator>, 2> families() {
  return {comparison_operators(), logic_operators()};
}

Table make_table() {
  Table table;
  for (const std::span<const Operator> family : families()) {
    for (const Operator& row : family) {
      const bool is_new = table.emplace(row.name, &row).second;
      NACRE_CHECK(is_new, "an operator stands in one table once");
    }
  }
  return table;
}

const Table& table() {
  static const Table table = make_table();
  return table;
}

}  // namespace

const Operator* find_operator(std::string_view name) {
  const auto at = table().find(name);
  return at == table().end() ? nullptr : at->second;
}

bool is_operator(std::string_view name) { return find_operator(name) != nullptr; }

std::vector<OperatorRow> operator_rows() {
  std::vector<OperatorRow> rows;
  for (const auto& [name, row] : table()) rows.push_back({.name = name, .remark = row->remark});
  std::ranges::sort(rows, {}, &OperatorRow::name);
  return rows;
}

}  // namespace nacre::expression
