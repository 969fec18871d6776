#include <algorithm>
#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/buggify.h"
#include "base/planted.h"
#include "base/text.h"
#include "document/database_internal.h"
#include "document/envelope.h"
#include "document/index_build_internal.h"
#include "document/index_keys.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

constexpr std::size_t kBuildBatch = 2000;  // documents in one commit at most

// An index that is being built. Another of its name may take its place meanwhile, when this one is
// dropped; that is not ours.
struct Building {
  std::string name;
  TableId table;

  // Null: it was dropped.
  [[nodiscard]] const IndexInfo* find(const CollectionInfo* collection) const {
    const IndexInfo* index = collection == nullptr ? nullptr : collection->find_index(name);
    const bool is_ours =
        index != nullptr && (index->table == table || NACRE_PLANTED(namesake_taken_for_own_index));
    return is_ours ? index : nullptr;
  }
  [[nodiscard]] std::unexpected<Error> aborted() const {
    return fail(Code::kClosed, kIndexBuildAborted,
                format("index {} was dropped while it was built", name));
  }
};

class IndexBuild {
 public:
  IndexBuild(Database& database, std::string_view collection, const std::vector<Building>& indexes,
             const std::function<bool(std::uint64_t)>& watch)
      : database_(database), collection_(collection), indexes_(indexes), watch_(watch) {}

  Result<> run() {
    std::size_t batch = NACRE_BUGGIFY("document.build_in_steps") ? 3 : kBuildBatch;
    bool more = true;
    while (more) {
      if (!watch_(done_)) {
        return fail(Code::kClosed, kIndexBuildAborted, "the index build was cancelled");
      }
      std::string reached = reached_;
      auto added = commit_batch(batch, reached, more);
      if (added) {
        reached_ = std::move(reached);
        done_ += counted_;
        batch = std::min(kBuildBatch, NACRE_BUGGIFY("document.build_slowly") ? batch : batch * 2);
      } else if (added.error().code() == Code::kConflict ||
                 (added.error().code() == Code::kFull && batch > 1)) {
        // Writers change these documents faster than we add them, or they have more entries than
        // one commit may write: smaller steps get through.
        batch = std::max<std::size_t>(1, batch / 4);
        more = true;
      } else {
        return added;
      }
    }
    return {};
  }

 private:
  Result<> commit_batch(std::size_t batch, std::string& reached, bool& more) {
    Transaction transaction = NACRE_TRY(database_.begin());
    more = NACRE_TRY(add_batch(transaction, batch, reached));
    NACRE_TRY(transaction.commit(txn::Durability::kAsync));
    return {};
  }

  // Adds the entries of up to `batch` documents behind `reached`, and moves it on.
  // False: these were the last.
  Result<bool> add_batch(Transaction& transaction, std::size_t batch, std::string& reached) {
    const CollectionInfo* info = NACRE_TRY(transaction.require_for_write(collection_));
    auto cursor = NACRE_TRY(transaction.rows().snapshot().cursor(info->table));
    bool row = reached.empty() ? NACRE_TRY(cursor->seek_first())
                               : NACRE_TRY(cursor->seek(as_bytes(reached + '\0')));
    counted_ = 0;
    for (; row && counted_ < batch; ++counted_) {
      reached = to_string(cursor->key());
      NACRE_TRY(transaction.rows().require_unchanged(info->table, cursor->key()));
      const bson::View document = NACRE_TRY(decode_bson(cursor->value()));
      NACRE_TRY(add_document(transaction, cursor->key(), document));
      row = NACRE_TRY(cursor->next());
    }
    return row;
  }

  Result<> add_document(Transaction& transaction, Bytes key, bson::View document) {
    for (const Building& building : indexes_) {
      const IndexInfo* index = building.find(transaction.catalog().find(collection_));
      if (index == nullptr) return building.aborted();
      NACRE_TRY(index_entries(*index, document, key, entries_));
      for (const IndexEntry& entry : entries_.entries) {
        NACRE_TRY(add_entry(transaction, *index, entry, key, document));
      }
      // mark_index may replace what `index` points to; it is not used behind it.
      NACRE_TRY(transaction.mark_index(collection_, *index, entries_.traits));
    }
    return {};
  }

  Result<> add_entry(Transaction& transaction, const IndexInfo& index, const IndexEntry& entry,
                     Bytes key, bson::View document) {
    if (index.has_bare_keys()) {
      const auto there = NACRE_TRY(transaction.rows().get(index.table, as_bytes(entry.key)));
      if (there) {
        const Bytes owner = NACRE_TRY(id_key_of_entry(as_bytes(entry.key), as_bytes(*there)));
        if (equal(owner, key)) return {};
        const bson::Document values = values_of_entry(index, document, key, as_bytes(entry.key));
        return std::unexpected(duplicate_key(database_.name(), collection_, index.name,
                                             index.specification.find("key").document(), values));
      }
    }
    return transaction.rows().put(index.table, as_bytes(entry.key), as_bytes(entry.value));
  }

  Database& database_;
  std::string collection_;
  const std::vector<Building>& indexes_;
  const std::function<bool(std::uint64_t)>& watch_;  // documents done; false: stop
  std::string reached_;        // key of the last document whose entries are in
  std::uint64_t done_ = 0;     // documents whose entries are in
  std::uint64_t counted_ = 0;  // of the batch
  IndexEntries entries_;
};

Result<> drop_those(Database& database, std::string_view collection,
                    const std::vector<Building>& indexes) {
  const auto body = [&](Transaction& transaction) -> Result<> {
    for (const Building& building : indexes) {
      if (building.find(transaction.catalog().find(collection)) == nullptr) continue;
      NACRE_TRY(transaction.drop_index(collection, building.name));
    }
    return {};
  };
  NACRE_TRY(database.transact(body));
  return {};
}

std::size_t ready_count(const Catalog& catalog, std::string_view collection) {
  const CollectionInfo* info = catalog.find(collection);
  return info == nullptr ? 0 : info->index_specifications().size();
}

}  // namespace

// Somebody who builds indexes: counted from before they are in the catalog until they are ready or
// gone, and shown among the builds of its database while it is at work.
class IndexBuildEntry {
 public:
  explicit IndexBuildEntry(Database& database) : rep_(*database.rep_) {
    const MutexLock lock(rep_.mutex);
    ++rep_.builders;
    at_ = rep_.builds.end();
  }
  IndexBuildEntry(const IndexBuildEntry&) = delete;
  IndexBuildEntry& operator=(const IndexBuildEntry&) = delete;
  ~IndexBuildEntry() {
    const MutexLock lock(rep_.mutex);
    if (at_ != rep_.builds.end()) rep_.builds.erase(at_);
    --rep_.builders;
    rep_.builder_ended.notify_all();
  }

  void show(IndexBuildProgress progress) {
    const MutexLock lock(rep_.mutex);
    at_ = rep_.builds.insert(rep_.builds.begin(), std::move(progress));
  }
  IndexBuildProgress advance(std::uint64_t done) {
    const MutexLock lock(rep_.mutex);
    at_->documents_done = done;
    return *at_;
  }

  // Lets some time pass, until one of them ends at the most. False: there is none.
  [[nodiscard]] static bool wait_for_one(Database& database) {
    constexpr std::chrono::microseconds kAtMost = std::chrono::milliseconds(100);
    Database::Rep& rep = *database.rep_;
    const MutexLock lock(rep.mutex);
    if (rep.builders == 0) return false;
    rep.builder_ended.wait_for(rep.mutex, kAtMost);
    return true;
  }

 private:
  Database::Rep& rep_;
  std::list<IndexBuildProgress>::iterator at_;
};

std::vector<IndexBuildProgress> Database::index_builds() const {
  const MutexLock lock(rep_->mutex);
  return {rep_->builds.begin(), rep_->builds.end()};
}

namespace {

// A walk over the keys alone: quick beside the build itself.
Result<std::uint64_t> count_documents(Database& database, std::string_view collection) {
  const Snapshot snapshot = NACRE_TRY(database.snapshot());
  const CollectionInfo* info = snapshot.catalog().find(collection);
  if (info == nullptr) return 0;
  auto cursor = NACRE_TRY(snapshot.rows().cursor(info->table));
  cursor->read_values(false);
  std::uint64_t count = 0;
  bool row = NACRE_TRY(cursor->seek_first());
  while (row) {
    const auto some = NACRE_TRY(cursor->read_rows({}));
    count += some.rows.size();
    row = some.more;
  }
  return count;
}

std::vector<std::string> names_of(const std::vector<Building>& indexes) {
  std::vector<std::string> names;
  names.reserve(indexes.size());
  for (const Building& building : indexes) names.push_back(building.name);
  return names;
}

Result<> build(Database& database, IndexBuildEntry& entry, std::string_view collection,
               const std::vector<Building>& indexes, const IndexBuildWatch& watch) {
  const std::uint64_t total = NACRE_TRY(count_documents(database, collection));
  entry.show({.collection = std::string(collection),
              .indexes = names_of(indexes),
              .documents_done = 0,
              .documents_total = total});
  const std::function<bool(std::uint64_t)> step = [&](std::uint64_t done) {
    const IndexBuildProgress progress = entry.advance(done);
    return !watch || watch(progress);
  };
  return IndexBuild(database, collection, indexes, step).run();
}

// What is asked for and not ready.
struct Missing {
  std::vector<Building> ours;    // that we have added
  std::vector<Building> others;  // that were being built already
};

Result<CreateIndexesResult> add_missing(Database& database, std::string_view collection,
                                        std::span<const IndexSpec> specs,
                                        txn::Durability durability, Missing& missing) {
  CreateIndexesResult result;
  const auto add = [&](Transaction& transaction) -> Result<> {
    missing = {};
    result.collection_created = transaction.catalog().find(collection) == nullptr;
    NACRE_TRY(transaction.open_for_write(collection));
    result.count_before = ready_count(transaction.catalog(), collection);
    for (const IndexSpec& spec : specs) {
      const bool is_new = NACRE_TRY(transaction.add_index(collection, spec));
      const IndexInfo* index = transaction.catalog().find(collection)->find_index(spec.name);
      if (index == nullptr || index->state == IndexState::kReady) continue;  // null: that on _id
      const bool is_ours =
          std::ranges::find(missing.ours, index->table, &Building::table) != missing.ours.end();
      if (is_ours) continue;  // asked for twice
      (is_new ? missing.ours : missing.others).push_back({spec.name, index->table});
    }
    return {};
  };
  NACRE_TRY(database.transact(add, durability));
  result.count_after = result.count_before + missing.ours.size() + missing.others.size();
  return result;
}

// They are ready on return; after an error nothing is left of them.
Result<> build_ours(Database& database, IndexBuildEntry& entry, std::string_view collection,
                    const std::vector<Building>& ours, txn::Durability durability,
                    const IndexBuildWatch& watch) {
  const auto make_ready = [&](Transaction& transaction) -> Result<> {
    for (const Building& building : ours) {
      if (building.find(transaction.catalog().find(collection)) == nullptr) {
        return building.aborted();
      }
      NACRE_TRY(transaction.make_index_ready(collection, building.name));
    }
    return {};
  };
  auto built = build(database, entry, collection, ours, watch);
  if (!built && built.error().number() == kNamespaceNotFound) built = ours.front().aborted();
  if (built) {
    auto ready = database.transact(make_ready, durability);
    if (ready) return {};
    built = std::unexpected(std::move(ready).error());
  }
  NACRE_TRY(drop_those(database, collection, ours));
  return std::unexpected(std::move(built).error().while_doing(
      format("building an index of {}.{}", database.name(), collection)));
}

// Until those that others build are ready. False: one of them is gone, or was left half-built by
// an error and is now gone.
Result<bool> wait_for_others(Database& database, std::string_view collection,
                             const std::vector<Building>& others, const IndexBuildWatch& watch) {
  bool has_builders = true;
  while (true) {
    const Snapshot snapshot = NACRE_TRY(database.snapshot());
    std::vector<Building> unfinished;
    for (const Building& building : others) {
      const IndexInfo* index = building.find(snapshot.catalog().find(collection));
      if (index == nullptr) return false;
      if (index->state == IndexState::kBuilding) unfinished.push_back(building);
    }
    if (unfinished.empty()) return true;
    if (!has_builders) {
      NACRE_TRY(drop_those(database, collection, unfinished));
      return false;
    }
    if (watch && !watch({.collection = std::string(collection), .indexes = names_of(others)})) {
      return fail(Code::kClosed, kIndexBuildAborted, "the wait for an index build was cancelled");
    }
    has_builders = IndexBuildEntry::wait_for_one(database);
  }
}

}  // namespace

Result<CreateIndexesResult> build_indexes(Database& database, std::string_view collection,
                                          std::span<const IndexSpec> specs,
                                          txn::Durability durability,
                                          const IndexBuildWatch& watch) {
  std::optional<CreateIndexesResult> first;
  while (true) {
    Missing missing;
    {
      IndexBuildEntry entry(database);
      const CreateIndexesResult result =
          NACRE_TRY(add_missing(database, collection, specs, durability, missing));
      if (!first) first = result;
      if (!missing.ours.empty()) {
        NACRE_TRY(build_ours(database, entry, collection, missing.ours, durability, watch));
      }
    }
    if (missing.others.empty()) return *first;
    const bool are_ready = NACRE_TRY(wait_for_others(database, collection, missing.others, watch));
    if (are_ready) return *first;
  }
}

Result<> remove_unfinished_indexes(Database& database) {
  if (NACRE_PLANTED(unfinished_index_left)) return {};
  const Snapshot snapshot = NACRE_TRY(database.snapshot());
  for (const std::string& collection : snapshot.catalog().collection_names()) {
    std::vector<Building> unfinished;
    for (const IndexInfo& index : snapshot.catalog().find(collection)->indexes) {
      if (index.state == IndexState::kBuilding) unfinished.push_back({index.name, index.table});
    }
    if (!unfinished.empty()) NACRE_TRY(drop_those(database, collection, unfinished));
  }
  return {};
}

}  // namespace nacre::document
