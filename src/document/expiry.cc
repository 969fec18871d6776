#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/logging.h"
#include "base/text.h"
#include "bson/key_encoder.h"
#include "document/database_internal.h"
#include "document/expiry_internal.h"
#include "document/index_keys.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

constexpr std::size_t kBatch = 200;  // documents in one commit

bool expires(const IndexInfo& index) {
  return index.state == IndexState::kReady && index.options.expire_after_seconds.has_value() &&
         index.fields.size() == 1 && index.fields.front().kind == FieldKind::kOrdered;
}

// By the dates that the keys of its documents begin with.
bool expires(const CollectionInfo& collection) {
  return collection.settings.expire_after_seconds.has_value();
}

bool has_expiring(const Catalog& catalog) {
  const std::vector<std::string> names = catalog.collection_names();
  return std::ranges::any_of(names, [&](const std::string& name) {
    const CollectionInfo& collection = *catalog.find(name);
    return expires(collection) ||
           std::ranges::any_of(collection.indexes,
                               [](const IndexInfo& index) { return expires(index); });
  });
}

// Where the dates are looked for that end a document's life, and how long that is.
struct Life {
  const IndexInfo* index = nullptr;  // null: in the keys of the documents
  std::int64_t seconds = 0;
};

// `index`: empty for the keys. Nothing: they do not expire that way any more.
std::optional<Life> life_of(const CollectionInfo* collection, std::string_view index) {
  if (collection == nullptr) return std::nullopt;
  if (index.empty()) {
    if (!expires(*collection)) return std::nullopt;
    return Life{.seconds = *collection->settings.expire_after_seconds};
  }
  const IndexInfo* found = collection->find_index(index);
  if (found == nullptr || !expires(*found)) return std::nullopt;
  return Life{.index = found, .seconds = *found->options.expire_after_seconds};
}

// The keys of dates not after `last`.
struct KeySpan {
  std::string begin;
  std::string end;
};

KeySpan keys_of_dates_until(bson::Date last, bool descending) {
  const auto direction = descending ? bson::Direction::kDescending : bson::Direction::kAscending;
  const auto rank = bson::keys_of_rank(bson::rank(bson::Type::kDate), direction);
  std::string edge;
  bson::append_key(edge, bson::Value(last).element(), direction);
  if (descending) return {.begin = edge, .end = rank.last};
  return {.begin = rank.first, .end = bson::upper_bound_key(edge)};
}

class ExpiryPass {
 public:
  ExpiryPass(Database& database, std::string_view collection, std::string_view index, Time now)
      : database_(database), collection_(collection), index_(index), now_(now) {}

  Result<std::uint64_t> run() {
    std::uint64_t all = 0;
    while (true) {
      std::size_t removed = 0;
      const auto body = [&](Transaction& transaction) -> Result<> {
        removed = NACRE_TRY(remove_some(transaction));
        return {};
      };
      NACRE_TRY(database_.transact(body, txn::Durability::kAsync));
      all += removed;
      if (removed < kBatch) return all;
    }
  }

 private:
  // Index and documents are read at one snapshot, and a commit of somebody else to one of these
  // documents makes this one fail and start over: so a document that was given more time stays.
  Result<std::size_t> remove_some(Transaction& transaction) {
    const CollectionInfo* info = NACRE_TRY(transaction.find_for_write(collection_));
    const std::optional<Life> life = life_of(info, index_);
    if (!life) return 0;
    const std::int64_t last = static_cast<std::int64_t>(number(now_) / 1000) - life->seconds * 1000;
    const bool descending = life->index != nullptr && life->index->fields.front().descending;
    const KeySpan span = keys_of_dates_until({last}, descending);
    const std::vector<std::string> keys = NACRE_TRY(expired_keys(transaction, *info, *life, span));
    Writer writer(database_, transaction, *info);
    for (const std::string& key : keys) {
      const auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(key)));
      if (row) NACRE_TRY(writer.remove(as_bytes(key), as_bytes(*row)));
    }
    return keys.size();
  }

  static Result<std::vector<std::string>> expired_keys(const Transaction& transaction,
                                                       const CollectionInfo& collection,
                                                       const Life& life, const KeySpan& span) {
    std::vector<std::string> keys;
    const bool by_key = life.index == nullptr;
    const TableId table = by_key ? collection.table : life.index->table;
    auto cursor = NACRE_TRY(transaction.rows().snapshot().cursor(table));
    bool row = NACRE_TRY(cursor->seek(as_bytes(span.begin)));
    while (row && as_text(cursor->key()) < span.end && keys.size() < kBatch) {
      Bytes key = cursor->key();
      if (!by_key) key = NACRE_TRY(id_key_of_entry(key, cursor->value()));
      keys.push_back(to_string(key));
      row = NACRE_TRY(cursor->next());
    }
    std::ranges::sort(keys);  // an array of dates has several entries
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    return keys;
  }

  Database& database_;
  std::string_view collection_;
  std::string_view index_;
  Time now_;
};

}  // namespace

Result<std::uint64_t> expire(Database& database, Time now) {
  const Snapshot snapshot = NACRE_TRY(database.snapshot());
  std::uint64_t all = 0;
  for (const std::string& name : snapshot.catalog().collection_names()) {
    const CollectionInfo& collection = *snapshot.catalog().find(name);
    if (expires(collection)) all += NACRE_TRY(ExpiryPass(database, name, {}, now).run());
    for (const IndexInfo& index : collection.indexes) {
      if (!expires(index)) continue;
      all += NACRE_TRY(ExpiryPass(database, name, index.name, now).run());
    }
  }
  return all;
}

void Database::Rep::start_expiry(Database& database, std::int64_t interval_ms) {
  expiry_interval_ms = interval_ms;
  const auto work = [&database, this] {
    const auto removed = expire(database, database.now());
    if (!removed) {
      log_warning(format("database {}: removing expired documents: {}", database.name(),
                         removed.error().text()));
    }
    const auto now = database.snapshot();
    if (now) schedule_expiry(now->catalog());
  };
  expiry = std::make_unique<txn::BackgroundPool::Task>(txn::BackgroundPool::of_process(),
                                                       txn::BackgroundPool::Kind::kBulk, work);
}

void Database::Rep::schedule_expiry(const Catalog& catalog) {
  if (expiry == nullptr || !has_expiring(catalog)) return;
  expiry->run_at(txn::BackgroundPool::Steady::now() +
                 std::chrono::milliseconds(expiry_interval_ms));
}

Result<std::uint64_t> Database::remove_expired(Time now) { return expire(*this, now); }

}  // namespace nacre::document
