#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "bson/validate.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "document/verify_internal.h"

namespace nacre::document {
namespace {

constexpr std::size_t kProblemsMax = 1000;  // a report of more helps nobody

class Verification {
 public:
  Verification(const Snapshot& snapshot, DatabaseVerifyReport& report)
      : snapshot_(snapshot), report_(report) {}

  Result<> run() {
    for (const std::string& name : snapshot_.catalog().collection_names()) {
      collection_ = snapshot_.catalog().find(name);
      ++report_.collections_checked;
      NACRE_TRY(check_documents());
      for (const IndexInfo& index : collection_->indexes) {
        if (index.state == IndexState::kReady) NACRE_TRY(check_index(index));
      }
    }
    return {};
  }

 private:
  void problem(std::string text) {
    if (report_.problems.size() < kProblemsMax) report_.problems.push_back(std::move(text));
  }

  // Each document is one, lies under its own key, and has all its index entries.
  Result<> check_documents() {
    auto cursor = NACRE_TRY(snapshot_.rows().cursor(collection_->table));
    for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
      ++report_.documents_checked;
      NACRE_TRY(check_document(cursor->key(), cursor->value()));
    }
    return {};
  }

  Result<> check_document(Bytes key, Bytes value) {
    const auto stored = decode(value);
    if (!stored) {
      problem(format("collection {}: {}", collection_->name, stored.error().what()));
      return {};
    }
    const auto valid = bson::validate(stored->bson.bytes());
    if (!valid) {
      problem(format("collection {}: document: {}", collection_->name, valid.error().what()));
      return {};
    }
    if (!lies_in_place(key, *valid)) {
      problem(format("collection {}: a document lies under a key that is not that of its {}",
                     collection_->name, collection_->order_path()));
      return {};
    }
    for (const IndexInfo& index : collection_->indexes) {
      if (index.state == IndexState::kReady) NACRE_TRY(check_entries(index, *valid, key));
    }
    return {};
  }

  [[nodiscard]] bool lies_in_place(Bytes key, const bson::View& document) const {
    if (collection_->settings.series) {
      return collection_->settings.series->belongs_under(key, document);
    }
    const bson::Element id = document.find("_id");
    return id && id_key(id) == as_text(key);
  }

  Result<> check_entries(const IndexInfo& index, bson::View document, Bytes key) {
    NACRE_TRY(index_entries(index, document, key, entries_));
    for (const IndexEntry& entry : entries_.entries) {
      const auto there = NACRE_TRY(snapshot_.rows().get(index.table, as_bytes(entry.key)));
      if (!there || *there != entry.value) {
        problem(format("index {} of {}: the entry of document {} is {}", index.name,
                       collection_->name, bson::to_json(document.find("_id")),
                       there ? "another one's" : "missing"));
      }
    }
    for (std::size_t f = 0; f < index.multikey.size(); ++f) {
      if (entries_.traits.multikey[f] && !index.multikey[f]) {
        problem(
            format("index {} of {}: field {} is not marked multikey, but document {} has an "
                   "array there",
                   index.name, collection_->name, index.fields[f].path,
                   bson::to_json(document.find("_id"))));
      }
    }
    return {};
  }

  // Each entry is one that its document has.
  Result<> check_index(const IndexInfo& index) {
    auto cursor = NACRE_TRY(snapshot_.rows().cursor(index.table));
    for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
      ++report_.index_entries_checked;
      const auto belongs = NACRE_TRY(entry_belongs(index, cursor->key(), cursor->value()));
      if (!belongs) {
        problem(format("index {} of {}: an entry has no document that it belongs to", index.name,
                       collection_->name));
      }
    }
    return {};
  }

  Result<bool> entry_belongs(const IndexInfo& index, Bytes key, Bytes value) {
    const auto document_key = id_key_of_entry(key, value);
    if (!document_key || document_key->empty()) return false;
    const auto row = NACRE_TRY(snapshot_.rows().get(collection_->table, *document_key));
    if (!row) return false;
    const auto stored = decode(as_bytes(*row));
    if (!stored || !bson::validate(stored->bson.bytes())) return false;
    NACRE_TRY(index_entries(index, stored->bson, *document_key, entries_));
    const auto found =
        std::ranges::lower_bound(entries_.entries, as_text(key), {}, &IndexEntry::key);
    return found != entries_.entries.end() && found->key == as_text(key);
  }

  const Snapshot& snapshot_;
  DatabaseVerifyReport& report_;
  const CollectionInfo* collection_ = nullptr;
  IndexEntries entries_;
};

}  // namespace

Result<DatabaseVerifyReport> verify_database(Database& database, txn::Database& engine) {
  DatabaseVerifyReport report;
  report.engine = NACRE_TRY(engine.verify());
  report.problems = report.engine.problems;
  // Rows that the engine could not read would only be reported again, or end the check.
  if (!report.problems.empty()) return report;
  const Snapshot snapshot = NACRE_TRY(database.snapshot());
  NACRE_TRY(Verification(snapshot, report).run());
  return report;
}

}  // namespace nacre::document
