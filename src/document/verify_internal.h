// Every index entry against its document, every document against its index entries.
//
// Errors:  one only when the check itself could not run; what is wrong is in the report.
// Cost:    reads every row of every collection and index once, and one look-up for each entry.
// Threads: any; beside readers and writers.
#pragma once

#include "base/result.h"
#include "document/database.h"

namespace nacre::document {

[[nodiscard]] Result<DatabaseVerifyReport> verify_database(Database& database,
                                                           txn::Database& engine);

}  // namespace nacre::document
