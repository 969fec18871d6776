#include "query/planner.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "bson/compare.h"
#include "document/index_keys.h"
#include "document/index_spec.h"
#include "query/scan.h"

namespace nacre::query {
namespace {

using document::CollectionInfo;
using document::IndexField;
using document::IndexInfo;

constexpr std::int32_t kBadValue = 2;

// The order of a collection's table, described as an index.
IndexInfo id_index(const CollectionInfo& collection) {
  IndexInfo index;
  index.name = document::kIdIndexName;
  index.fields = {{.path = "_id"}};
  index.unique = true;
  index.multikey = {false};
  index.shortened = collection.shortened_ids;
  return index;
}

// Whether walking the index gives the order; `backward` says in which direction then.
bool gives_order(const IndexInfo& index, const IndexBounds& bounds,
                 const std::vector<IndexField>& sort, bool& backward) {
  if (sort.empty() || index.shortened) return false;
  std::optional<bool> reversed;
  std::size_t at = 0;
  for (const IndexField& wanted : sort) {
    const auto is_constant = [&](std::size_t i) { return i < bounds.constant_fields; };
    bool settled = false;
    for (std::size_t i = 0; i < bounds.constant_fields; ++i) {
      settled = settled || (index.fields[i].path == wanted.path && !index.multikey[i]);
    }
    if (settled) continue;  // one value: any order is this order
    while (at < index.fields.size() && index.fields[at].path != wanted.path && is_constant(at))
      ++at;
    if (at == index.fields.size() || index.fields[at].path != wanted.path) return false;
    if (index.multikey[at]) return false;
    const bool against = index.fields[at].descending != wanted.descending;
    if (reversed.value_or(against) != against) return false;
    reversed = against;
    ++at;
    if (wanted.path == "_id") break;  // no two documents are equal up to here
  }
  backward = reversed.value_or(false);
  return true;
}

// Documents without any of the fields are not in a sparse index: bounds must leave them out.
bool holds_all_matches(const IndexInfo& index, const IndexBounds& bounds) {
  if (!index.sparse) return true;
  return std::ranges::any_of(bounds.fields, [](const std::optional<match::PathBounds>& field) {
    return field && std::ranges::none_of(field->intervals, [](const match::Interval& interval) {
             return interval.lower.rank == bson::rank(bson::Type::kNull);
           });
  });
}

Access by_index(const PlanRequest& request, const IndexInfo& index) {
  Access access{.kind = AccessKind::kIndex,
                .collection = request.collection,
                .index = &index,
                .bounds = index_bounds(*request.filter, index)};
  access.sorted = gives_order(index, access.bounds, request.sort, access.backward);
  access.covers_filter = access.bounds.covers_filter;
  return access;
}

Access by_id(const PlanRequest& request) {
  const IndexInfo index = id_index(*request.collection);
  Access access{.kind = AccessKind::kCollection,
                .collection = request.collection,
                .bounds = index_bounds(*request.filter, index)};
  access.sorted = gives_order(index, access.bounds, request.sort, access.backward);
  access.covers_filter = access.bounds.covers_filter;
  if (access.bounds.constant_fields == 1) {
    access.kind = AccessKind::kIdLookup;
    const match::Interval& only = access.bounds.fields.front()->intervals.front();
    access.id_key = document::id_key(only.lower.value.element());
    access.sorted = true;  // at most one document
  }
  return access;
}

Access by_scan(const PlanRequest& request) {
  const IndexInfo index = id_index(*request.collection);
  Access access{.kind = AccessKind::kCollection, .collection = request.collection};
  access.bounds.ranges = {KeyRange{}};
  access.sorted = gives_order(index, access.bounds, request.sort, access.backward);
  access.covers_filter = request.filter->matches_everything();
  return access;
}

bool nothing_matches(const Access& access) {
  return access.bounds.bounded() && access.bounds.ranges.empty();
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
                    scans_all, field_count);
}

Result<Access> hinted(const PlanRequest& request) {
  const bson::Element& hint = request.hint;
  const CollectionInfo& collection = *request.collection;
  const bool by_name = hint.is(bson::Type::kString);
  if (!by_name && !hint.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 9, "hint must be a string or an object");
  }
  if (!by_name && hint.document().find("$natural")) {
    Access scan = by_scan(request);
    if (!scan.sorted) {
      scan.backward = hint.document().find("$natural").as_double().value_or(1) < 0;
    }
    return scan;
  }
  std::vector<IndexField> fields;
  if (!by_name) {
    auto pattern = document::parse_key_pattern(hint.document());
    if (pattern) fields = std::move(pattern->fields);
  }
  for (const IndexInfo& index : collection.indexes) {
    const bool named = by_name ? index.name == hint.string() : index.fields == fields;
    if (named && index.state == document::IndexState::kReady) return by_index(request, index);
  }
  const bool names_id = by_name ? hint.string() == document::kIdIndexName
                                : fields.size() == 1 && fields.front().path == "_id";
  if (names_id) return by_id(request);
  return fail(Code::kInvalid, kBadValue,
              "error processing query: hint provided does not correspond to an existing index");
}

}  // namespace

Result<Access> choose(const PlanRequest& request) {
  if (request.collection == nullptr) return Access{};
  if (request.hint) return hinted(request);
  Access best = by_scan(request);
  const auto consider = [&](Access candidate) {
    if (rank_of(candidate) > rank_of(best)) best = std::move(candidate);
  };
  Access by_key = by_id(request);
  if (nothing_matches(by_key)) return Access{};
  if (by_key.kind == AccessKind::kIdLookup) return by_key;
  if (by_key.bounds.bounded()) consider(std::move(by_key));
  for (const IndexInfo& index : request.collection->indexes) {
    if (index.state != document::IndexState::kReady) continue;
    Access candidate = by_index(request, index);
    if (nothing_matches(candidate)) return Access{};
    const bool useful = candidate.bounds.bounded() || candidate.sorted;
    if (useful && holds_all_matches(index, candidate.bounds)) consider(std::move(candidate));
  }
  return best;
}

std::unique_ptr<Operator> open(Execution& execution, Access access, const match::Filter& filter,
                               Need need) {
  const match::Filter* asked =
      access.covers_filter || filter.matches_everything() ? nullptr : &filter;
  switch (access.kind) {
    case AccessKind::kNothing:
      return std::make_unique<Nothing>();
    case AccessKind::kIdLookup:
      return std::make_unique<IdLookup>(execution, IdLookup::Plan{.collection = access.collection,
                                                                  .key = std::move(access.id_key),
                                                                  .filter = asked});
    case AccessKind::kCollection:
      return std::make_unique<CollectionScan>(
          execution, CollectionScan::Plan{.collection = access.collection,
                                          .ranges = std::move(access.bounds.ranges),
                                          .backward = access.backward,
                                          .filter = asked,
                                          .by_id = access.bounds.bounded()});
    case AccessKind::kIndex:
      break;
  }
  auto scan =
      std::make_unique<IndexScan>(execution, IndexScan::Plan{.collection = access.collection,
                                                             .index = access.index,
                                                             .bounds = std::move(access.bounds),
                                                             .backward = access.backward});
  if (need == Need::kCount && asked == nullptr) return scan;
  return std::make_unique<Fetch>(execution, std::move(scan), *access.collection, asked);
}

}  // namespace nacre::query
