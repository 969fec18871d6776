#include "sim/document_session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nacre::sim {

const document::IndexInfo* find_index(const document::Catalog& catalog, std::uint32_t collection,
                                      std::size_t index) {
  const document::CollectionInfo* info = catalog.find(collection_name(collection));
  return info == nullptr ? nullptr : info->find_index(kIndexNames[index]);
}

bool is_ready(const document::IndexInfo* index) {
  return index != nullptr && index->state == document::IndexState::kReady;
}

void DocumentSession::run() {
  while (!life_.is_over && life_.operations_left > 0) {
    --life_.operations_left;
    ++life_.tally.operations;
    collection_ = static_cast<std::uint32_t>(1 + random_.below(kCollections));
    operate();
    if (random_.chance(1, 8)) life_.scheduler.sleep(1 + random_.below(3000));
  }
}

void DocumentSession::operate() {
  const std::uint64_t what = random_.below(100);
  if (what < 40) {
    write();
  } else if (what < 60) {
    write_alone();
  } else if (what < 72) {
    read();
  } else if (what < 80) {
    read_newest();
  } else if (what < 92) {
    define();
  } else {
    upkeep();
  }
}

void DocumentSession::accept(const Error& error, std::string_view doing) {
  switch (error.code()) {
    case Code::kConflict:
    case Code::kTooOld:  // the snapshot held back too much memory
    case Code::kFull:    // more is held or changed at once than these tiny caches have room for
      return;
    default:
      break;
  }
  life_.is_over = true;
  if (!life_.may_fail) life_.fail(format("{}: {}", doing, error.text()));
}

Doc DocumentSession::draw_doc() {
  return Doc::draw(random_, static_cast<std::int32_t>(random_.below(life_.plan.keys)));
}

Filter DocumentSession::draw_filter(const document::Catalog* indexes_of) {
  Helpers helpers;
  if (indexes_of != nullptr) {
    helpers.has_text = is_ready(find_index(*indexes_of, collection_, kTextIndex));
    helpers.has_sphere = is_ready(find_index(*indexes_of, collection_, kSphereIndex));
  }
  return Filter::draw(random_, static_cast<std::int32_t>(life_.plan.keys), helpers);
}

txn::Durability DocumentSession::draw_durability() {
  const auto& weights = life_.plan.durability;
  std::uint64_t drawn = random_.below(weights[0] + weights[1] + weights[2]);
  if (drawn < weights[0]) return txn::Durability::kSync;
  drawn -= weights[0];
  return drawn < weights[1] ? txn::Durability::kGroup : txn::Durability::kAsync;
}

void DocumentSession::upkeep() {
  Result<> done;
  const std::uint64_t what = random_.below(10);
  if (what < 4) {
    const std::uint64_t returned = life_.returned;
    done = shared_.database->sync();
    if (done.has_value()) life_.oracle.acknowledge(returned);
  } else if (what < 7) {
    done = shared_.database->checkpoint();
  } else if (what < 8) {
    ++life_.tally.compactions;
    const auto compacted = shared_.database->compact({});
    if (!compacted.has_value()) done = std::unexpected(compacted.error().clone());
  } else {
    ++life_.tally.verified;
    const auto report = shared_.database->verify();
    if (!report.has_value()) {
      done = std::unexpected(report.error().clone());
    } else if (!report->clean() && !life_.may_fail) {
      life_.fail("verify: " + report->problems.front());
    }
  }
  if (!done.has_value()) accept(done.error(), "upkeep");
}

// --- transactions

void DocumentSession::set(Writing& writing, const Doc& doc) {
  const RowKey row = row_of(collection_, doc.id);
  writing.rows[row] = doc.encode().bytes();
  writing.changes.push_back({row.first, row.second, writing.rows[row]});
}

void DocumentSession::erase(Writing& writing, std::int32_t id) {
  const RowKey row = row_of(collection_, id);
  writing.rows.erase(row);
  writing.changes.push_back({row.first, row.second, std::nullopt});
}

void DocumentSession::write() {
  const std::uint64_t returned = life_.returned;
  auto begun = shared_.database->begin();
  if (!begun.has_value()) return accept(begun.error(), "beginning a transaction");
  const std::uint64_t position = number(begun->rows().snapshot().position());
  if (position < returned) return life_.fail("ISO-1: a transaction is older than a commit");
  Writing writing{.transaction = *std::move(begun), .rows = life_.oracle.rows_at(position)};
  for (std::uint64_t i = 1 + random_.below(3); i > 0; --i) {
    if (!state(writing) || life_.is_over) return;
    if (random_.chance(1, 4)) life_.scheduler.yield();
  }
  if (random_.chance(1, 10)) return;  // aborted
  if (random_.chance(1, 3)) life_.scheduler.sleep(1 + random_.below(1000));
  commit(std::move(writing));
}

bool DocumentSession::state(Writing& writing) {
  switch (random_.below(9)) {
    case 0:
      return insert_some(writing);
    case 1:
    case 2:
      return insert(writing);
    case 3:
      return update_many(writing);
    case 4:
      return update_one(writing);
    case 5:
    case 6:
      return replace(writing);
    case 7:
      return remove_many(writing);
    default:
      return take(writing);
  }
}

void DocumentSession::commit(Writing writing) {
  const txn::Durability durability = draw_durability();
  const bool is_sync = durability == txn::Durability::kSync;
  const std::uint64_t snapshot = number(writing.transaction.rows().snapshot().position());
  const bool has_writes = writing.transaction.rows().has_writes();
  const Scheduler::FiberId fiber = life_.scheduler.running();
  life_.committing[fiber] = {.changes = &writing.changes, .is_sync = is_sync};
  life_.oracle.begin_commit();
  const auto committed = writing.transaction.commit(durability);
  life_.oracle.end_commit();
  const Life::Committing mine = life_.committing[fiber];
  life_.committing.erase(fiber);
  if (!committed.has_value()) {
    if (committed.error().code() == Code::kConflict) ++life_.tally.conflicts;
    accept(committed.error(), "committing");
    return;
  }
  if (!has_writes) {
    if (!writing.changes.empty()) life_.fail("a transaction that changed something has no writes");
    return;
  }
  const std::uint64_t position = number(*committed);
  if (position != mine.position) {
    return life_.fail(
        format("a commit was given position {} and returned {}", mine.position, position));
  }
  ++life_.tally.commits;
  if (is_sync) life_.oracle.acknowledge(position);
  life_.returned = std::max(life_.returned, position);
  check_unique(position);
  for (const Change& change : writing.changes) {
    const std::uint64_t other = life_.oracle.written_between(snapshot, position - 1, change);
    if (other == 0) continue;
    return life_.fail(format("ISO-2: commit {} from snapshot {} wrote document {}, which {} wrote",
                             position, snapshot, change.key, other));
  }
}

}  // namespace nacre::sim
