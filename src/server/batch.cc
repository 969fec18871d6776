#include "server/batch.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <thread>
#include <utility>

#include "base/text.h"
#include "server/scope.h"
#include "server/wire_error.h"

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

// A worker that waits answers nobody else, so that at most half of them may.
constexpr int kWaitingMax = 16;
constexpr std::chrono::milliseconds kAwaitMax{1000};
constexpr std::chrono::milliseconds kAwaitStep{10};

class Waiting {
 public:
  Waiting() : number_(count_.fetch_add(1) + 1) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { count_.fetch_sub(1); }
  [[nodiscard]] bool allowed() const { return number_ <= kWaitingMax; }

 private:
  static inline std::atomic<int> count_{0};
  int number_;
};

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
  const bool stays = more || (cursor.rows.is_tail() && !cursor.rows.found_nothing());
  if (stays && !options.single_batch) {
    if (request.transaction != nullptr) cursor.transaction = request.transaction->tag;
    cursor.rows.pause();
    id = NACRE_TRY(request.services.cursors.add(std::make_unique<StoredCursor>(std::move(cursor))));
  }
  append_cursor_end(id, database, collection, reply);
  reply.end();
  return {};
}

namespace {

// Of a tailable cursor: goes on behind its end, and waits there for rows when asked to.
Result<> go_on(const Request& request, document::Database& database, std::int64_t id,
               StoredCursor& cursor) {
  const query::Scope scope = scope_of(request, database);
  NACRE_TRY(cursor.rows.go_on(scope));
  if (!cursor.awaits_data) return {};
  const Waiting waiting;
  if (!waiting.allowed()) return {};
  const auto limit = request.max_time_ms > 0
                         ? std::min(kAwaitMax, std::chrono::milliseconds(request.max_time_ms))
                         : kAwaitMax;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto row = NACRE_TRY(cursor.rows.peek());
    const bool over = std::chrono::steady_clock::now() >= until;
    if (row || over || !request.services.cursors.knows(id)) return {};
    std::this_thread::sleep_for(kAwaitStep);
    NACRE_TRY(cursor.rows.go_on(scope));
  }
}

// A time limit says how long to wait for data, which only some cursors do.
Result<> check_time_limit(const Request& request, const StoredCursor& cursor) {
  if (request.max_time_ms == 0 || cursor.awaits_data) return {};
  return fail(Code::kInvalid, wire_code::kBadValue,
              "cannot set maxTimeMS on getMore command for a non-awaitData cursor");
}

}  // namespace

Result<> append_next_batch(const Request& request, document::Database* database, std::int64_t id,
                           std::string_view collection, std::optional<std::int64_t> batch_size,
                           bson::Builder& reply) {
  Cursors& cursors = request.services.cursors;
  const std::string_view transaction =
      request.transaction == nullptr ? std::string_view() : request.transaction->tag;
  std::unique_ptr<StoredCursor> cursor =
      NACRE_TRY(cursors.take(id, request.database, collection, transaction));
  if (auto allowed = check_time_limit(request, *cursor); !allowed) {
    cursors.give_back(id, std::move(cursor));
    return allowed;
  }
  if (cursor->rows.is_tail() && database != nullptr) {
    auto on = go_on(request, *database, id, *cursor);
    if (!on) {
      cursors.remove(id);
      return on;
    }
  }
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
  const bool stays = *more || cursor->rows.is_tail();
  append_cursor_end(stays ? id : 0, request.database, collection, reply);
  reply.end();
  if (stays) {
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
