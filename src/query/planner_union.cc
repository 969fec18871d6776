// $or by several indexes: each side is bound by the best index for it together with what stands
// beside the $or.
#include <algorithm>
#include <utility>

#include "bson/builder.h"
#include "query/planner_internal.h"

namespace nacre::query {
namespace {

constexpr std::size_t kSidesMax = 100;

// The $or of a filter, and all the rest of it.
struct Split {
  bson::Element sides;  // missing: none
  bson::Document rest;
};

// Most filters have no $or, and need not be taken apart.
bool may_split(const bson::View& filter) {
  const auto is_or_inside = [](const bson::Element& part) {
    return part.is(bson::Type::kDocument) && part.document().find("$or");
  };
  return std::ranges::any_of(filter, [&](const bson::Element& condition) {
    if (condition.name() == "$or") return true;
    return condition.name() == "$and" && condition.is(bson::Type::kArray) &&
           std::ranges::any_of(condition.array(), is_or_inside);
  });
}

// Of several, the first.
Split split(const bson::View& filter) {
  Split result;
  bson::Builder rest;
  for (const bson::Element& condition : filter) {
    const bool is_or = condition.name() == "$or" && condition.is(bson::Type::kArray);
    if (is_or && !result.sides) {
      result.sides = condition;
    } else {
      rest.append(condition);
    }
  }
  result.rest = rest.finish();
  return result;
}

// An $or inside a top-level $and counts as one beside the others.
Split split_conjunction(const bson::View& filter) {
  Split direct = split(filter);
  if (direct.sides) return direct;
  const bson::Element conjunction = filter.find("$and");
  if (!conjunction.is(bson::Type::kArray)) return direct;
  bson::Builder others;
  others.begin_array("$and");
  for (const bson::Element& part : conjunction.array()) {
    if (!part.is(bson::Type::kDocument)) return {};
    const bson::View inside = part.document();
    const bool is_or =
        inside.find("$or").is(bson::Type::kArray) && ++inside.begin() == bson::View::Iterator{};
    if (is_or && !direct.sides) {
      direct.sides = inside.find("$or");
    } else {
      others.push(part);
    }
  }
  if (!direct.sides) return direct;
  others.end();
  for (const bson::Element& condition : filter) {
    if (condition.name() != "$and") others.append(condition);
  }
  direct.rest = others.finish();
  return direct;
}

bson::Document side_with_rest(const bson::View& side, const bson::View& rest) {
  bson::Builder both;
  both.begin_array("$and").push(side);
  for (const bson::Element& condition : rest) {
    if (condition.name() == "$and") {
      for (const bson::Element& part : condition.array()) both.push(part);
    } else {
      both.push_begin_document().append(condition).end();
    }
  }
  return both.end().finish();
}

}  // namespace

Result<std::optional<Access>> by_union(const PlanRequest& request) {
  const bson::View source = request.filter->source();
  if (!may_split(source)) return std::nullopt;
  const Split parts = split_conjunction(source);
  if (!parts.sides) return std::nullopt;
  Access both{.kind = AccessKind::kUnion, .collection = request.collection};
  for (const bson::Element& side : parts.sides.array()) {
    if (both.branches.size() == kSidesMax || !side.is(bson::Type::kDocument)) return std::nullopt;
    const bson::Document whole = side_with_rest(side.document(), parts.rest);
    auto parsed = match::Filter::parse(whole, {.is_prepared = false});
    if (!parsed)
      return std::nullopt;  // the whole filter was parsed, so this is no error of its own
    const auto filter = std::make_shared<const match::Filter>(*std::move(parsed));
    PlanRequest one{
        .collection = request.collection, .filter = filter.get(), .collator = request.collator};
    auto way = NACRE_TRY(best_bounded(one));
    if (!way) return std::nullopt;
    if (way->kind == AccessKind::kNothing) continue;
    way->bounds.filter = filter;
    both.branches.push_back(*std::move(way));
  }
  if (both.branches.empty()) return std::nullopt;
  // By rule it stands where its weakest side does.
  both.bounds.point_fields = both.branches.front().bounds.point_fields;
  both.bounds.has_range = true;
  for (const Access& branch : both.branches) {
    both.bounds.point_fields = std::min(both.bounds.point_fields, branch.bounds.point_fields);
    both.bounds.has_range = both.bounds.has_range && branch.bounds.has_range;
  }
  both.bounds.ranges = {KeyRange{}};
  return both;
}

}  // namespace nacre::query
