// The parts of the planner.
//
// Errors:  as planner.h.
// Threads: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "query/planner.h"

namespace nacre::query {

// The order of a collection's table, described as an index.
[[nodiscard]] document::IndexInfo id_index(const document::CollectionInfo& collection);

// Whether walking the index gives the order; `backward` says in which direction then.
[[nodiscard]] bool gives_order(const document::IndexInfo& index, const IndexBounds& bounds,
                               const PlanRequest& request, bool& backward);

// Adds the ways by one index: none, one, or for a wildcard index one for each path. `forced`: also
// those that bound nothing and give no order.
void add_by_index(const PlanRequest& request, const document::IndexInfo& index, bool forced,
                  std::vector<Access>& to);
[[nodiscard]] Access by_id(const PlanRequest& request);
[[nodiscard]] Access by_scan(const PlanRequest& request);
[[nodiscard]] bool nothing_matches(const Access& access);

// A union of the indexes of each side of an $or; nothing when a side has none.
[[nodiscard]] Result<std::optional<Access>> by_union(const PlanRequest& request);

// What a hint, or min and max, ask for.
[[nodiscard]] Result<Access> hinted(const PlanRequest& request);

// The best by rule of the ways that bound something; nothing when there is none.
[[nodiscard]] Result<std::optional<Access>> best_bounded(const PlanRequest& request);

// By a geo index in the order of distances; nothing when there is no $near.
[[nodiscard]] Result<std::optional<Access>> by_near(const PlanRequest& request);
// Adds the way by a geo index where the filter asks for a place in it.
void add_by_places(const PlanRequest& request, const document::IndexInfo& index, bool forced,
                   std::vector<Access>& to);

// The index that a hint names; null: the one on _id. kInvalid 2 when there is none.
[[nodiscard]] Result<const document::IndexInfo*> named_index(const PlanRequest& request);

// Through one index, for a path of a wildcard index or ("") as it is.
[[nodiscard]] Access access_by(const PlanRequest& request, const document::IndexInfo& index,
                               std::string_view wildcard_path);
// Whether a partial index holds all matches.
[[nodiscard]] bool is_inside_partial(const PlanRequest& request, const document::IndexInfo& index);

// By the text index; nothing when the filter has no $text.
[[nodiscard]] Result<std::optional<Access>> by_text(const PlanRequest& request);

// Whether `a` comes before `b` by rule.
[[nodiscard]] bool is_better(const Access& a, const Access& b);

}  // namespace nacre::query
