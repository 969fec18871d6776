#include "document/unique_values.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/key_encoder.h"
#include "document/envelope.h"
#include "document/index_entry_internal.h"

namespace nacre::document {
namespace {

using error_codes::kCannotConvertIndexToUnique;
constexpr std::size_t kViolationBytesMax = std::size_t{8} << 20;

// What the keys of all entries of one value begin with.
std::string_view common_prefix(const std::string& bare) {
  return std::string_view(bare).substr(0, bson::kKeyPrefixBytes);
}

// Whether the entry's key is the fields and then the document's key, neither shortened.
bool is_whole(Bytes entry_key, const EntryValue& entry) {
  return entry.id_key.data() >= entry_key.data() &&
         entry.id_key.data() < entry_key.data() + entry_key.size();
}

std::string_view without_id(Bytes entry_key, const EntryValue& entry) {
  return as_text(entry_key).substr(0, entry_key.size() - entry.id_key.size());
}

Result<std::vector<std::string>> bare_keys(const IndexInfo& bare, const bson::View& document,
                                           Bytes id_key) {
  IndexEntries entries;
  NACRE_TRY(index_entries(bare, document, id_key, entries));
  std::vector<std::string> keys;
  keys.reserve(entries.entries.size());
  for (IndexEntry& entry : entries.entries) keys.push_back(std::move(entry.key));
  return keys;
}

// The document of that key; an index names it.
Result<bson::Document> document_of(const txn::Transaction& rows, const CollectionInfo& collection,
                                   Bytes id_key) {
  const auto row = NACRE_TRY(rows.get(collection.table, id_key));
  if (!row) {
    return fail(Code::kCorrupt,
                format("collection {}: an index names a document that is not there; run verify",
                       collection.name));
  }
  const bson::View document = NACRE_TRY(decode_bson(as_bytes(*row)));
  return bson::Document(document);
}

}  // namespace

IndexInfo with_bare_keys(const IndexInfo& index) {
  IndexInfo bare = index;
  bare.unique = true;
  bare.id_in_keys = false;
  return bare;
}

Result<std::vector<std::string>> UniqueValues::claims_of(const Change& change) const {
  std::vector<std::string> claims;
  if (change.added.empty()) return claims;
  bool all_whole = true;
  for (const IndexEntry& entry : change.added) {
    const Bytes key = as_bytes(entry.key);
    const EntryValue value = NACRE_TRY(decode_entry_value(key, as_bytes(entry.value)));
    all_whole = all_whole && is_whole(key, value);
    if (all_whole) claims.emplace_back(without_id(key, value));
  }
  if (all_whole && change.before == nullptr) return claims;
  // The shape of an entry does not tell; and a value that only changes its type is no new one.
  const IndexInfo bare = with_bare_keys(index_);
  const std::vector<std::string> after = NACRE_TRY(bare_keys(bare, change.after, change.id_key));
  std::vector<std::string> before;
  if (change.before != nullptr) {
    before = NACRE_TRY(bare_keys(bare, *change.before, change.id_key));
  }
  claims.clear();
  std::ranges::set_difference(after, before, std::back_inserter(claims));
  return claims;
}

Result<bool> UniqueValues::has_value(Bytes id_key, const std::string& claim) const {
  const bson::Document document = NACRE_TRY(document_of(rows_, collection_, id_key));
  const std::vector<std::string> keys =
      NACRE_TRY(bare_keys(with_bare_keys(index_), document, id_key));
  return std::ranges::binary_search(keys, claim);
}

Result<bool> UniqueValues::is_taken(const std::string& claim, Bytes id_key) const {
  const std::string_view prefix = common_prefix(claim);
  const bool is_exact = prefix.size() == claim.size();
  auto cursor = NACRE_TRY(rows_.cursor(index_.table));
  bool row = NACRE_TRY(cursor->seek(as_bytes(prefix)));
  for (; row && as_text(cursor->key()).starts_with(prefix); row = NACRE_TRY(cursor->next())) {
    const EntryValue entry = NACRE_TRY(decode_entry_value(cursor->key(), cursor->value()));
    if (equal(entry.id_key, id_key)) continue;
    if (is_exact) return true;
    const bool same = NACRE_TRY(has_value(entry.id_key, claim));
    if (same) return true;
  }
  return false;
}

namespace {

// Goes through an index and gathers the documents of each value that several have.
class Violations {
 public:
  Violations(const txn::Transaction& rows, const CollectionInfo& collection, const IndexInfo& index)
      : rows_(rows), collection_(collection), bare_(with_bare_keys(index)) {
    found_.begin_array("violations");
  }

  Result<> gather() {
    auto cursor = NACRE_TRY(rows_.cursor(bare_.table));
    bool row = NACRE_TRY(cursor->seek_first());
    while (row && bytes_ < kViolationBytesMax && run_bytes_ < kViolationBytesMax) {
      if (!as_text(cursor->key()).starts_with(run_)) NACRE_TRY(end_run());
      NACRE_TRY(add(cursor->key(), cursor->value()));
      row = NACRE_TRY(cursor->next());
    }
    return end_run();
  }
  [[nodiscard]] bool any() const { return any_; }
  [[nodiscard]] bson::Document found() && { return found_.end().finish(); }

 private:
  Result<> add(Bytes key, Bytes value) {
    const EntryValue entry = NACRE_TRY(decode_entry_value(key, value));
    if (is_whole(key, entry)) {
      note(std::string(without_id(key, entry)), entry.id_key);
      return {};
    }
    const bson::Document document = NACRE_TRY(document_of(rows_, collection_, entry.id_key));
    const std::vector<std::string> values = NACRE_TRY(bare_keys(bare_, document, entry.id_key));
    for (const std::string& bare : values) {
      if (as_text(key).starts_with(common_prefix(bare))) note(bare, entry.id_key);
    }
    return {};
  }

  // Entries of one value stand in one run of keys that begin alike.
  void note(std::string bare, Bytes id_key) {
    run_ = common_prefix(bare);
    run_bytes_ += id_key.size();
    owners_[std::move(bare)].push_back(to_string(id_key));
  }

  Result<> end_run() {
    run_.clear();
    run_bytes_ = 0;
    for (auto& [bare, owners] : std::exchange(owners_, {})) {
      std::ranges::sort(owners);
      const auto repeated = std::ranges::unique(owners);
      owners.erase(repeated.begin(), repeated.end());
      if (owners.size() > 1) NACRE_TRY(write(owners));
    }
    return {};
  }

  Result<> write(const std::vector<std::string>& owners) {
    any_ = true;
    found_.push_begin_document().begin_array("ids");
    for (const std::string& owner : owners) {
      if (bytes_ >= kViolationBytesMax) break;
      const bson::Document document = NACRE_TRY(document_of(rows_, collection_, as_bytes(owner)));
      const bson::Element id = document.find("_id");
      bytes_ += id.bytes().size();
      found_.push(id);
    }
    found_.end().end();
    return {};
  }

  const txn::Transaction& rows_;
  const CollectionInfo& collection_;
  IndexInfo bare_;
  std::string run_;                                         // what the keys of the run begin with
  std::size_t run_bytes_ = 0;                               // of owners_
  std::map<std::string, std::vector<std::string>> owners_;  // of the run, by value
  bson::Builder found_;
  std::size_t bytes_ = 0;  // of ids found
  bool any_ = false;
};

}  // namespace

Result<> check_values_differ(const txn::Transaction& rows, const CollectionInfo& collection,
                             const IndexInfo& index) {
  Violations violations(rows, collection, index);
  NACRE_TRY(violations.gather());
  if (!violations.any()) return {};
  bson::Document details = std::move(violations).found();
  return std::unexpected(Error(Code::kInvalid,
                               "Cannot convert the index to unique. Please resolve conflicting "
                               "documents before running collMod again.")
                             .with_number(kCannotConvertIndexToUnique)
                             .with_details(std::move(details).release()));
}

}  // namespace nacre::document
