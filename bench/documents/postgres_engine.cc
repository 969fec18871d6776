// PostgreSQL 15, started here from Debian's package as an unprivileged user on a socket in the
// benchmark's directory: JSONB, B-tree indexes on expressions, GIN for text, COPY to load, prepared
// statements, durable commits, 512 MB of shared buffers, room in the write-ahead log.
#ifdef NACRE_BENCH_POSTGRES
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#endif

#include "documents/engine.h"

namespace nacre::bench {

#ifdef NACRE_BENCH_POSTGRES
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

// Runs a program as an unprivileged user, its output in `log`. Returns its process.
pid_t start(const std::vector<std::string>& words, const std::string& log, const passwd* user) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  if (std::freopen(log.c_str(), "a", stdout) == nullptr) _exit(126);
  if (std::freopen(log.c_str(), "a", stderr) == nullptr) _exit(126);
  const bool is_other = user != nullptr;
  if (is_other && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) _exit(126);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

class Server {
 public:
  explicit Server(const std::string& directory) : directory_(directory), log_(directory + "/log") {
    const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
    if (geteuid() == 0 && user == nullptr) give_up("postgres", "there is no user postgres");
    if (user != nullptr && chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0) {
      give_up("postgres", "the directory cannot be given to user postgres");
    }
    const std::string data = directory + "/data";
    const pid_t made = start({kPrograms + std::string("initdb"), "-D", data, "-U", "bench",
                              "--auth=trust", "--locale=C.UTF-8", "--no-sync"},
                             log_, user);
    int status = 0;
    waitpid(made, &status, 0);
    if (status != 0) give_up("postgres", "initdb failed, see " + log_);
    pid_ = start({kPrograms + std::string("postgres"),
                  "-D",
                  data,
                  "-k",
                  directory,
                  "-h",
                  "",
                  "-c",
                  "shared_buffers=512MB",
                  "-c",
                  "effective_cache_size=4GB",
                  "-c",
                  "work_mem=64MB",
                  "-c",
                  "maintenance_work_mem=512MB",
                  "-c",
                  "max_wal_size=8GB",
                  "-c",
                  "checkpoint_timeout=30min",
                  "-c",
                  "random_page_cost=1.1",
                  "-c",
                  "jit=off",
                  "-c",
                  "max_connections=150",
                  "-c",
                  "synchronous_commit=on",
                  "-c",
                  "autovacuum=on"},
                 log_, user);
  }
  ~Server() {
    kill(pid_, SIGINT);
    waitpid(pid_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string address() const {
    return "host=" + directory_ + " user=bench dbname=postgres";
  }

  // What the server and its children hold, shared pages counted once.
  [[nodiscard]] std::uint64_t memory() const {
    std::uint64_t kilobytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      const bool is_process = name.find_first_not_of("0123456789") == std::string::npos;
      if (!is_process) continue;
      if (name != std::to_string(pid_) && parent_of(entry.path()) != pid_) continue;
      std::ifstream file(entry.path() / "smaps_rollup");
      for (std::string word; file >> word;) {
        std::uint64_t amount = 0;
        if (word == "Pss:" && file >> amount) kilobytes += amount;
      }
    }
    return kilobytes * 1024;
  }

 private:
  static pid_t parent_of(const std::filesystem::path& process) {
    std::ifstream file(process / "status");
    for (std::string word; file >> word;) {
      pid_t parent = 0;
      if (word == "PPid:" && file >> parent) return parent;
    }
    return 0;
  }

  std::string directory_;
  std::string log_;
  pid_t pid_ = -1;
};

class Connection {
 public:
  explicit Connection(const std::string& address) {
    // The server takes a moment to begin.
    for (int tries = 0; tries < 300; ++tries) {
      connection_ = PQconnectdb(address.c_str());
      if (PQstatus(connection_) == CONNECTION_OK) return;
      if (tries == 299) break;
      PQfinish(connection_);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    give_up("postgres", PQerrorMessage(connection_));
  }
  ~Connection() { PQfinish(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  struct Rows {
    std::size_t count = 0;
    std::string first;
  };
  Rows run(const std::string& sql) { return take(PQexec(connection_, sql.c_str())); }

  // Prepares it the first time.
  Rows run(const char* sql, const std::vector<std::string>& values) {
    const std::string name = "s" + std::to_string(reinterpret_cast<std::uintptr_t>(sql));
    if (prepared_.insert(name).second) {
      take(PQprepare(connection_, name.c_str(), sql, 0, nullptr));
    }
    std::vector<const char*> parameters;
    for (const std::string& value : values) parameters.push_back(value.c_str());
    return take(PQexecPrepared(connection_, name.c_str(), static_cast<int>(values.size()),
                               parameters.data(), nullptr, nullptr, 0));
  }

  void copy(const std::string& lines) {
    if (PQputCopyData(connection_, lines.data(), static_cast<int>(lines.size())) != 1) {
      give_up("postgres", PQerrorMessage(connection_));
    }
  }
  void end_copy() {
    PQputCopyEnd(connection_, nullptr);
    take(PQgetResult(connection_));
    while (PGresult* rest = PQgetResult(connection_)) PQclear(rest);
  }

 private:
  Rows take(PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    const bool is_fine =
        status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN;
    if (!is_fine) give_up("postgres", PQerrorMessage(connection_));
    Rows rows{.count = static_cast<std::size_t>(PQntuples(result)), .first = {}};
    if (rows.count > 0) rows.first = PQgetvalue(result, 0, 0);
    PQclear(result);
    return rows;
  }

  PGconn* connection_ = nullptr;
  std::set<std::string> prepared_;
};

class PostgresSession final : public Session {
 public:
  explicit PostgresSession(const std::string& address) : connection_(address) {}

  void insert(const std::string& json) override {
    connection_.run("INSERT INTO people SELECT ($1::jsonb->>'_id')::bigint, $1::jsonb", {json});
  }
  void increment(std::int64_t id) override {
    connection_.run(
        "UPDATE people SET body = jsonb_set(body, '{counter}', "
        "to_jsonb((body->>'counter')::bigint + 1)) WHERE id = $1::bigint",
        {std::to_string(id)});
  }
  std::size_t get(std::int64_t id) override {
    return connection_.run("SELECT body FROM people WHERE id = $1::bigint", {std::to_string(id)})
        .first.size();
  }
  std::size_t by_city(const std::string& city) override {
    return connection_.run("SELECT body FROM people WHERE body->>'city' = $1::text", {city}).count;
  }
  std::size_t best_scores(const std::string& country, double score) override {
    return connection_
        .run(
            "SELECT body FROM people WHERE body->>'country' = $1::text AND "
            "(body->>'score')::float8 <= $2::float8 ORDER BY (body->>'score')::float8 DESC "
            "LIMIT 20",
            {country, std::to_string(score)})
        .count;
  }
  std::size_t filter(std::int64_t age, std::string_view street_ending) override {
    return connection_
        .run(
            "SELECT body FROM people WHERE (body->>'age')::int = $1::int AND "
            "body->'address'->>'street' LIKE $2::text",
            {std::to_string(age), "%" + std::string(street_ending)})
        .count;
  }
  std::size_t count() override {
    return std::stoul(connection_.run("SELECT count(*) FROM people").first);
  }
  std::size_t group() override {
    return connection_
        .run(
            "SELECT body->>'country', count(*), avg((body->>'score')::float8), "
            "max((body->>'age')::int) FROM people GROUP BY 1")
        .count;
  }
  std::size_t unwind_group() override {
    return connection_
        .run(
            "SELECT t, count(*) FROM people, jsonb_array_elements_text(body->'tags') AS t "
            "GROUP BY t")
        .count;
  }
  std::size_t search(const std::string& words) override {
    return connection_
        .run(
            "SELECT body FROM people, websearch_to_tsquery('english', $1::text) AS q "
            "WHERE to_tsvector('english', body->>'bio') @@ q "
            "ORDER BY ts_rank(to_tsvector('english', body->>'bio'), q) DESC LIMIT 20",
            {words})
        .count;
  }

 private:
  Connection connection_;
};

class PostgresEngine final : public Engine {
 public:
  explicit PostgresEngine(const std::string& directory)
      : directory_(directory), server_(directory), connection_(server_.address()) {}

  void load(const Dataset& dataset) override {
    connection_.run("CREATE TABLE people (id bigint PRIMARY KEY, body jsonb NOT NULL)");
    connection_.run("CREATE INDEX by_city ON people ((body->>'city'))");
    connection_.run(
        "CREATE INDEX by_score ON people ((body->>'country'), ((body->>'score')::float8))");
    connection_.run("COPY people FROM STDIN");
    std::string lines;
    for (std::int64_t id = 0; id < dataset.size(); ++id) {
      lines += std::to_string(id) + "\t" + Dataset::document(id) + "\n";
      if (lines.size() < (std::size_t{1} << 20) && id + 1 < dataset.size()) continue;
      connection_.copy(lines);
      lines.clear();
    }
    connection_.end_copy();
    connection_.run("VACUUM ANALYZE people");
  }
  std::unique_ptr<Session> session() override {
    return std::make_unique<PostgresSession>(server_.address());
  }
  bool create_text_index() override {
    connection_.run(
        "CREATE INDEX by_bio ON people USING gin (to_tsvector('english', body->>'bio'))");
    return true;
  }
  std::uint64_t disk_bytes() override { return bytes_below(directory_ + "/data"); }
  std::uint64_t compacted_bytes() override {
    connection_.run("VACUUM FULL people");
    connection_.run("CHECKPOINT");
    return disk_bytes();
  }
  std::uint64_t peak_memory_bytes() override { return server_.memory(); }

 private:
  std::string directory_;
  Server server_;
  Connection connection_;
};

}  // namespace

std::unique_ptr<Engine> open_postgres(const std::string& directory) {
  return std::make_unique<PostgresEngine>(directory);
}
#else
std::unique_ptr<Engine> open_postgres(const std::string& /*directory*/) { return nullptr; }
#endif

}  // namespace nacre::bench
