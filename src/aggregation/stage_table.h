// The table of stages: names, parsers, and where each may stand.
//
// Threads: constant.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "aggregation/stages.h"

namespace nacre::aggregation {

enum StageRules : std::uint32_t {
  kAnywhere = 0,
  kFirst = 1U << 0,             // only as the first of a pipeline
  kLast = 1U << 1,              // only as the last
  kNotInFacet = 1U << 2,        // 40600
  kNotInLookup = 1U << 3,       // 51047
  kNotInUnion = 1U << 4,        // 31441
  kNotInTransaction = 1U << 5,  // 263
  kMakesRows = 1U << 6,         // needs no collection to read
};

struct StageRow {
  std::string_view name;
  StageParser parse;  // null: refused
  std::uint32_t rules;
  std::string_view refusal{};  // why, of one that is refused
  std::int32_t refusal_number = 40324;
};

[[nodiscard]] std::span<const StageRow> stage_rows();  // ascending by name

// Null for a name that is no stage.
[[nodiscard]] const StageRow* find_stage(std::string_view name);

}  // namespace nacre::aggregation
