// The operators that expressions have, by name.
//
// Threads: pure functions.
#pragma once

#include <string_view>
#include <vector>

namespace nacre::expression {

struct OperatorRow {
  std::string_view name;    // with its dollar
  std::string_view remark;  // for docs/compatibility.md; empty: as MongoDB has it
};

// In order of their names.
[[nodiscard]] std::vector<OperatorRow> operator_rows();

[[nodiscard]] bool is_operator(std::string_view name);

}  // namespace nacre::expression
