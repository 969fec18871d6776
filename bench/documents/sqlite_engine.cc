// SQLite in this process: JSON text, indexes on expressions, the write-ahead log, synchronous=FULL
// so that a commit is durable, 512 MB of cache, one connection for each thread.
#ifdef NACRE_BENCH_SQLITE
#include <sqlite3.h>

#include <map>
#endif

#include "documents/engine.h"

namespace nacre::bench {

#ifdef NACRE_BENCH_SQLITE
namespace {

class Connection {
 public:
  explicit Connection(const std::string& path) {
    check(sqlite3_open(path.c_str(), &database_));
    sqlite3_busy_timeout(database_, 120'000);
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA cache_size=-524288");
    run("PRAGMA mmap_size=4294967296");
    run("PRAGMA temp_store=MEMORY");
  }
  ~Connection() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void run(const char* sql) { check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

  // Prepared once, ready for its values.
  sqlite3_stmt* statement(const char* sql) {
    sqlite3_stmt*& statement = statements_[sql];
    if (statement == nullptr) {
      check(sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    }
    return statement;
  }
  // Steps to the end; rows, and the bytes of their first columns.
  struct Rows {
    std::size_t count = 0;
    std::size_t bytes = 0;
    std::int64_t first = 0;
  };
  Rows finish(sqlite3_stmt* statement) {
    Rows rows;
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
      if (rows.count++ == 0) rows.first = sqlite3_column_int64(statement, 0);
      rows.bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement, 0));
    }
    if (step != SQLITE_DONE) check(step);
    sqlite3_reset(statement);
    return rows;
  }
  void check(int code) {
    if (code != SQLITE_OK) give_up("sqlite", sqlite3_errmsg(database_));
  }

 private:
  sqlite3* database_ = nullptr;
  std::map<const char*, sqlite3_stmt*> statements_;
};

void bind(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(const std::string& path) : connection_(path) {}

  void insert(const std::string& json) override {
    sqlite3_stmt* statement = connection_.statement(
        "INSERT INTO people VALUES (CAST(json_extract(?1, '$._id') AS INTEGER), ?1)");
    bind(statement, 1, json);
    connection_.finish(statement);
  }
  void increment(std::int64_t id) override {
    sqlite3_stmt* statement = connection_.statement(
        "UPDATE people SET body = json_set(body, '$.counter', json_extract(body, '$.counter') + 1) "
        "WHERE id = ?1");
    sqlite3_bind_int64(statement, 1, id);
    connection_.finish(statement);
  }
  std::size_t get(std::int64_t id) override {
    sqlite3_stmt* statement = connection_.statement("SELECT body FROM people WHERE id = ?1");
    sqlite3_bind_int64(statement, 1, id);
    return connection_.finish(statement).bytes;
  }
  std::size_t by_city(const std::string& city) override {
    sqlite3_stmt* statement =
        connection_.statement("SELECT body FROM people WHERE json_extract(body, '$.city') = ?1");
    bind(statement, 1, city);
    return connection_.finish(statement).count;
  }
  std::size_t best_scores(const std::string& country, double score) override {
    sqlite3_stmt* statement = connection_.statement(
        "SELECT body FROM people WHERE json_extract(body, '$.country') = ?1 AND "
        "json_extract(body, '$.score') <= ?2 ORDER BY json_extract(body, '$.score') DESC LIMIT 20");
    bind(statement, 1, country);
    sqlite3_bind_double(statement, 2, score);
    return connection_.finish(statement).count;
  }
  std::size_t filter(std::int64_t age, std::string_view street_ending) override {
    sqlite3_stmt* statement = connection_.statement(
        "SELECT body FROM people WHERE json_extract(body, '$.age') = ?1 AND "
        "json_extract(body, '$.address.street') LIKE ?2");
    const std::string pattern = "%" + std::string(street_ending);
    sqlite3_bind_int64(statement, 1, age);
    bind(statement, 2, pattern);
    return connection_.finish(statement).count;
  }
  std::size_t count() override {
    return static_cast<std::size_t>(
        connection_.finish(connection_.statement("SELECT count(*) FROM people")).first);
  }
  std::size_t group() override {
    return connection_
        .finish(connection_.statement(
            "SELECT json_extract(body, '$.country') AS k, count(*), "
            "avg(json_extract(body, '$.score')), max(json_extract(body, '$.age')) "
            "FROM people GROUP BY k"))
        .count;
  }
  std::size_t unwind_group() override {
    return connection_
        .finish(connection_.statement("SELECT t.value, count(*) FROM people, "
                                      "json_each(people.body, '$.tags') AS t GROUP BY t.value"))
        .count;
  }
  std::size_t search(const std::string& words) override {
    sqlite3_stmt* statement = connection_.statement(
        "SELECT p.body FROM bios b JOIN people p ON p.id = b.rowid WHERE bios MATCH ?1 "
        "ORDER BY rank LIMIT 20");
    bind(statement, 1, words);
    return connection_.finish(statement).count;
  }

 private:
  Connection connection_;
};

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(const std::string& directory)
      : directory_(directory), path_(directory + "/people.sqlite"), connection_(path_) {}

  void load(const Dataset& dataset) override {
    connection_.run("CREATE TABLE people (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    connection_.run("CREATE INDEX by_city ON people (json_extract(body, '$.city'))");
    connection_.run(
        "CREATE INDEX by_score ON people (json_extract(body, '$.country'), "
        "json_extract(body, '$.score'))");
    sqlite3_stmt* statement = connection_.statement("INSERT INTO people VALUES (?1, ?2)");
    constexpr std::int64_t kBatch = 10'000;
    for (std::int64_t id = 0; id < dataset.size(); ++id) {
      if (id % kBatch == 0) connection_.run("BEGIN IMMEDIATE");
      const std::string json = Dataset::document(id);
      sqlite3_bind_int64(statement, 1, id);
      bind(statement, 2, json);
      connection_.finish(statement);
      if (id % kBatch == kBatch - 1 || id + 1 == dataset.size()) connection_.run("COMMIT");
    }
    connection_.run("ANALYZE");
  }
  std::unique_ptr<Session> session() override { return std::make_unique<SqliteSession>(path_); }
  bool create_text_index() override {
    connection_.run(
        "CREATE VIRTUAL TABLE bios USING fts5(bio, content='', tokenize='porter unicode61')");
    connection_.run(
        "INSERT INTO bios(rowid, bio) SELECT id, json_extract(body, '$.bio') FROM people");
    return true;
  }
  std::uint64_t disk_bytes() override { return bytes_below(directory_); }
  std::uint64_t compacted_bytes() override {
    connection_.run("VACUUM");
    connection_.run("PRAGMA wal_checkpoint(TRUNCATE)");
    return bytes_below(directory_);
  }
  std::uint64_t peak_memory_bytes() override { return peak_memory_of_process(); }

 private:
  std::string directory_;
  std::string path_;
  Connection connection_;
};

}  // namespace

std::unique_ptr<Engine> open_sqlite(const std::string& directory) {
  return std::make_unique<SqliteEngine>(directory);
}
#else
std::unique_ptr<Engine> open_sqlite(const std::string& /*directory*/) { return nullptr; }
#endif

}  // namespace nacre::bench
