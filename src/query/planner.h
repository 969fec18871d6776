// The planner: the ways into a collection that a query may take.
//
// Candidates: one for each index that bounds something or gives the order asked for; a union of
//   indexes when each side of an $or has one; the collection itself when nothing else is there.
//   They come best first by rule: a unique index given whole; the most leading fields given; a
//   range; the order asked for; fewer fields. query/race.h tries the first few on real data.
//   _id given is the only candidate then.
// An index is left out where it may lack a match: partial (unless the filter implies its filter),
//   sparse, hidden, of another collation.
// $near, $nearSphere and $geoNear have one way, a geo index on their field that knows their kind of
//   distance; a geo index serves a filter only where that asks for a place in one of its geo
//   fields.
// Errors:  kInvalid 2 (BadValue) for a hint that names no index, and for $text or $natural beside
//          $near; 51173, 51174, 51176 for min and max; 27 (IndexNotFound) for $text without a text
//          index; 291 (NoQueryExecutionPlans) for $near without a geo index.
// Threads: pure functions; an Access looks into catalog and filter and must not outlive them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "document/catalog.h"
#include "match/filter.h"
#include "query/index_bounds.h"
#include "query/operator.h"
#include "query/text_query.h"

namespace nacre::query {

enum class AccessKind : std::uint8_t {
  kNothing,     // no collection, or nothing can match
  kIdLookup,    // one key
  kCollection,  // the collection's table, whole or in ranges of _id (of a series: of time)
  kIndex,
  kUnion,  // of several of these, each document once
  kText,   // a text index
  kNear,   // a geo index, in rings around a point
};

struct Access {
  AccessKind kind = AccessKind::kNothing;
  const document::CollectionInfo* collection = nullptr;
  const document::IndexInfo* index = nullptr;  // kIndex, kText
  IndexBounds bounds{};                        // kIndex, and kCollection by _id
  std::string id_key{};                        // kIdLookup
  std::vector<Access> branches{};              // kUnion
  std::shared_ptr<const TextQuery> text{};     // kText
  const match::NearQuery* near = nullptr;      // kNear; the bounds are those of the fields in front
  std::size_t near_field = 0;                  // kNear: the index's
  bool backward = false;
  bool sorted = false;         // gives the order asked for
  bool merges = false;         // by merging the keys under each prefix of the bounds
  bool covers_filter = false;  // the filter need not be asked
  bool covers_fields = false;  // the index tells all the fields that are wanted

  // What it is remembered by.
  [[nodiscard]] std::string name() const;
};

struct PlanRequest {
  const document::CollectionInfo* collection = nullptr;  // null: not there
  const match::Filter* filter = nullptr;
  std::span<const document::IndexField> sort{};  // empty: any order will do
  bson::Element hint{};                          // missing, a name or a key pattern
  const text::Collator* collator = nullptr;
  bson::View min{};
  bson::View max{};
  // The only fields that are wanted; empty: all.
  std::vector<std::string> fields{};
  bson::Element text{};        // what $text asks for; missing: nothing
  bool by_text_score = false;  // the order asked for is that of the text score
  // What documents lie near of, when that is not said in the filter; null: the filter's $near.
  const match::NearQuery* near = nullptr;
};

inline constexpr std::size_t kCandidatesMax = 6;

// Best first by rule, at least one. Only the first is there when nothing is to be raced.
[[nodiscard]] Result<std::vector<Access>> candidates(const PlanRequest& request);

// What the rows of a plan are needed for.
enum class Need : std::uint8_t {
  kDocuments,
  kCount,  // their number only: keys will do when the plan covers the filter
};

// The operators that carry out `access`. `filter` outlives them. `rows`: that will be pulled at
// most; 0: all.
[[nodiscard]] std::unique_ptr<Operator> open(Execution& execution, Access access,
                                             const match::Filter& filter,
                                             Need need = Need::kDocuments, std::size_t rows = 0);

}  // namespace nacre::query
