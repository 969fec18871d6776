// Statements: writes spelled as MongoDB's commands, carried out together in one transaction.
//
//   {"insert": "cities", "documents": [{...}, ...]}
//   {"update": "cities", "updates": [{"q": {...}, "u": {...}, "multi": true, "upsert": false}]}
//   {"delete": "cities", "deletes": [{"q": {...}, "limit": 0}]}
// Errors:  kInvalid names the field that is missing or not understood; the first statement that
//          cannot be carried out is the error of all (its own Code), and nothing is kept.
// Threads: one thread at a time.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "bson/value.h"
#include "document/database.h"

namespace nacre::cli {

struct StatementCounts {
  std::int64_t inserted = 0;
  std::int64_t modified = 0;
  std::int64_t deleted = 0;
};

// Carries out one statement inside `transaction`; adds what it did to `counts`.
[[nodiscard]] Result<> run_statement(document::Database& database,
                                     document::Transaction& transaction,
                                     const bson::View& statement, StatementCounts& counts);

}  // namespace nacre::cli
