// Open cursors of all clients: what getMore goes on with.
//
// Why server-wide: a cursor belongs to whoever knows its id, whatever connection it comes from;
//   ids are 62 random bits, and the namespace must agree.
// A stored cursor holds no lease on its database: it is used under a lease of the command that
//   runs, and dropping or closing a database kills its cursors before it closes.
// A cursor whose collection goes gives its rows back at once; who asks it for more is told so,
// once. Errors:  kNotFound 43 (CursorNotFound), 175 (QueryPlanKilled) once after end_all_of;
// kConflict
//          12051 (CursorInUse); kFull 146 when kCursorsMax
//          are open.
// Threads: internally locked; a taken cursor belongs to who took it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "bson/builder.h"
#include "query/cursor.h"
#include "query/tail.h"

namespace nacre::server {

inline constexpr std::size_t kCursorsMax = 10'000;
inline constexpr std::chrono::minutes kCursorIdleMax{10};

// The rows of one cursor, with a place for the row that did not fit into the last batch.
class Rows {
 public:
  explicit Rows(query::Cursor cursor) : cursor_(std::move(cursor)) {}
  explicit Rows(std::vector<bson::Document> documents) : documents_(std::move(documents)) {}
  explicit Rows(query::Tail tail) : tail_(std::move(tail)) {}

  // The next row without taking it; nothing at the end. Valid until the next take or pause.
  [[nodiscard]] Result<std::optional<bson::View>> peek();
  void take() { peeked_ = Peeked::kNo; }
  // Before the rows wait for the next batch.
  void pause();
  void set_time_limit(std::int64_t milliseconds);

  // Of a tailable find: rows may follow later.
  [[nodiscard]] bool is_tail() const { return tail_.has_value(); }
  [[nodiscard]] bool found_nothing() const { return tail_ && tail_->found_nothing(); }
  // Whether there are rows again behind an end. Requires is_tail().
  [[nodiscard]] Result<> go_on(const query::Scope& scope);

 private:
  enum class Peeked : std::uint8_t { kNo, kView, kKept, kEnd };

  std::optional<query::Cursor> cursor_;    // or
  std::optional<query::Tail> tail_;        // or
  std::vector<bson::Document> documents_;  // all of them
  std::size_t next_ = 0;                   // of documents_
  Peeked peeked_ = Peeked::kNo;
  bson::View view_;      // kView: the row
  bson::Document kept_;  // kKept: the row, over a pause
};

struct StoredCursor {
  std::string database;
  std::string collection;
  Rows rows;
  bool times_out = true;
  bool awaits_data = false;      // a getMore waits when there is nothing new
  std::string transaction = {};  // the tag of the transaction it reads; "" when in none
};

class Cursors {
 public:
  // Returns the id under which `cursor` waits for its first getMore.
  [[nodiscard]] Result<std::int64_t> add(std::unique_ptr<StoredCursor> cursor);

  // Takes the cursor for one getMore; then either give_back or remove.
  // `transaction` must be what the cursor has: one command at a time uses a
  // transaction.
  [[nodiscard]] Result<std::unique_ptr<StoredCursor>> take(std::int64_t id,
                                                           std::string_view database,
                                                           std::string_view collection,
                                                           std::string_view transaction);
  void give_back(std::int64_t id, std::unique_ptr<StoredCursor> cursor);
  void remove(std::int64_t id);
  [[nodiscard]] bool knows(std::int64_t id);  // a killed one is known no more

  // False: there is none of that id in that namespace. One in use ends with its running getMore.
  bool kill(std::int64_t id, std::string_view database, std::string_view collection);
  void kill_all();
  // Of a database, or of one collection in it: `reason` is what the next getMore of each is told.
  void end_all_of(std::string_view database, std::string_view reason);
  void end_all_of(std::string_view database, std::string_view collection, std::string_view reason);
  // Those that read the transaction of that tag. Requires that no command of it
  // runs.
  void kill_all_of_transaction(std::string_view tag);
  // Those that waited for longer than kCursorIdleMax; how many.
  std::size_t kill_idle(std::chrono::steady_clock::time_point now);

  [[nodiscard]] std::size_t open_count();
  [[nodiscard]] std::uint64_t timed_out_count();

 private:
  struct Entry {
    std::unique_ptr<StoredCursor> cursor;  // null while a getMore has it, and when it has ended
    std::string ended;                     // why; empty as long as it lives
    std::string database;
    std::string collection;
    std::string transaction;
    std::chrono::steady_clock::time_point last_used;
  };

  void kill_where(const std::function<bool(const Entry&)>& condition);
  void end_where(const std::function<bool(const Entry&)>& condition, std::string_view reason);

  Mutex mutex_{"server cursors", 3};
  std::unordered_map<std::int64_t, Entry> entries_ NACRE_GUARDED_BY(mutex_);
  std::uint64_t timed_out_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::server
