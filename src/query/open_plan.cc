// From a way into a collection to the operators that go it.
#include <utility>

#include "query/geo_near.h"
#include "query/merge.h"
#include "query/planner.h"
#include "query/scan.h"
#include "query/text_search.h"

namespace nacre::query {
namespace {

// `rows`: keys that will be pulled at most; 0: it is not known.
std::unique_ptr<Operator> open_index(Execution& execution, Access access, std::size_t rows) {
  if (access.merges) {
    return std::make_unique<PrefixMerge>(execution,
                                         PrefixMerge::Plan{.collection = access.collection,
                                                           .index = access.index,
                                                           .bounds = std::move(access.bounds),
                                                           .backward = access.backward});
  }
  return std::make_unique<IndexScan>(execution, IndexScan::Plan{.collection = access.collection,
                                                                .index = access.index,
                                                                .bounds = std::move(access.bounds),
                                                                .backward = access.backward,
                                                                .covers = access.covers_fields,
                                                                .rows = rows});
}

std::unique_ptr<Operator> open_collection(Execution& execution, Access access,
                                          const match::Filter* asked, std::size_t rows) {
  const bool is_whole = access.bounds.ranges.size() == 1 && access.bounds.ranges[0] == KeyRange{};
  // Without a filter there is nothing to do that would be worth a copy of what is found.
  const bool may_be_parallel =
      is_whole && !access.backward && rows == 0 && asked != nullptr && !asked->has_expression();
  return std::make_unique<CollectionScan>(
      execution, CollectionScan::Plan{.collection = access.collection,
                                      .ranges = std::move(access.bounds.ranges),
                                      .backward = access.backward,
                                      .filter = asked,
                                      .by_id = access.bounds.bounded(),
                                      .may_be_parallel = may_be_parallel});
}

std::unique_ptr<Operator> open_id(Execution& execution, Access access, const match::Filter* asked) {
  return std::make_unique<IdLookup>(execution, IdLookup::Plan{.collection = access.collection,
                                                              .key = std::move(access.id_key),
                                                              .filter = asked});
}

// The keys of the documents that one side of a union may match.
std::unique_ptr<Operator> open_keys(Execution& execution, Access access) {
  if (access.kind == AccessKind::kIndex) {
    access.covers_fields = false;
    return open_index(execution, std::move(access), 0);
  }
  auto documents = access.kind == AccessKind::kIdLookup
                       ? open_id(execution, std::move(access), nullptr)
                       : open_collection(execution, std::move(access), nullptr, 0);
  return std::make_unique<KeysOnly>(std::move(documents));
}

std::unique_ptr<Operator> open_near(Execution& execution, Access access,
                                    const match::Filter* asked) {
  return std::make_unique<GeoNear>(execution, GeoNear::Plan{.collection = access.collection,
                                                            .index = access.index,
                                                            .field = access.near_field,
                                                            .bounds = std::move(access.bounds),
                                                            .near = access.near,
                                                            .filter = asked});
}

std::unique_ptr<Operator> open_union(Execution& execution, Access access) {
  std::vector<std::unique_ptr<Operator>> sides;
  for (Access& branch : access.branches) sides.push_back(open_keys(execution, std::move(branch)));
  return std::make_unique<Union>(std::move(sides));
}

}  // namespace

std::unique_ptr<Operator> open(Execution& execution, Access access, const match::Filter& filter,
                               Need need, std::size_t rows) {
  const match::Filter* asked =
      access.covers_filter || filter.matches_everything() ? nullptr : &filter;
  const document::CollectionInfo* collection = access.collection;
  std::unique_ptr<Operator> keys;
  switch (access.kind) {
    case AccessKind::kNothing:
      return std::make_unique<Nothing>();
    case AccessKind::kIdLookup:
      return open_id(execution, std::move(access), asked);
    case AccessKind::kCollection:
      return open_collection(execution, std::move(access), asked, rows);
    case AccessKind::kIndex: {
      const bool covers = access.covers_fields;
      keys = open_index(execution, std::move(access), asked == nullptr ? rows : 0);
      if (covers || (need == Need::kCount && asked == nullptr)) return keys;
      break;
    }
    case AccessKind::kUnion:
      keys = open_union(execution, std::move(access));
      break;
    case AccessKind::kNear:
      return open_near(execution, std::move(access), asked);
    case AccessKind::kText:
      return open_text(execution, std::move(access), asked, need);
  }
  return std::make_unique<Fetch>(execution, std::move(keys), *collection, asked, rows);
}

}  // namespace nacre::query
