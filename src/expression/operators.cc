// The one look-up of an operator by its name.
#include "expression/operators.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

using Table = std::unordered_map<std::string_view, const Operator*>;

std::array<std::span<const Operator>, 24> families() {
  return {analysis_operators(),     arithmetic_operators(),
          array_operators(),        array_n_operators(),
          array_object_operators(), bit_operators(),
          comparison_operators(),   conditional_operators(),
          date_operators(),         date_arithmetic_operators(),
          date_parts_operators(),   date_text_operators(),
          iteration_operators(),    logic_operators(),
          metadata_operators(),     object_operators(),
          regex_operators(),        rounding_operators(),
          set_operators(),          statistics_operators(),
          string_operators(),       substring_operators(),
          trigonometry_operators(), type_operators()};
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
