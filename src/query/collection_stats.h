// What a collection takes: its documents and the entries of each of its indexes.
//
// Errors:  166 (CommandNotSupportedOnView); those of reading.
// Cost:    reads the whole collection and all of its indexes.
// Threads: as query/operations.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "query/operations.h"
#include "query/operator.h"

namespace nacre::query {

struct IndexSize {
  std::string name;
  std::int64_t entries = 0;
  std::int64_t bytes = 0;  // of their keys and values
};

struct CollectionStats {
  std::int64_t documents = 0;
  std::int64_t bytes = 0;                          // of their BSON
  std::vector<IndexSize> indexes{};                // that on _id first; none: no such collection
  std::optional<document::CappedLimits> capped{};  // of a capped collection
  [[nodiscard]] std::int64_t index_bytes() const;
};
[[nodiscard]] Result<CollectionStats> collection_stats(const Scope& scope,
                                                       std::string_view collection);
// The same of a reader at hand.
[[nodiscard]] Result<CollectionStats> collection_stats(Execution& execution,
                                                       std::string_view collection);

// The fields of MongoDB's collStats from `size` on. Sizes are divided by `scale`, 1 or more.
void append_storage_stats(const CollectionStats& stats, std::int64_t scale, bson::Builder& to);

}  // namespace nacre::query
