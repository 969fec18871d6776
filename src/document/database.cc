#include "document/database.h"

#include <atomic>
#include <utility>

#include "base/error_codes.h"
#include "base/mutex.h"
#include "base/text.h"
#include "document/capped.h"
#include "document/database_internal.h"
#include "document/index_build_internal.h"
#include "document/verify_internal.h"

namespace nacre::document {
namespace {

// A writer that lost this often lines up with the others of its key; see Database::transact.
constexpr int kFreeAttempts = 2;
constexpr int kAttemptsMax = 1000;
using error_codes::kAmbiguousIndexKeyPattern;

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> count{0};
  return count.fetch_add(1) + 1;
}

class QueuedWriter {
 public:
  explicit QueuedWriter(std::atomic<std::uint32_t>& count) : count_(count) { count_.fetch_add(1); }
  QueuedWriter(const QueuedWriter&) = delete;
  QueuedWriter& operator=(const QueuedWriter&) = delete;
  ~QueuedWriter() { count_.fetch_sub(1); }

 private:
  std::atomic<std::uint32_t>& count_;
};

std::string last_part(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path.substr(path.rfind('/') + 1));
}

// The catalog of that place, `known` when that is it.
Result<std::shared_ptr<const Catalog>> load_catalog(const txn::Snapshot& at,
                                                    std::shared_ptr<const Catalog> known) {
  const auto header = NACRE_TRY(at.get(kCatalogTable, as_bytes(kHeaderKey)));
  if (header && known != nullptr) {
    const std::uint64_t version = NACRE_TRY(Catalog::version_in_header(as_bytes(*header)));
    if (version == known->version()) return known;
  }
  return Catalog::load(at);
}

// What a body that was overtaken by another writer gives; any other conflict is its answer.
bool is_overtaken(const Error& error) {
  return error.code() == Code::kConflict && error.number() == kWriteConflict;
}

}  // namespace

Database::Rep::Rep(std::unique_ptr<txn::Database> engine, io::FileSystem& files,
                   std::string directory)
    : serial(next_serial()),
      rows(std::move(engine)),
      temporary_files(files, std::move(directory)) {}

Result<std::shared_ptr<const Catalog>> Database::Rep::catalog_at(const txn::Snapshot& at,
                                                                 std::uint64_t changes_before) {
  std::shared_ptr<const Catalog> newest;
  {
    const MutexLock lock(mutex);
    if (cached != nullptr && cached_changes == changes.load() && at.position() >= cached_from) {
      return cached;
    }
    newest = cached;
  }
  auto catalog = NACRE_TRY(load_catalog(at, std::move(newest)));
  if (changes_in_flight(changes_before)) return catalog;
  const MutexLock lock(mutex);
  if (changes.load() == changes_before) {
    cached = catalog;
    cached_changes = changes_before;
    cached_from = at.position();
  }
  return catalog;
}

Database::Database(std::string name, std::unique_ptr<Rep> rep)
    : name_(std::move(name)), rep_(std::move(rep)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(std::string_view path, const Options& options) {
  auto rows = NACRE_TRY(txn::Database::open(path, options.engine));
  std::string name = options.name.empty() ? last_part(path) : options.name;
  auto rep = std::make_unique<Rep>(std::move(rows), *options.engine.file_system, std::string(path));
  std::unique_ptr<Database> database(new Database(std::move(name), std::move(rep)));
  if (options.engine.clock != nullptr) database->rep_->clock = options.engine.clock;
  NACRE_TRY(database->rep_->temporary_files.remove_leftovers());
  NACRE_TRY(remove_unfinished_indexes(*database));
  NACRE_TRY(remove_temporary_collections(*database));
  if (options.engine.background_thread && options.expiry_interval_ms > 0) {
    database->rep_->start_expiry(*database, options.expiry_interval_ms);
    const Snapshot now = NACRE_TRY(database->snapshot());
    database->rep_->schedule_expiry(now.catalog());
  }
  return database;
}

TemporaryFiles& Database::temporary_files() { return rep_->temporary_files; }

Result<Snapshot> Database::snapshot() {
  const std::uint64_t before = rep_->changes.load();
  txn::Snapshot rows = rep_->rows->snapshot();
  auto catalog = NACRE_TRY(rep_->catalog_at(rows, before));
  return Snapshot(std::move(rows), std::move(catalog));
}

Result<std::shared_ptr<const Catalog>> Database::Rep::catalog_of_past(const txn::Snapshot& at) {
  std::shared_ptr<const Catalog> newest;
  {
    const MutexLock lock(mutex);
    newest = cached;
  }
  return load_catalog(at, std::move(newest));
}

Result<Snapshot> Database::snapshot_at(Position position) {
  txn::Snapshot rows = NACRE_TRY(rep_->rows->snapshot_at(position));
  auto catalog = NACRE_TRY(rep_->catalog_of_past(rows));
  return Snapshot(std::move(rows), std::move(catalog));
}

Result<Snapshot> Database::snapshot_at_time(Time time) {
  txn::Snapshot rows = NACRE_TRY(rep_->rows->snapshot_at_time(time));
  auto catalog = NACRE_TRY(rep_->catalog_of_past(rows));
  return Snapshot(std::move(rows), std::move(catalog));
}

Position Database::horizon() const { return rep_->rows->horizon(); }
Result<txn::Follower> Database::follow(Position after) { return rep_->rows->follow(after); }

Result<Transaction> Database::begin() {
  const std::uint64_t before = rep_->changes.load();
  txn::Transaction rows = rep_->rows->begin();
  auto catalog = NACRE_TRY(rep_->catalog_at(rows.snapshot(), before));
  return Transaction(this, std::move(rows), std::move(catalog));
}

Result<Position> Database::transact(const std::function<Result<>(Transaction&)>& body,
                                    txn::Durability durability, std::size_t hot_key) {
  const auto attempt = [&](const auto& end) -> decltype(end(std::declval<Transaction&>())) {
    Transaction transaction = NACRE_TRY(begin());
    NACRE_TRY(body(transaction));
    return end(transaction);
  };
  Rep::Line& line = rep_->line_of(hot_key);
  // Where others are in line already, running beside them would only make both run again.
  const bool is_crowded = hot_key != 0 && line.queued.load() > 0;
  const int free_attempts = is_crowded ? 0 : kFreeAttempts;
  for (int tries = 0; tries < free_attempts; ++tries) {
    auto position = attempt([&](Transaction& one) { return one.commit(durability); });
    if (position || !is_overtaken(position.error())) return position;
  }
  // In line, a writer leaves its place as soon as its commit is in order. The waits for the disk
  // and for a checkpoint that lags behind come after, so that those in line share one log write.
  const QueuedWriter queued(line.queued);
  for (int tries = kFreeAttempts; tries < kAttemptsMax; ++tries) {
    MutexLock lock(line.mutex);
    auto submitted = attempt([](Transaction& one) { return one.submit(); });
    lock.unlock();
    if (!submitted && is_overtaken(submitted.error())) continue;
    if (!submitted) return std::unexpected(std::move(submitted).error());
    NACRE_TRY(rep_->rows->finish(*submitted, durability));
    return submitted->position;
  }
  return fail(Code::kConflict, kWriteConflict,
              format("a statement lost against other writers {} times", kAttemptsMax));
}

Result<> Database::create_collection(std::string_view collection, bson::View options) {
  const auto body = [&](Transaction& transaction) {
    return transaction.create_collection(collection, options);
  };
  NACRE_TRY(transact(body));
  return {};
}

Result<bool> Database::drop_collection(std::string_view collection) {
  bool dropped = false;
  const auto body = [&](Transaction& transaction) -> Result<> {
    dropped = NACRE_TRY(transaction.drop_collection(collection));
    return {};
  };
  NACRE_TRY(transact(body));
  return dropped;
}

Result<> Database::drop_all() {
  const auto body = [](Transaction& transaction) -> Result<> {
    for (const std::string& name : transaction.catalog().collection_names()) {
      NACRE_TRY(transaction.drop_collection(name));
    }
    return {};
  };
  NACRE_TRY(transact(body));
  return {};
}

Result<CreateIndexesResult> Database::create_indexes(std::string_view collection,
                                                     std::span<const IndexSpec> specs,
                                                     txn::Durability durability,
                                                     const IndexBuildWatch& watch) {
  return build_indexes(*this, collection, specs, durability, watch);
}

Result<> Database::drop_index(std::string_view collection, std::string_view index) {
  const auto body = [&](Transaction& transaction) {
    return transaction.drop_index(collection, index);
  };
  NACRE_TRY(transact(body));
  return {};
}

Result<> Database::drop_index(std::string_view collection, bson::View key) {
  const IndexSpec wanted = NACRE_TRY(parse_key_pattern(key));
  const auto body = [&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.require_for_write(collection));
    std::vector<std::string> found;
    for (const IndexInfo& index : info->indexes) {
      if (index.fields != wanted.fields) continue;
      // All text indexes have one pattern once they are kept; there is one of them at most.
      found.push_back(index.name);
    }
    if (found.size() > 1) {
      return fail(Code::kInvalid, kAmbiguousIndexKeyPattern,
                  format("{} indexes found for key pattern {}: drop them by name", found.size(),
                         wanted.name));
    }
    if (found.size() == 1) return transaction.drop_index(collection, found.front());
    if (wanted.fields.size() == 1 && wanted.fields.front().path == "_id") {
      return transaction.drop_index(collection, kIdIndexName);
    }
    return fail(Code::kNotFound, kIndexNotFound,
                "can't find index with key pattern " + wanted.name);
  };
  NACRE_TRY(transact(body));
  return {};
}

Result<txn::CompactReport> Database::compact(const txn::CompactOptions& options) {
  return rep_->rows->compact(options);
}
Result<DatabaseVerifyReport> Database::verify() { return verify_database(*this, *rep_->rows); }
PlanMemory& Database::plans() { return rep_->plans; }
Result<> Database::sync() { return rep_->rows->sync(); }
Result<> Database::checkpoint() { return rep_->rows->checkpoint(); }
txn::Stats Database::stats() const { return rep_->rows->stats(); }
Result<> Database::close() {
  if (rep_->expiry != nullptr) rep_->expiry->cancel();
  return rep_->rows->close();
}
Time Database::now() const { return rep_->clock->now(); }

}  // namespace nacre::document
