// SQLite as a key-value store, tuned as its documentation says: WAL, memory-mapped reads, a table
// without row ids, prepared statements, one connection per thread, one writer at a time.
#include <sqlite3.h>

#include <mutex>
#include <utility>

#include "base/text.h"
#include "kv/engine.h"

namespace nacre::bench {
namespace {

Result<> checked(int status, sqlite3* connection, std::string_view call) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return {};
  return fail(Code::kIo, format("SQLite: {}: {}", call, sqlite3_errmsg(connection)));
}

struct Close {
  void operator()(sqlite3* connection) const { sqlite3_close(connection); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Connection = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

Result<> run(sqlite3* connection, const char* sql) {
  return checked(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), connection, sql);
}

Result<Statement> prepared(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  NACRE_TRY(checked(sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                       SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
                    connection, sql));
  return Statement(statement);
}

void bind_blob(const Statement& statement, int index, std::string_view text) {
  sqlite3_bind_blob(statement.get(), index, text.data(), static_cast<int>(text.size()),
                    SQLITE_STATIC);
}

void see_value(const Statement& statement, Tally& tally) {
  const void* data = sqlite3_column_blob(statement.get(), 0);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
  tally.see({static_cast<const char*>(data), size});
}

class SqliteSession final : public Session {
 public:
  SqliteSession(Connection connection, std::mutex& writer)
      : connection_(std::move(connection)), writer_(writer) {}

  Result<> prepare() {
    get_ = NACRE_TRY(prepared(connection_.get(), "SELECT v FROM rows WHERE k = ?"));
    scan_from_ = NACRE_TRY(
        prepared(connection_.get(), "SELECT v FROM rows WHERE k >= ? ORDER BY k LIMIT ?"));
    scan_ = NACRE_TRY(prepared(connection_.get(), "SELECT v FROM rows ORDER BY k"));
    put_ = NACRE_TRY(prepared(connection_.get(), "INSERT OR REPLACE INTO rows VALUES (?, ?)"));
    begin_ = NACRE_TRY(prepared(connection_.get(), "BEGIN"));
    begin_write_ = NACRE_TRY(prepared(connection_.get(), "BEGIN IMMEDIATE"));
    commit_ = NACRE_TRY(prepared(connection_.get(), "COMMIT"));
    return {};
  }

  Result<> refresh() override {
    NACRE_TRY(end_reading());
    reading_ = true;
    return once(begin_);
  }

  Result<bool> get(std::string_view key, Tally& tally) override {
    bind_blob(get_, 1, key);
    const int status = sqlite3_step(get_.get());
    if (status == SQLITE_ROW) see_value(get_, tally);
    sqlite3_reset(get_.get());
    NACRE_TRY(checked(status, connection_.get(), "SELECT"));
    return status == SQLITE_ROW;
  }

  Result<> scan_from(std::string_view key, std::uint64_t limit, Tally& tally) override {
    bind_blob(scan_from_, 1, key);
    sqlite3_bind_int64(scan_from_.get(), 2, static_cast<sqlite3_int64>(limit));
    int status = sqlite3_step(scan_from_.get());
    for (; status == SQLITE_ROW; status = sqlite3_step(scan_from_.get())) {
      see_value(scan_from_, tally);
    }
    sqlite3_reset(scan_from_.get());
    return checked(status, connection_.get(), "SELECT");
  }

  Result<> scan(Tally& tally) override {
    int status = sqlite3_step(scan_.get());
    for (; status == SQLITE_ROW; status = sqlite3_step(scan_.get())) see_value(scan_, tally);
    sqlite3_reset(scan_.get());
    return checked(status, connection_.get(), "SELECT");
  }

  Result<> put(std::span<const Row> rows) override {
    NACRE_TRY(end_reading());
    const std::lock_guard lock(writer_);
    NACRE_TRY(once(begin_write_));
    for (const Row& row : rows) {
      bind_blob(put_, 1, row.key);
      bind_blob(put_, 2, row.value);
      NACRE_TRY(once(put_));
    }
    return once(commit_);
  }

 private:
  Result<> once(const Statement& statement) {
    const int status = sqlite3_step(statement.get());
    sqlite3_reset(statement.get());
    return checked(status, connection_.get(), sqlite3_sql(statement.get()));
  }

  Result<> end_reading() {
    if (!reading_) return {};
    reading_ = false;
    return once(commit_);
  }

  Connection connection_;  // before the statements: closed after them
  std::mutex& writer_;
  bool reading_ = false;
  Statement get_, scan_, scan_from_, put_, begin_, begin_write_, commit_;
};

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(const Setup& setup)
      : file_(setup.directory + "/rows.sqlite"),
        map_bytes_(setup.data_bytes * 4 + (std::uint64_t{1} << 30)) {}

  Result<> create_table() {
    const Connection connection = NACRE_TRY(connect("NORMAL"));
    return run(connection.get(),
               "CREATE TABLE rows (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID");
  }

  Result<> load(const Load& load) override {
    auto session = NACRE_TRY(open_session("NORMAL"));
    NACRE_TRY(
        in_batches(load, 100'000, [&](std::span<const Row> rows) { return session->put(rows); }));
    session.reset();
    return settle();
  }

  Result<> settle() override {
    const Connection connection = NACRE_TRY(connect("FULL"));
    return run(connection.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
  }

  Result<std::unique_ptr<Session>> session(Promise promise) override {
    return open_session(promise == Promise::kDurable ? "FULL" : "OFF");
  }

 private:
  // NORMAL syncs at checkpoints only, FULL at each commit, OFF never.
  Result<std::unique_ptr<Session>> open_session(const char* synchronous) {
    auto session = std::make_unique<SqliteSession>(NACRE_TRY(connect(synchronous)), writer_);
    NACRE_TRY(session->prepare());
    return session;
  }

  Result<Connection> connect(const char* synchronous) {
    sqlite3* opened = nullptr;
    const int status =
        sqlite3_open_v2(file_.c_str(), &opened,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    Connection connection(opened);
    NACRE_TRY(checked(status, opened, "open"));
    const std::string settings = format(
        "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous={}; PRAGMA "
        "mmap_size={}; "
        "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=10000; PRAGMA busy_timeout=10000;",
        synchronous, map_bytes_);
    NACRE_TRY(run(opened, settings.c_str()));
    return connection;
  }

  std::string file_;
  std::uint64_t map_bytes_;
  std::mutex writer_;  // waiting here is cheaper than SQLite's busy handler
};

}  // namespace

EngineKind sqlite_kind() {
  return {
      "sqlite",
      format("{}, WAL, 8 KB pages, WITHOUT ROWID, mmap over all, 64 MB cache per connection, "
             "prepared statements, checkpoint every 10000 pages; durable: synchronous=FULL; later: "
             "synchronous=OFF; load: NORMAL",
             SQLITE_VERSION),
      [](const Setup& setup) -> Result<std::unique_ptr<Engine>> {
        auto engine = std::make_unique<SqliteEngine>(setup);
        NACRE_TRY(engine->create_table());
        return engine;
      }};
}

}  // namespace nacre::bench
