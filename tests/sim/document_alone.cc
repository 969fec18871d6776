// Statements of a DocumentSession in transactions of their own.
#include <algorithm>
#include <span>

#include "base/text.h"
#include "sim/document_session.h"

namespace nacre::sim {

void DocumentSession::write_alone() {
  switch (random_.below(5)) {
    case 0:
    case 1:
      return insert_alone();
    case 2:
      return replace_alone();
    case 3:
      return change_alone();
    default:
      return take_alone();
  }
}

void DocumentSession::finish_alone(txn::Durability durability) {
  if (position_ == 0) return;
  ++life_.tally.commits;
  if (durability == txn::Durability::kSync) life_.oracle.acknowledge(position_);
  life_.returned = std::max(life_.returned, position_);
  check_unique(position_);
}

void DocumentSession::check_unique(std::uint64_t position) {
  const bool is_kept =
      shared_.indexes.at(position, collection_, kUniqueIndex) == IndexLog::State::kReady;
  if (is_kept && has_twins(life_.oracle.rows_at(position), collection_)) {
    life_.fail(format("commit {} gave two documents the same key", position));
  }
}

bool DocumentSession::is_refusable(std::uint64_t first, const Made& made) const {
  return at_some_position(first, [&](std::uint64_t at) {
    if (shared_.indexes.at(at, collection_, kUniqueIndex) == IndexLog::State::kGone) return false;
    const std::optional<Doc> doc = made(at);
    if (!doc) return false;
    Rows rows = life_.oracle.rows_at(at);
    rows[row_of(collection_, doc->id)] = doc->encode().bytes();
    return has_twins(rows, collection_);
  });
}

void DocumentSession::insert_alone() {
  const std::uint64_t first = life_.returned;
  const Doc doc = draw_doc();
  const bson::Document document = doc.encode();
  const bson::View view = document;
  const RowKey row = row_of(collection_, doc.id);
  const std::vector<Change> changes{{row.first, row.second, document.bytes()}};
  const txn::Durability durability = draw_durability();
  const auto inserted = alone(changes, [&] {
    return query::insert({.database = *shared_.database, .durability = durability},
                         {.collection = collection_name(collection_),
                          .documents = std::span<const bson::View>(&view, 1)});
  });
  if (!inserted.has_value()) return accept(inserted.error(), "inserting alone");
  finish_alone(durability);
  if (inserted->errors.empty()) {
    if (position_ == 0 || value_at(position_ - 1, doc.id) != nullptr) {
      life_.fail(format("document {} was inserted where one is", doc.id));
    }
    return;
  }
  const Error& error = inserted->errors.front().error;
  if (error.number() != kDuplicateKey) return accept(error, "inserting a document alone");
  const auto has_id = [&](std::uint64_t at) { return value_at(at, doc.id) != nullptr; };
  const auto made = [&](std::uint64_t) { return std::optional(doc); };
  if (position_ == 0 && (at_some_position(first, has_id) || is_refusable(first, made))) return;
  life_.fail(format("document {} was refused though no other has its key", doc.id));
}

void DocumentSession::replace_alone() {
  const std::uint64_t first = life_.returned;
  const Doc doc = draw_doc();
  const bson::Document document = doc.encode();
  const bson::Document which = Filter{.kind = Filter::Kind::kId, .number = doc.id}.query();
  const RowKey row = row_of(collection_, doc.id);
  const std::vector<Change> changes{{row.first, row.second, document.bytes()}};
  const txn::Durability durability = draw_durability();
  const auto replaced = alone(changes, [&] {
    return query::update({.database = *shared_.database, .durability = durability},
                         {.collection = collection_name(collection_),
                          .filter = which,
                          .update = document,
                          .upsert = true});
  });
  const bool refused = !replaced.has_value() && replaced.error().number() == kDuplicateKey;
  if (!replaced.has_value() && !refused) return accept(replaced.error(), "replacing alone");
  finish_alone(durability);
  if (refused) {
    const auto made = [&](std::uint64_t) { return std::optional(doc); };
    if (position_ == 0 && is_refusable(first, made)) return;
    return life_.fail(format("replacing document {} was refused", doc.id));
  }
  if (position_ != 0) {
    const bool was_there = value_at(position_ - 1, doc.id) != nullptr;
    if (replaced->did_upsert() != was_there) return;
    return life_.fail(
        format("document {} was upserted though it was there, or replaced though "
               "it was not",
               doc.id));
  }
  const auto is_so = [&](std::uint64_t at) {
    const std::string* there = value_at(at, doc.id);
    return there != nullptr && *there == document.bytes();
  };
  if (!at_some_position(first, is_so)) life_.fail("a replacement changed nothing");
}

void DocumentSession::change_alone() {
  const std::uint64_t first = life_.returned;
  const auto id = static_cast<std::int32_t>(random_.below(life_.plan.keys));
  const DocChange change = DocChange::draw(random_);
  const bson::Document which = Filter{.kind = Filter::Kind::kId, .number = id}.query();
  const bson::Document how = change.update();
  const auto made = [&](std::uint64_t at) -> std::optional<Doc> {
    const std::string* before = value_at(at, id);
    if (before == nullptr) return std::nullopt;
    Doc doc = Doc::decode(*before);
    change.apply(doc);
    return doc;
  };
  std::vector<Change> changes;
  const Scheduler::FiberId fiber = life_.scheduler.running();
  shared_.deriving[fiber] = [&](std::uint64_t position) {
    changes.clear();
    const std::optional<Doc> doc = made(position - 1);
    if (!doc) return;
    const RowKey row = row_of(collection_, id);
    changes.push_back({row.first, row.second, doc->encode().bytes()});
  };
  const txn::Durability durability = draw_durability();
  const auto changed = alone(changes, [&] {
    return query::update(
        {.database = *shared_.database, .durability = durability},
        {.collection = collection_name(collection_), .filter = which, .update = how});
  });
  shared_.deriving.erase(fiber);
  const bool refused = !changed.has_value() && changed.error().number() == kDuplicateKey;
  if (!changed.has_value() && !refused) return accept(changed.error(), "updating alone");
  finish_alone(durability);
  if (refused) {
    if (position_ == 0 && is_refusable(first, made)) return;
    return life_.fail(format("an update of document {} was refused", id));
  }
  const auto is_so = [&](std::uint64_t at) {
    const std::string* before = value_at(at, id);
    if (before == nullptr) return changed->matched == 0;
    return changed->matched == 1 && (*before == made(at)->encode().bytes()) == (position_ == 0);
  };
  const bool is_right = position_ == 0 ? at_some_position(first, is_so)
                                       : changed->matched == 1 && is_so(position_ - 1);
  if (is_right && changed->modified == (position_ == 0 ? 0 : 1)) return;
  life_.fail(format("an update of document {} matched {} and changed {}", id, changed->matched,
                    changed->modified));
}

void DocumentSession::take_alone() {
  const std::uint64_t first = life_.returned;
  const auto id = static_cast<std::int32_t>(random_.below(life_.plan.keys));
  const bson::Document which = Filter{.kind = Filter::Kind::kId, .number = id}.query();
  const RowKey row = row_of(collection_, id);
  const std::vector<Change> changes{{row.first, row.second, std::nullopt}};
  const txn::Durability durability = draw_durability();
  const auto taken = alone(changes, [&] {
    return query::take({.database = *shared_.database, .durability = durability},
                       {.collection = collection_name(collection_), .filter = which});
  });
  if (!taken.has_value()) return accept(taken.error(), "taking alone");
  finish_alone(durability);
  if (taken->has_value() != (position_ != 0)) {
    return life_.fail(format("document {} was taken without a trace, or removed untold", id));
  }
  if (taken->has_value()) {
    const std::string* before = value_at(position_ - 1, id);
    if (before != nullptr && *before == (*taken)->bytes()) return;
    return life_.fail(format("document {} was taken, and was another before", id));
  }
  const auto is_gone = [&](std::uint64_t at) { return value_at(at, id) == nullptr; };
  if (!at_some_position(first, is_gone)) life_.fail(format("document {} was not taken", id));
}

}  // namespace nacre::sim
