#include <algorithm>
#include <functional>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "document/database_internal.h"
#include "document/envelope.h"
#include "document/index_build_internal.h"
#include "document/index_keys.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

constexpr std::size_t kBuildBatch = 2000;  // documents in one commit at most

class IndexBuild {
 public:
  IndexBuild(Database& database, std::string_view collection, std::vector<std::string> names,
             const std::function<bool(std::uint64_t)>& watch)
      : database_(database), collection_(collection), names_(std::move(names)), watch_(watch) {}

  Result<> run() {
    std::size_t batch = kBuildBatch;
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
        batch = std::min(kBuildBatch, batch * 2);
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
    for (const std::string& name : names_) {
      const CollectionInfo* info = transaction.catalog().find(collection_);
      const IndexInfo* index = info->find_index(name);
      if (index == nullptr) {
        return fail(Code::kClosed, kIndexBuildAborted,
                    format("index {} was dropped while it was built", name));
      }
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
    if (index.unique) {
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
  std::vector<std::string> names_;
  const std::function<bool(std::uint64_t)>& watch_;  // documents done; false: stop
  std::string reached_;        // key of the last document whose entries are in
  std::uint64_t done_ = 0;     // documents whose entries are in
  std::uint64_t counted_ = 0;  // of the batch
  IndexEntries entries_;
};

Result<> drop_those(Database& database, std::string_view collection,
                    const std::vector<std::string>& names) {
  const auto body = [&](Transaction& transaction) -> Result<> {
    for (const std::string& name : names) {
      const CollectionInfo* info = transaction.catalog().find(collection);
      if (info == nullptr || info->find_index(name) == nullptr) continue;
      NACRE_TRY(transaction.drop_index(collection, name));
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

// Shows a build among those of its database for as long as it runs.
class IndexBuildEntry {
 public:
  IndexBuildEntry(Database& database, IndexBuildProgress progress) : rep_(*database.rep_) {
    const MutexLock lock(rep_.mutex);
    rep_.builds.push_front(std::move(progress));
    at_ = rep_.builds.begin();
  }
  IndexBuildEntry(const IndexBuildEntry&) = delete;
  IndexBuildEntry& operator=(const IndexBuildEntry&) = delete;
  ~IndexBuildEntry() {
    const MutexLock lock(rep_.mutex);
    rep_.builds.erase(at_);
  }

  IndexBuildProgress advance(std::uint64_t done) {
    const MutexLock lock(rep_.mutex);
    at_->documents_done = done;
    return *at_;
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
    const auto some = NACRE_TRY(cursor->read_rows(txn::Cursor::kNoLimit));
    count += some.rows.size();
    row = some.more;
  }
  return count;
}

Result<> build(Database& database, std::string_view collection,
               const std::vector<std::string>& names, const IndexBuildWatch& watch) {
  const std::uint64_t total = NACRE_TRY(count_documents(database, collection));
  IndexBuildEntry entry(database, {.collection = std::string(collection),
                                   .indexes = names,
                                   .documents_done = 0,
                                   .documents_total = total});
  const std::function<bool(std::uint64_t)> step = [&](std::uint64_t done) {
    const IndexBuildProgress progress = entry.advance(done);
    return !watch || watch(progress);
  };
  return IndexBuild(database, collection, names, step).run();
}

}  // namespace

Result<CreateIndexesResult> build_indexes(Database& database, std::string_view collection,
                                          std::span<const IndexSpec> specs,
                                          txn::Durability durability,
                                          const IndexBuildWatch& watch) {
  CreateIndexesResult result;
  std::vector<std::string> added;
  const auto add = [&](Transaction& transaction) -> Result<> {
    added.clear();
    result.collection_created = transaction.catalog().find(collection) == nullptr;
    NACRE_TRY(transaction.open_for_write(collection));
    result.count_before = ready_count(transaction.catalog(), collection);
    for (const IndexSpec& spec : specs) {
      const bool is_new = NACRE_TRY(transaction.add_index(collection, spec));
      if (is_new) added.push_back(spec.name);
    }
    return {};
  };
  NACRE_TRY(database.transact(add, durability));
  result.count_after = result.count_before + added.size();
  if (added.empty()) return result;

  const auto make_ready = [&](Transaction& transaction) -> Result<> {
    for (const std::string& name : added) {
      NACRE_TRY(transaction.make_index_ready(collection, name));
    }
    return {};
  };
  auto built = build(database, collection, added, watch);
  if (built) {
    auto ready = database.transact(make_ready, durability);
    if (ready) return result;
    built = std::unexpected(std::move(ready).error());
    if (built.error().number() == kIndexNotFound) {
      built = fail(Code::kClosed, kIndexBuildAborted, "the index was dropped while it was built");
    }
  }
  NACRE_TRY(drop_those(database, collection, added));
  return std::unexpected(std::move(built).error().while_doing(
      format("building an index of {}.{}", database.name(), collection)));
}

Result<> remove_unfinished_indexes(Database& database) {
  const Snapshot snapshot = NACRE_TRY(database.snapshot());
  for (const std::string& collection : snapshot.catalog().collection_names()) {
    std::vector<std::string> unfinished;
    for (const IndexInfo& index : snapshot.catalog().find(collection)->indexes) {
      if (index.state == IndexState::kBuilding) unfinished.push_back(index.name);
    }
    if (!unfinished.empty()) NACRE_TRY(drop_those(database, collection, unfinished));
  }
  return {};
}

}  // namespace nacre::document
