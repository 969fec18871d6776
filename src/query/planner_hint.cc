// What a hint, and min and max, make of a query: one way and no other.
#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/compare.h"
#include "document/index_spec.h"
#include "query/planner_internal.h"

namespace nacre::query {
namespace {

using document::IndexInfo;

using error_codes::kBadValue;
using error_codes::kFailedToParse;
using error_codes::kNoQueryExecutionPlans;
constexpr std::int32_t kNeedsHint = 51173;
constexpr std::int32_t kOtherFields = 51174;
constexpr std::int32_t kBoundsOutOfOrder = 51175;
constexpr std::int32_t kOtherOrder = 51176;

std::unexpected<Error> no_such_index() {
  return fail(Code::kInvalid, kBadValue,
              "error processing query: hint provided does not correspond to an existing index");
}

Result<> check_fields(const IndexInfo& index, const bson::View& edge) {
  if (edge.empty()) return {};
  std::size_t field = 0;
  for (const bson::Element& value : edge) {
    if (field == index.fields.size() || index.fields[field].path != value.name()) {
      return fail(Code::kInvalid, kOtherFields,
                  "The index specified with hint() cannot be used with the fields of min()/max()");
    }
    ++field;
  }
  if (field == index.fields.size()) return {};
  return fail(Code::kInvalid, kOtherFields,
              "min()/max() must name every field of the index given with hint()");
}

Result<Access> between(const PlanRequest& request, const IndexInfo& index, Access access) {
  NACRE_TRY(check_fields(index, request.min));
  NACRE_TRY(check_fields(index, request.max));
  if (!same_collation(index.options.collator.get(), request.collator)) {
    return fail(Code::kInvalid, kOtherOrder,
                "min()/max() need an index of the collation of the query");
  }
  KeyRange range = range_between(index, request.min, request.max);
  if (!range.end.empty() && range.end <= range.begin) {
    return fail(Code::kInvalid, kBoundsOutOfOrder, "min() must be less than max()");
  }
  access.bounds = {};
  access.bounds.fields.resize(index.fields.size());
  access.bounds.ranges = {std::move(range)};
  access.bounds.has_range = true;
  access.merges = false;
  access.sorted = gives_order(index, access.bounds, request, access.backward);
  access.covers_filter = request.filter->matches_everything();
  access.covers_fields = false;
  return access;
}

}  // namespace

Result<const IndexInfo*> named_index(const PlanRequest& request) {
  const bson::Element& hint = request.hint;
  const bool by_name = hint.is(bson::Type::kString);
  for (const IndexInfo& index : request.collection->indexes) {
    const bool named =
        by_name ? index.name == hint.string() : bson::equal(index.specification.find("key"), hint);
    if (named && index.is_usable()) return &index;
  }
  static const bson::Document id =
      bson::Builder().begin_document("key").append("_id", 1).end().finish();
  if (request.collection->settings.series) return no_such_index();  // it has none on _id
  const bool names_id =
      by_name ? hint.string() == document::kIdIndexName : bson::equal(id.find("key"), hint);
  if (names_id) return nullptr;
  return no_such_index();
}

Result<Access> hinted(const PlanRequest& request) {
  const bson::Element& hint = request.hint;
  const bool has_edges = !request.min.empty() || !request.max.empty();
  if (!hint) {
    return fail(Code::kInvalid, kNeedsHint,
                "When using min()/max() a hint of which index to use must be provided");
  }
  if (!hint.is(bson::Type::kString) && !hint.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, kFailedToParse, "hint must be a string or an object");
  }
  const bool natural = hint.is(bson::Type::kDocument) && bool{hint.document().find("$natural")};
  if (natural && has_edges) {
    return fail(Code::kInvalid, kNeedsHint, "min()/max() cannot be used with $natural");
  }
  if (natural) {
    Access scan = by_scan(request);
    if (!scan.sorted) {
      scan.backward = hint.document().find("$natural").as_double().value_or(1) < 0;
    }
    return scan;
  }
  const IndexInfo* index = NACRE_TRY(named_index(request));
  if (index == nullptr) {
    Access access = by_id(request);
    if (!has_edges) return access;
    access.kind = AccessKind::kCollection;
    return between(request, id_index(*request.collection), std::move(access));
  }
  const bool has_values =
      !index->has(document::FieldKind::kWildcard) && index->options.geo == nullptr;
  if (has_edges && !has_values) {
    return fail(Code::kInvalid, kOtherFields,
                "min()/max() cannot be used with a wildcard or geo index");
  }
  std::vector<Access> ways;
  add_by_index(request, *index, /*forced=*/true, ways);
  if (ways.empty()) {
    return fail(
        Code::kInvalid, kNoQueryExecutionPlans,
        format("error processing query: the hinted index {} cannot answer the query", index->name));
  }
  if (has_edges) return between(request, *index, std::move(ways.front()));
  // Of a wildcard index there is one for each path.
  return std::move(*std::ranges::min_element(ways, is_better));
}

}  // namespace nacre::query
