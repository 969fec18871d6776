// Prints what a cursor gives, one document per line of Extended JSON, each as it comes.
//
// Errors:  those of the cursor; what came before is printed.
// Threads: one thread at a time.
#pragma once

#include "base/result.h"
#include "bson/json.h"
#include "cli/console.h"
#include "query/cursor.h"

namespace nacre::cli {

[[nodiscard]] Result<> print_documents(Console& console, query::Cursor& cursor,
                                       bson::JsonForm form);

}  // namespace nacre::cli
