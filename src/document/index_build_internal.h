// Building indexes over documents that are there, beside writers.
//
// An index exists as kBuilding from one commit on, and from then on writers maintain it. A walk
//   over the collection adds what is older, in commits of some documents each: it requires those
//   documents unchanged, so that an entry of a document that a writer has just changed is never
//   added late. One more commit makes it kReady.
// Errors:  as Database::create_indexes; on any error the index is removed again.
// Threads: any.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "document/database.h"

namespace nacre::document {

[[nodiscard]] Result<CreateIndexesResult> build_indexes(Database& database,
                                                        std::string_view collection,
                                                        std::span<const IndexSpec> specs,
                                                        txn::Durability durability,
                                                        const IndexBuildWatch& watch);

// Removes indexes that are still kBuilding: the process that built them is gone.
[[nodiscard]] Result<> remove_unfinished_indexes(Database& database);

}  // namespace nacre::document
