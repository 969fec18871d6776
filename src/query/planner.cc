#include "query/planner.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "bson/compare.h"
#include "document/index_keys.h"
#include "query/planner_internal.h"

namespace nacre::query {
namespace {

using document::CollectionInfo;
using document::FieldKind;
using document::IndexField;
using document::IndexInfo;

constexpr std::size_t kMergedMax = 100;  // prefixes of one index that are merged

// Documents without any of the fields are not in a sparse index: bounds must leave them out.
bool holds_all_matches(const IndexInfo& index, const IndexBounds& bounds) {
  if (!index.sparse) return true;
  return std::ranges::any_of(bounds.fields, [](const std::optional<match::PathBounds>& field) {
    return field && std::ranges::none_of(field->intervals, [](const match::Interval& interval) {
             return interval.lower.rank <= bson::rank(bson::Type::kNull);
           });
  });
}

// Whether the entries alone tell the fields that are wanted.
bool tells_fields(const PlanRequest& request, const IndexInfo& index) {
  if (request.fields.empty() || index.shortened || index.options.collator != nullptr) return false;
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    if (index.multikey[i] || index.fields[i].kind != FieldKind::kOrdered) return false;
  }
  return std::ranges::all_of(request.fields, [&](const std::string& wanted) {
    return !wanted.contains('.') && std::ranges::any_of(index.fields, [&](const IndexField& field) {
      return field.path == wanted;
    });
  });
}

// With every prefix a stream of its own, the fields that are bound to points do not count.
bool gives_order_merged(const PlanRequest& request, const IndexInfo& index, Access& access) {
  const IndexBounds& bounds = access.bounds;
  if (bounds.has_range || bounds.prefixes.size() < 2 || bounds.prefixes.size() > kMergedMax) {
    return false;
  }
  IndexBounds as_constants;
  as_constants.constant_fields = bounds.point_fields;
  std::size_t settled = 0;
  for (const IndexField& wanted : request.sort) {
    // A field that has several values is not settled by them; it would have to be the order.
    for (std::size_t i = bounds.constant_fields; i < bounds.point_fields; ++i) {
      if (index.fields[i].path == wanted.path) ++settled;
    }
  }
  return settled == 0 && gives_order(index, as_constants, request, access.backward);
}

// Greater is better; see the rules in the header.
auto rank_of(const Access& access) {
  const IndexBounds& bounds = access.bounds;
  const bool whole_unique = access.kind == AccessKind::kIndex && access.index->unique &&
                            bounds.point_fields == access.index->fields.size();
  const bool by_id_alone = access.kind == AccessKind::kIdLookup;
  const bool scans_all = access.kind == AccessKind::kCollection && !bounds.bounded();
  const auto field_count =
      access.index == nullptr ? 0 : -static_cast<std::int64_t>(access.index->fields.size());
  return std::tuple(by_id_alone, whole_unique, bounds.point_fields, bounds.has_range, access.sorted,
                    access.covers_fields, scans_all, field_count);
}

// `a` does all that `b` does: what b's leading fields are bound to, a's are too.
bool dominates(const Access& a, const Access& b) {
  if (a.kind != AccessKind::kIndex || b.kind != AccessKind::kIndex) return false;
  const auto bound = [](const Access& access) {
    return access.bounds.point_fields + (access.bounds.has_range ? 1U : 0U);
  };
  if (bound(a) < bound(b) || (b.sorted && !a.sorted) || (b.covers_fields && !a.covers_fields)) {
    return false;
  }
  for (std::size_t i = 0; i < bound(b); ++i) {
    if (a.index->fields[i].path != b.index->fields[i].path) return false;
  }
  return b.bounds.wildcard_path.empty() || a.bounds.wildcard_path == b.bounds.wildcard_path;
}

void prune(std::vector<Access>& all) {
  std::ranges::stable_sort(all, is_better);
  std::vector<Access> kept;
  for (Access& access : all) {
    const bool dominated =
        std::ranges::any_of(kept, [&](const Access& better) { return dominates(better, access); });
    if (!dominated && kept.size() < kCandidatesMax) kept.push_back(std::move(access));
  }
  all = std::move(kept);
}

std::vector<Access> just(Access access) {
  std::vector<Access> one;
  one.push_back(std::move(access));
  return one;
}

}  // namespace

std::string Access::name() const {
  switch (kind) {
    case AccessKind::kNothing:
      return "EOF";
    case AccessKind::kIdLookup:
      return "IDHACK";
    case AccessKind::kCollection:
      return bounds.bounded() ? "IXSCAN _id_" : "COLLSCAN";
    case AccessKind::kUnion:
      return "OR";
    case AccessKind::kText:
      return "TEXT";
    case AccessKind::kNear:
      return "GEO_NEAR";
    case AccessKind::kIndex:
      break;
  }
  return "IXSCAN " + index->name + " " + bounds.wildcard_path;
}

IndexInfo id_index(const CollectionInfo& collection) {
  IndexInfo index;
  const bool is_series = collection.settings.series.has_value();
  if (!is_series) index.name = document::kIdIndexName;
  index.fields = {{.path = std::string(collection.order_path())}};
  index.unique = !is_series;
  index.multikey = {false};
  index.shortened = collection.shortened_ids;
  return index;
}

bool gives_order(const IndexInfo& index, const IndexBounds& bounds, const PlanRequest& request,
                 bool& backward) {
  if (request.sort.empty() || index.shortened) return false;
  if (!same_collation(index.options.collator.get(), request.collator)) return false;
  std::optional<bool> reversed;
  std::size_t at = 0;
  for (const IndexField& wanted : request.sort) {
    const auto is_constant = [&](std::size_t i) { return i < bounds.constant_fields; };
    bool settled = false;
    for (std::size_t i = 0; i < bounds.constant_fields; ++i) {
      settled = settled || (index.fields[i].path == wanted.path && !index.multikey[i]);
    }
    if (settled) continue;  // one value: any order is this order
    while (at < index.fields.size() && index.fields[at].path != wanted.path && is_constant(at))
      ++at;
    if (at == index.fields.size() || index.fields[at].path != wanted.path) return false;
    if (index.multikey[at] || index.fields[at].kind != FieldKind::kOrdered) return false;
    const bool against = index.fields[at].descending != wanted.descending;
    if (reversed.value_or(against) != against) return false;
    reversed = against;
    ++at;
    // No two documents are equal up to here, but measurements may be.
    if (wanted.path == "_id" && !request.collection->settings.series) break;
  }
  backward = reversed.value_or(false);
  return true;
}

// A partial index holds all matches when the query asks for no less than its filter does, which
// compares strings by their bytes.
bool is_inside_partial(const PlanRequest& request, const IndexInfo& index) {
  if (index.options.partial == nullptr) return true;
  return request.collator == nullptr && request.filter->implies(*index.options.partial);
}

Access access_by(const PlanRequest& request, const IndexInfo& index,
                 std::string_view wildcard_path) {
  Access access{
      .kind = AccessKind::kIndex,
      .collection = request.collection,
      .index = &index,
      .bounds = index_bounds(*request.filter, index,
                             {.collator = request.collator, .wildcard_path = wildcard_path})};
  access.sorted = gives_order(index, access.bounds, request, access.backward);
  if (!access.sorted && !request.sort.empty()) {
    access.merges = gives_order_merged(request, index, access);
    access.sorted = access.merges;
  }
  access.covers_filter = access.bounds.covers_filter;
  access.covers_fields = access.covers_filter && !access.merges && tells_fields(request, index);
  return access;
}

void add_by_index(const PlanRequest& request, const IndexInfo& index, bool forced,
                  std::vector<Access>& to) {
  if (index.options.geo != nullptr) return add_by_places(request, index, forced, to);
  const bool is_wildcard = index.has(FieldKind::kWildcard);
  const std::string& first = index.fields.front().path;
  const bool may_be_of_use = is_wildcard || request.filter->names(first) ||
                             (!request.sort.empty() && request.sort.front().path == first);
  if (!forced && !may_be_of_use) return;
  // A text index has no entries for documents without words.
  if (index.options.text != nullptr) return;
  // Who names a partial index asks for what is in it and no more.
  if (!forced && !is_inside_partial(request, index)) return;
  if (!is_wildcard) {
    Access access = access_by(request, index, {});
    const bool useful = access.bounds.bounded() || access.sorted || forced;
    if (useful && (forced || holds_all_matches(index, access.bounds))) {
      to.push_back(std::move(access));
    }
    return;
  }
  const std::size_t at = document::wildcard_position(index.fields);
  for (const std::string_view path : request.filter->bounded_paths()) {
    if (path.empty() || has_position(path) || !document::wildcard_takes(index, path)) continue;
    Access access = access_by(request, index, path);
    if (access.bounds.fields[at].has_value()) to.push_back(std::move(access));
  }
  if (at == 0) return;
  Access access = access_by(request, index, {});
  if (access.bounds.bounded()) to.push_back(std::move(access));
}

Access by_scan(const PlanRequest& request) {
  Access access{.kind = AccessKind::kCollection, .collection = request.collection};
  access.bounds.ranges = {KeyRange{}};
  if (!request.sort.empty()) {
    access.sorted =
        gives_order(id_index(*request.collection), access.bounds, request, access.backward);
  }
  access.covers_filter = request.filter->matches_everything();
  return access;
}

Access by_id(const PlanRequest& request) {
  if (!request.filter->names(request.collection->order_path())) return by_scan(request);
  const IndexInfo index = id_index(*request.collection);
  Access access{.kind = AccessKind::kCollection,
                .collection = request.collection,
                .bounds = index_bounds(*request.filter, index, {.collator = request.collator})};
  access.sorted = gives_order(index, access.bounds, request, access.backward);
  access.covers_filter = access.bounds.covers_filter;
  if (access.bounds.constant_fields == 1 && index.unique) {
    access.kind = AccessKind::kIdLookup;
    const match::Interval& only = access.bounds.fields.front()->intervals.front();
    access.id_key = document::id_key(only.lower.value);
    access.sorted = true;  // at most one document
  }
  return access;
}

bool nothing_matches(const Access& access) {
  return access.bounds.bounded() && access.bounds.ranges.empty();
}

bool is_better(const Access& a, const Access& b) { return rank_of(a) > rank_of(b); }

Result<std::optional<Access>> best_bounded(const PlanRequest& request) {
  std::optional<Access> best;
  const auto consider = [&](Access access) {
    if (!access.bounds.bounded()) return;
    if (!best || is_better(access, *best)) best = std::move(access);
  };
  Access by_key = by_id(request);
  if (nothing_matches(by_key)) return Access{};
  consider(std::move(by_key));
  std::vector<Access> ways;
  for (const IndexInfo& index : request.collection->indexes) {
    if (index.is_usable()) add_by_index(request, index, /*forced=*/false, ways);
  }
  for (Access& access : ways) {
    if (nothing_matches(access)) return Access{};
    consider(std::move(access));
  }
  return best;
}

Result<std::vector<Access>> candidates(const PlanRequest& request) {
  if (request.collection == nullptr) return just(Access{});
  auto near = NACRE_TRY(by_near(request));
  if (near) return just(*std::move(near));
  auto text = NACRE_TRY(by_text(request));
  if (text) return just(*std::move(text));
  if (request.hint || !request.min.empty() || !request.max.empty()) {
    return just(NACRE_TRY(hinted(request)));
  }
  std::vector<Access> all;
  if (request.filter->names(request.collection->order_path())) {
    Access by_key = by_id(request);
    if (nothing_matches(by_key)) return just(Access{});
    if (by_key.kind == AccessKind::kIdLookup) return just(std::move(by_key));
    if (by_key.bounds.bounded()) all.push_back(std::move(by_key));
  }
  for (const IndexInfo& index : request.collection->indexes) {
    if (index.is_usable()) add_by_index(request, index, /*forced=*/false, all);
  }
  if (std::ranges::any_of(all, nothing_matches)) return just(Access{});
  auto any = NACRE_TRY(by_union(request));
  if (any) all.push_back(*std::move(any));
  const bool some_bounded = std::ranges::any_of(all, [](const Access& access) {
    return access.bounds.bounded() || access.kind == AccessKind::kUnion;
  });
  if (!some_bounded) {
    Access scan = by_scan(request);
    // An index that only gives the order is no better than the table when that gives it too.
    if (scan.sorted || std::ranges::none_of(all, &Access::sorted)) return just(std::move(scan));
  }
  if (all.size() > 1) prune(all);
  const bool settled = all.front().kind == AccessKind::kIndex && all.front().index->unique &&
                       all.front().bounds.constant_fields == all.front().index->fields.size();
  if (settled) all.resize(1);
  return all;
}

}  // namespace nacre::query
