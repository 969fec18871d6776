// What collMod says of an index: {index: {name | keyPattern, hidden, expireAfterSeconds}}.
//
// Errors:  kInvalid 14 (TypeMismatch), 72 (InvalidOptions) for what does not go together, 2
//          (BadValue) for the index on _id, 27 (IndexNotFound), 40415 (unknown field);
//          kUnsupported 115 for unique and prepareUnique, which would look at every document.
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "bson/builder.h"
#include "document/database.h"
#include "server/fields.h"

namespace nacre::server {

// Carries it out in the transaction; what was and what is goes into `reply`.
[[nodiscard]] Result<> change_index(document::Transaction& transaction,
                                    const document::CollectionInfo& collection,
                                    const bson::Element& asked, bson::Builder& reply);

}  // namespace nacre::server
