#include "document/changes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "bson/key_encoder.h"
#include "document/envelope.h"

namespace nacre::document {
namespace {

bson::Document id_of(const bson::View& document) {
  bson::Builder id;
  if (const bson::Element element = document.find("_id")) id.append(element);
  return id.finish();
}

// From the key alone, which does not tell 1 from 1.0. Empty for a measurement, whose key holds its
// date and something that is its own.
bson::Document id_of_key(Bytes key) {
  constexpr std::array kTwo = {bson::Direction::kAscending, bson::Direction::kAscending};
  constexpr std::array kAscending = {bson::Direction::kAscending};
  bson::Builder id;
  if (bson::decode_key(key, {}, kTwo)) return id.finish();
  if (const auto values = bson::decode_key(key, {}, kAscending)) {
    id.append("_id", values->view().at(0));
  }
  return id.finish();
}

}  // namespace

ChangeReader::Tables ChangeReader::tables_of(const Catalog& catalog) {
  Tables tables;
  for (const std::string& name : catalog.collection_names()) {
    tables.emplace(catalog.find(name)->table, name);
  }
  return tables;
}

Result<ChangeReader> ChangeReader::open(Database& database, Position after) {
  auto follower = NACRE_TRY(database.follow(after));
  const Snapshot start = NACRE_TRY(database.snapshot_at(after));
  return ChangeReader(database, std::move(follower), tables_of(start.catalog()));
}

Position ChangeReader::position() const {
  const Position read = follower_.position();
  return ready_.empty() ? read : Position{number(read) - 1};
}

Result<std::optional<DocumentChange>> ChangeReader::next(Position last,
                                                         std::chrono::microseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  while (ready_.empty()) {
    if (follower_.position() >= last) return std::nullopt;
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        until - std::chrono::steady_clock::now());
    const txn::CommitEvent* commit =
        NACRE_TRY(follower_.next(std::max(left, std::chrono::microseconds(0))));
    if (commit == nullptr) return std::nullopt;
    NACRE_TRY(take(*commit));
  }
  DocumentChange change = std::move(ready_.front());
  ready_.pop_front();
  return change;
}

Result<> ChangeReader::take(const txn::CommitEvent& commit) {
  earlier_.reset();
  const Tables before = tables_;
  const bool changes_catalog = std::ranges::any_of(
      commit.changes, [](const txn::Change& change) { return change.table == kCatalogTable; });
  if (changes_catalog) {
    const Snapshot then = NACRE_TRY(database_->snapshot_at(commit.position));
    tables_ = tables_of(then.catalog());
  }
  for (const txn::Change& change : commit.changes) {
    auto found = std::as_const(tables_).find(change.table);
    if (found == tables_.end()) {
      found = before.find(change.table);
      if (found == before.end()) continue;  // an index, or the catalog itself
    }
    NACRE_TRY(take(commit, change, found->second));
  }
  if (changes_catalog) take_renames(commit, before);
  return {};
}

void ChangeReader::take_renames(const txn::CommitEvent& commit, const Tables& before) {
  for (const auto& [table, name] : before) {
    const auto now = tables_.find(table);
    if (now == tables_.end() || now->second == name) continue;
    ready_.push_back({.position = commit.position,
                      .time = commit.time,
                      .kind = ChangeKind::kRename,
                      .collection = name,
                      .renamed_to = now->second,
                      .id = {},
                      .document = {},
                      .before = {}});
  }
}

Result<> ChangeReader::take(const txn::CommitEvent& commit, const txn::Change& change,
                            const std::string& collection) {
  DocumentChange made{.position = commit.position,
                      .time = commit.time,
                      .kind = ChangeKind::kRemove,
                      .collection = collection,
                      .renamed_to = {},
                      .id = {},
                      .document = {},
                      .before = {}};
  if (change.kind == txn::Change::Kind::kDropTable) {
    made.kind = ChangeKind::kDrop;
    ready_.push_back(std::move(made));
    return {};
  }
  if (change.kind == txn::Change::Kind::kRemove) {
    made.before = NACRE_TRY(before(change, commit.position));
    made.id = made.before ? id_of(*made.before) : id_of_key(change.key);
    ready_.push_back(std::move(made));
    return {};
  }
  const StoredDocument stored = NACRE_TRY(decode(change.value));
  made.document = bson::Document(stored.bson);
  made.id = id_of(stored.bson);
  made.kind = ChangeKind::kInsert;
  if (stored.envelope.version > 1) {
    made.kind = stored.envelope.is_replacement ? ChangeKind::kReplace : ChangeKind::kUpdate;
    made.before = NACRE_TRY(before(change, commit.position));
    // Inserted and then changed by one transaction: to everybody else it is new.
    const bool is_past_known = earlier_.has_value();
    if (is_past_known && !made.before) made.kind = ChangeKind::kInsert;
  }
  ready_.push_back(std::move(made));
  return {};
}

Result<std::optional<bson::Document>> ChangeReader::before(const txn::Change& change,
                                                           Position position) {
  if (!earlier_) {
    auto snapshot = database_->snapshot_at(Position{number(position) - 1});
    if (!snapshot && snapshot.error().code() == Code::kTooOld) return std::nullopt;
    if (!snapshot) return std::unexpected(std::move(snapshot).error());
    earlier_ = snapshot->rows();
  }
  const auto row = NACRE_TRY(earlier_->get(change.table, change.key));
  if (!row) return std::nullopt;
  const bson::View document = NACRE_TRY(decode_bson(as_bytes(*row)));
  return bson::Document(document);
}

}  // namespace nacre::document
