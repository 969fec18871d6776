// A collection of one database becomes one of another, with its options and indexes.
//
// Two databases have no commit in common. The copy stands whole in its place before the original
//   goes, and what it replaces goes last, so that a crash in between leaves two of something and
//   never none: the original and the copy, and what was replaced as "tmp.replaced.…". No writer
//   waits; when one wins, the copy is made again. Documents start at version 1 in their new place.
// Errors:  kNotFound 26; kExists 48 when there is one of the new name and it is not to be dropped;
//          kInvalid 166 for views and time series; kConflict 12587 while an index is built, 112
//          when writers won ten times.
// Cost:    reads and writes each document once, a batch at a time.
// Threads: any.
#pragma once

#include <string_view>

#include "base/result.h"
#include "document/database.h"

namespace nacre::document {

struct CollectionPlace {
  Database& database;
  std::string_view collection;
};
[[nodiscard]] Result<> move_collection(const CollectionPlace& from, const CollectionPlace& to,
                                       bool drop_target);

}  // namespace nacre::document
