// The versions of one document, as far back as they are kept.
//
// Errors:  kTooOld, naming the horizon, when it passes the place where reading began; kUnsupported
//          for a time series.
// Cost:    a descent or two for each version; a version's time is read from the log.
// Threads: any number at once.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "document/database.h"
#include "document/envelope.h"

namespace nacre::document {

// What a document was from one commit on.
struct DocumentVersion {
  Position position{};  // of the commit that made it so
  Time time{};          // of that commit
  bool is_removed = false;
  Envelope envelope;        // of a version that was not removed
  bson::Document document;  // the same
};

struct History {
  std::vector<DocumentVersion> versions;  // newest first
  bool is_whole = false;                  // nothing came before the last of them
};

// The versions of the document of that key (document::id_key) up to `from`, those of earlier
// documents of the same _id included. None when the collection is not there.
[[nodiscard]] Result<History> history_of(
    Database& database, const Snapshot& from, std::string_view collection, Bytes id_key,
    std::size_t limit = std::numeric_limits<std::size_t>::max());

}  // namespace nacre::document
