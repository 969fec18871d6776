// Batches: the `cursor` part of replies, and what is kept of a cursor between them.
//
// A batch ends with its size in documents (the first has 101 unless the client says otherwise) or
//   when the next document would make the reply larger than kBatchBytesMax.
// Errors:  those of the rows; of Cursors.
// Threads: as the request they serve. The caller holds a lease on the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "server/command.h"

namespace nacre::server {

inline constexpr std::int64_t kFirstBatchCount = 101;
inline constexpr std::size_t kBatchBytesMax = kDocumentSizeMax;

struct FirstBatch {
  std::optional<std::int64_t> batch_size;  // 0: none yet; nothing: the default
  bool single_batch = false;               // no cursor stays open, whatever is left
};

// The field batchSize; nothing when absent.
[[nodiscard]] Result<std::optional<std::int64_t>> batch_size_of(const Fields& fields);

[[nodiscard]] Result<> append_first_batch(const Request& request, StoredCursor cursor,
                                          const FirstBatch& options, bson::Builder& reply);

// A tailable cursor stays open at its end; one that awaits data waits there for up to a second
// (maxTimeMS if that is less), unless too many wait already.
[[nodiscard]] Result<> append_next_batch(const Request& request, document::Database* database,
                                         std::int64_t id, std::string_view collection,
                                         std::optional<std::int64_t> batch_size,
                                         bson::Builder& reply);

// What there is to say about a database that does not exist.
void append_empty_batch(const Request& request, std::string_view collection, bson::Builder& reply);

}  // namespace nacre::server
