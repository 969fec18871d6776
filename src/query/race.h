// The race: several plans of one query tried on its own data, the most productive goes on.
//
// Each plan in turn looks at some keys, until one has given the rows that are wanted (101 at most),
//   one has ended, or each has had its kTrialWorks. The winner gave most rows for its works; of two
//   alike the one that gives the order for nothing, then the first by rule. Its rows so far are
//   kept and given again; nothing is read twice.
// What won is remembered for the query's shape (document/plan_memory.h): paths, operators, sort,
//   fields and collation, not values. A remembered plan runs alone; when it needs ten times the
//   works that it took when it won, it is dropped and all race again.
// Errors:  those of the plans.
// Cost:    kTrialWorks keys a plan at most, and copies of 101 rows.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/planner.h"

namespace nacre::query {

inline constexpr std::int64_t kTrialWorks = 10'000;
inline constexpr std::size_t kTrialRows = 101;
inline constexpr std::int64_t kReplanFactor = 10;

struct RaceRequest {
  const match::Filter* filter = nullptr;  // outlives the operators
  Need need = Need::kDocuments;
  bool wants_order = false;            // a plan that does not give it must end before it is of use
  std::size_t rows = 0;                // that will be pulled; 0: all
  std::string shape;                   // of the query; "": neither look it up nor remember it
  const PlanRequest* asked = nullptr;  // where there is a shape: what it is the shape of
  std::uint64_t catalog_version = 0;
};

struct Raced {
  std::unique_ptr<Operator> root;
  bool sorted = false;
  std::vector<std::unique_ptr<Operator>> losers;  // as they stand
};

// Requires at least one access.
[[nodiscard]] Result<Raced> race(Execution& execution, std::vector<Access> accesses,
                                 const RaceRequest& request);

// The shape of a query: what its plan depends on but the values. Begins with shape_prefix.
[[nodiscard]] std::string shape_of(const PlanRequest& request, std::string_view collection,
                                   Need need);

[[nodiscard]] inline std::string shape_prefix(std::string_view collection) {
  return std::string(collection) + '\0';
}

}  // namespace nacre::query
