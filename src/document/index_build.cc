#include <algorithm>
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
  IndexBuild(Database& database, std::string_view collection, std::vector<std::string> names)
      : database_(database), collection_(collection), names_(std::move(names)) {}

  Result<> run() {
    std::size_t batch = kBuildBatch;
    bool more = true;
    while (more) {
      std::string reached = reached_;
      auto added = commit_batch(batch, reached, more);
      if (added) {
        reached_ = std::move(reached);
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
    for (std::size_t count = 0; row && count < batch; ++count) {
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
        return fail(Code::kNotFound, kIndexNotFound, format("index {} was dropped", name));
      }
      NACRE_TRY(index_entries(*index, document, key, entries_));
      for (const IndexEntry& entry : entries_.entries) {
        NACRE_TRY(add_entry(transaction, *index, entry, key, document));
      }
      NACRE_TRY(transaction.mark_index(collection_, *index, entries_.traits));
    }
    return {};
  }

  Result<> add_entry(Transaction& transaction, const IndexInfo& index, const IndexEntry& entry,
                     Bytes key, bson::View document) {
    if (index.unique) {
      const auto there = NACRE_TRY(transaction.rows().get(index.table, as_bytes(entry.key)));
      if (there && *there == entry.value) return {};
      if (there) {
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
  std::string reached_;  // key of the last document whose entries are in
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

Result<CreateIndexesResult> build_indexes(Database& database, std::string_view collection,
                                          std::span<const IndexSpec> specs,
                                          txn::Durability durability) {
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
  auto built = IndexBuild(database, collection, added).run();
  if (built) {
    auto ready = database.transact(make_ready, durability);
    if (ready) return result;
    built = std::unexpected(std::move(ready).error());
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
