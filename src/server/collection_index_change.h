// What collMod says of an index: {index: {name | keyPattern, hidden, expireAfterSeconds,
// prepareUnique, unique}}.
//
// Errors:  kInvalid 14 (TypeMismatch), 72 (InvalidOptions) for what does not go together, 2
//          (BadValue) for the index on _id, 27 (IndexNotFound), 40415 (unknown field), 359
//          (CannotConvertIndexToUnique).
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "bson/builder.h"
#include "document/database.h"
#include "server/fields.h"

namespace nacre::server {

struct AskedIndexChange {
  bson::Element asked;
  bool dry_run = false;  // nothing is changed
};
// Carries it out in the transaction; what was and what is goes into `reply`.
[[nodiscard]] Result<> change_index(document::Transaction& transaction,
                                    const document::CollectionInfo& collection,
                                    const AskedIndexChange& change, bson::Builder& reply);

}  // namespace nacre::server
