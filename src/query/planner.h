// The planner: which way into a collection a query takes.
//
// Rules, in this order: _id given; a unique index given whole; the most leading fields given; a
// range;
//   the order asked for; fewer fields. A collection scan is what is left. The choice depends on
//   filter, sort and catalog only, so equal queries have equal plans; a race between candidates
//   would take its place in choose().
// Errors:  kInvalid 2 (BadValue) for a hint that names no index.
// Threads: pure functions; an Access looks into catalog and filter and must not outlive them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "document/catalog.h"
#include "match/filter.h"
#include "query/index_bounds.h"
#include "query/operator.h"

namespace nacre::query {

enum class AccessKind : std::uint8_t {
  kNothing,     // no collection, or nothing can match
  kIdLookup,    // one key
  kCollection,  // the collection's table, whole or in ranges of _id
  kIndex,
};

struct Access {
  AccessKind kind = AccessKind::kNothing;
  const document::CollectionInfo* collection = nullptr;
  const document::IndexInfo* index = nullptr;  // kIndex
  IndexBounds bounds{};                        // kIndex, and kCollection by _id
  std::string id_key{};                        // kIdLookup
  bool backward = false;
  bool sorted = false;         // gives the order asked for
  bool covers_filter = false;  // the filter need not be asked
};

struct PlanRequest {
  const document::CollectionInfo* collection = nullptr;  // null: not there
  const match::Filter* filter = nullptr;
  std::vector<document::IndexField> sort;  // empty: any order will do
  bson::Element hint;                      // missing, a name or a key pattern
};

[[nodiscard]] Result<Access> choose(const PlanRequest& request);

// What the rows of a plan are needed for.
enum class Need : std::uint8_t {
  kDocuments,
  kCount,  // their number only: keys will do when the plan covers the filter
};

// The operators that carry out `access`. `filter` outlives them.
[[nodiscard]] std::unique_ptr<Operator> open(Execution& execution, Access access,
                                             const match::Filter& filter,
                                             Need need = Need::kDocuments);

}  // namespace nacre::query
