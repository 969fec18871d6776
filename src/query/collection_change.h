// Making and changing collections and views, as create and collMod ask for it.
//
// Errors:  those of document::CollectionOptions; of views those of query/view.h, and kInvalid 167
//          (OptionNotSupportedOnView) for a pipeline that writes; 72 (InvalidOptions) for what is
//          not the collection's to have; kNotFound 26; kExists 48.
// Threads: as the database or transaction.
#pragma once

#include <string_view>

#include "base/result.h"
#include "bson/value.h"
#include "document/database.h"

namespace nacre::query {

// `options` as in the command create: {viewOn: ..., pipeline: [...]}, {validator: ...}, ...
[[nodiscard]] Result<> create_collection(document::Database& database, std::string_view collection,
                                         bson::View options);

// `changes` as in the command collMod: validator, validationLevel, validationAction, viewOn,
// pipeline, cappedSize, cappedMax, timeseries, expireAfterSeconds (a number or "off"). Other fields
// are not looked at; what is not named stays.
// check_changes: kInvalid 40415 for a field that is none of these.
[[nodiscard]] Result<> check_changes(const bson::View& changes);
[[nodiscard]] Result<> change_collection(document::Transaction& transaction,
                                         std::string_view collection, bson::View changes);

}  // namespace nacre::query
