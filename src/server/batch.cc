#include "server/batch.h"

#include <limits>
#include <memory>
#include <utility>

#include "base/text.h"

namespace nacre::server {
namespace {

// Appends rows to the open array until a limit. Returns whether there may be more.
Result<bool> fill(Rows& rows, std::int64_t count_max, bson::Builder& reply) {
  for (std::int64_t count = 0; count < count_max; ++count) {
    const std::optional<bson::View> row = NACRE_TRY(rows.peek());
    if (!row) return false;
    // One row always fits: the next batch would be no larger.
    if (count > 0 && reply.size() + row->bytes().size() > kBatchBytesMax) return true;
    reply.push(*row);
    rows.take();
  }
  if (count_max == 0) return true;
  // Looking one ahead spares the client a getMore that would find nothing.
  const std::optional<bson::View> next = NACRE_TRY(rows.peek());
  return next.has_value();
}

void append_cursor_end(std::int64_t id, std::string_view database, std::string_view collection,
                       bson::Builder& reply) {
  reply.append("id", id).append("ns", format("{}.{}", database, collection));
}

}  // namespace

Result<std::optional<std::int64_t>> batch_size_of(const Fields& fields) {
  const bson::Element element = fields.get("batchSize");
  if (!element || element.is_null_like()) return std::nullopt;
  return NACRE_TRY(fields.lenient_count("batchSize", 0));
}

Result<> append_first_batch(const Request& request, StoredCursor cursor, const FirstBatch& options,
                            bson::Builder& reply) {
  reply.begin_document("cursor").begin_array("firstBatch");
  const std::int64_t count = options.batch_size.value_or(kFirstBatchCount);
  const bool more = NACRE_TRY(fill(cursor.rows, count, reply));
  reply.end();
  const std::string database = cursor.database;
  const std::string collection = cursor.collection;
  std::int64_t id = 0;
  if (more && !options.single_batch) {
    if (request.transaction != nullptr) cursor.transaction = request.transaction->tag;
    cursor.rows.pause();
    id = NACRE_TRY(request.services.cursors.add(std::make_unique<StoredCursor>(std::move(cursor))));
  }
  append_cursor_end(id, database, collection, reply);
  reply.end();
  return {};
}

Result<> append_next_batch(const Request& request, std::int64_t id, std::string_view collection,
                           std::optional<std::int64_t> batch_size, bson::Builder& reply) {
  Cursors& cursors = request.services.cursors;
  const std::string_view transaction =
      request.transaction == nullptr ? std::string_view() : request.transaction->tag;
  std::unique_ptr<StoredCursor> cursor =
      NACRE_TRY(cursors.take(id, request.database, collection, transaction));
  cursor->rows.set_time_limit(request.max_time_ms);
  reply.begin_document("cursor").begin_array("nextBatch");
  // 0 means the default here, which is no limit but the reply's size.
  const std::int64_t count =
      batch_size.value_or(0) == 0 ? std::numeric_limits<std::int64_t>::max() : *batch_size;
  auto more = fill(cursor->rows, count, reply);
  if (!more.has_value()) {
    cursors.remove(id);
    return std::unexpected(std::move(more).error());
  }
  reply.end();
  append_cursor_end(*more ? id : 0, request.database, collection, reply);
  reply.end();
  if (*more) {
    cursor->rows.pause();
    cursors.give_back(id, std::move(cursor));
  } else {
    cursors.remove(id);
  }
  return {};
}

void append_empty_batch(const Request& request, std::string_view collection, bson::Builder& reply) {
  reply.begin_document("cursor").begin_array("firstBatch").end();
  append_cursor_end(0, request.database, collection, reply);
  reply.end();
}

}  // namespace nacre::server
