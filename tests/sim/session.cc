#include "sim/session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nacre::sim {

void Life::note(std::string_view event, std::uint64_t number) {
  if (event != "txn.sequenced") return;
  Committing& mine = committing[scheduler.running()];
  if (mine.changes == nullptr) return fail("a commit that nobody submitted was sequenced");
  if (number != oracle.submitted() + 1) {
    return fail(format("position {} was given after {}", number, oracle.submitted()));
  }
  mine.position = number;
  oracle.submit(number, *mine.changes, mine.is_sync);
}

void Session::run() {
  while (!life_.is_over && life_.operations_left > 0) {
    --life_.operations_left;
    ++life_.tally.operations;
    operate();
    if (random_.chance(1, 8)) life_.scheduler.sleep(1 + random_.below(3000));
  }
}

void Session::operate() {
  const std::uint64_t what = random_.below(100);
  if (what < 55) {
    transact();
  } else if (what < 68) {
    read();
  } else if (what < 75) {
    read_newest();
  } else if (what < 84) {
    read_held();
  } else if (what < 90) {
    read_past();
  } else {
    upkeep();
  }
}

bool Session::accept(const Error& error, std::string_view doing) {
  switch (error.code()) {
    case Code::kConflict:
      return true;
    case Code::kTooOld:  // the snapshot held back too much memory
      return true;
    case Code::kFull:
      // More is held or changed at once than these tiny caches have room for.
      return true;
    default:
      break;
  }
  life_.is_over = true;
  if (!life_.may_fail) life_.fail(format("{}: {}", doing, error.text()));
  return life_.may_fail;
}

std::string Session::key() {
  const std::uint64_t number = random_.below(life_.plan.keys);
  std::string key = format("key{:05}", number);
  if (number % 7 == 0) key += std::string(number % 250, 'k');
  return key;
}

std::vector<Change> Session::draw_changes() {
  std::vector<Change> changes;
  const std::uint64_t count = 1 + random_.below(random_.chance(1, 10) ? 30 : 4);
  const std::uint64_t number = life_.next_number++;
  for (std::uint64_t i = 0; i < count; ++i) {
    Change change{.table = table(), .key = {}, .value = {}};
    const std::uint64_t kind = random_.below(100);
    if (kind >= 2) change.key = key();
    if (kind >= 25) {
      change.value = format("{}:", number);
      const std::uint64_t bytes = random_.below(life_.plan.value_bytes_max + 1);
      change.value->append(bytes, static_cast<char>('a' + number % 26));
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

txn::Durability Session::draw_durability() {
  const auto& weights = life_.plan.durability;
  std::uint64_t drawn = random_.below(weights[0] + weights[1] + weights[2]);
  if (drawn < weights[0]) return txn::Durability::kSync;
  drawn -= weights[0];
  return drawn < weights[1] ? txn::Durability::kGroup : txn::Durability::kAsync;
}

void Session::transact() {
  const bool is_serializable = random_.chance(1, 4);
  txn::Transaction transaction = life_.database->begin(
      is_serializable ? txn::Isolation::kSerializable : txn::Isolation::kSnapshot);
  const std::vector<Change> changes = draw_changes();
  std::vector<Change> reads;
  for (std::uint64_t i = is_serializable ? random_.below(4) : 0; i > 0; --i) {
    reads.push_back({.table = table(), .key = key(), .value = {}});
    const auto found = transaction.get(reads.back().table, as_bytes(reads.back().key));
    if (!found.has_value()) {
      static_cast<void>(accept(found.error(), "reading in a transaction"));
      return;
    }
  }
  for (const Change& change : changes) {
    const auto done = test::apply(transaction, change);
    if (!done.has_value()) {
      static_cast<void>(accept(done.error(), "writing in a transaction"));
      return;
    }
    if (!random_.chance(1, 6)) continue;
    life_.scheduler.yield();
    const auto own = transaction.get(change.table, as_bytes(std::string_view(change.key)));
    const auto is_right = own.has_value() && (*own).has_value() == change.value.has_value() &&
                          (!change.value || **own == *change.value);
    if (own.has_value() && !is_right && !change.key.empty()) {
      return life_.fail("a transaction does not see its own write");
    }
  }
  if (random_.chance(1, 10)) return;  // aborted
  if (random_.chance(1, 3)) life_.scheduler.sleep(1 + random_.below(1000));
  commit(std::move(transaction), changes, reads, draw_durability());
}

void Session::commit(txn::Transaction transaction, const std::vector<Change>& changes,
                     const std::vector<Change>& reads, txn::Durability durability) {
  const bool is_sync = durability == txn::Durability::kSync;
  const std::uint64_t snapshot = number(transaction.snapshot().position());
  const Scheduler::FiberId fiber = life_.scheduler.running();
  life_.committing[fiber] = {.changes = &changes, .is_sync = is_sync};
  life_.oracle.begin_commit();
  const auto committed = transaction.commit(durability);
  life_.oracle.end_commit();
  const Life::Committing mine = life_.committing[fiber];
  life_.committing.erase(fiber);
  if (!committed.has_value()) {
    if (committed.error().code() == Code::kConflict) {
      ++life_.tally.conflicts;
      if (mine.position != 0) life_.fail("a refused commit was given a position");
    }
    static_cast<void>(accept(committed.error(), "committing"));
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
  check_commit(snapshot, position, changes, "wrote");
  check_commit(snapshot, position, reads, "read, as serializable,");
}

void Session::check_commit(std::uint64_t snapshot, std::uint64_t position,
                           const std::vector<Change>& changes, std::string_view did) {
  for (const Change& change : changes) {
    const std::uint64_t other = life_.oracle.written_between(snapshot, position - 1, change);
    if (other == 0) continue;
    return life_.fail(
        format("ISO-2: commit {} from snapshot {} {} table {} key '{}', which {} wrote", position,
               snapshot, did, number(change.table), change.key, other));
  }
}

void Session::read() {
  const std::uint64_t returned = life_.returned;
  txn::Snapshot snapshot = life_.database->snapshot();
  const std::uint64_t position = number(snapshot.position());
  if (position < returned) {
    return life_.fail(format("ISO-1: a snapshot at {} was taken after commit {} had returned",
                             position, returned));
  }
  if (position > life_.oracle.submitted()) {
    return life_.fail(format("a snapshot at {}, which nobody committed", position));
  }
  life_.oracle.show(position);
  compare(snapshot);
  if (held_.size() < 4 && random_.chance(1, 3)) held_.push_back(std::move(snapshot));
}

void Session::read_held() {
  if (held_.empty()) return read();
  const std::size_t chosen = random_.below(held_.size());
  ++life_.tally.past_reads;
  compare(held_[chosen]);
  if (random_.chance(1, 3)) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(chosen));
}

// Without a snapshot: what is shown is of one position from the last that returned before the call
// to the last submitted by its end.
void Session::read_newest() {
  ++life_.tally.newest_reads;
  const std::uint64_t returned = life_.returned;
  if (random_.chance(1, 2)) return visit_range(returned);
  visit_key(returned);
}

void Session::visit_key(std::uint64_t first) {
  const RowKey row{table(), key()};
  std::optional<std::string> shown;
  Result<bool> is_there = false;
  if (random_.chance(1, 2)) {
    is_there = life_.database->visit(row.first, as_bytes(row.second),
                                     [&](Bytes value) { shown = to_string(value); });
  } else {
    is_there = life_.database->get(row.first, as_bytes(row.second), shown.emplace());
    if (is_there.has_value() && !*is_there) shown.reset();
  }
  if (!is_there.has_value()) {
    static_cast<void>(accept(is_there.error(), "reading the newest value"));
    return;
  }
  if (*is_there != shown.has_value()) return life_.fail("a visit says other than it shows");
  ++life_.tally.rows_read;
  for (std::uint64_t at = first; at <= life_.oracle.submitted(); ++at) {
    const std::string* expected = life_.oracle.value_at(at, row);
    if (shown.has_value() != (expected != nullptr)) continue;
    if (expected == nullptr || *shown == *expected) return life_.oracle.show(at);
  }
  life_.fail(format("ISO-1: the newest value of table {} key '{}' is of no position from {} to {}",
                    number(row.first), row.second, first, life_.oracle.submitted()));
}

void Session::visit_range(std::uint64_t first) {
  const TableId in = table();
  const std::string from = key();
  const std::uint64_t limit = 1 + random_.below(60);
  std::vector<std::pair<std::string, std::string>> shown;
  const auto visited = life_.database->visit_rows(
      in, as_bytes(from), limit, [&](std::span<const txn::RowView> rows) {
        for (const txn::RowView& row : rows) {
          shown.emplace_back(to_string(row.prefix) + to_string(row.suffix), to_string(row.value));
        }
      });
  if (!visited.has_value()) {
    static_cast<void>(accept(visited.error(), "visiting rows"));
    return;
  }
  life_.tally.rows_read += shown.size();
  for (std::uint64_t at = first; at <= life_.oracle.submitted(); ++at) {
    if (shown == life_.oracle.rows_from(at, {in, from}, limit)) return life_.oracle.show(at);
  }
  life_.fail(format("ISO-1: the {} rows of table {} from '{}' on are of no position from {} to {}",
                    shown.size(), number(in), from, first, life_.oracle.submitted()));
}

// Any position from the horizon on, which may rise meanwhile.
void Session::read_past() {
  if (!life_.plan.keeps_history()) return read_held();
  const std::uint64_t newest = number(life_.database->snapshot().position());
  const std::uint64_t horizon = number(life_.database->horizon());
  if (horizon > newest) return;
  const Position position{horizon + random_.below(newest - horizon + 1)};
  const auto past = life_.database->snapshot_at(position);
  if (past.has_value()) {
    ++life_.tally.past_reads;
    return compare(*past);
  }
  const bool is_forgotten =
      past.error().code() == Code::kTooOld && position < life_.database->horizon();
  if (!is_forgotten) static_cast<void>(accept(past.error(), "reading the past"));
}

// Sometimes for good, at a position of one's own choice.
void Session::forget_past() {
  ++life_.tally.vacuums;
  Result<> done;
  if (life_.plan.keeps_history() && random_.chance(1, 3)) {
    const std::uint64_t before = number(life_.database->horizon());
    const std::uint64_t newest = number(life_.database->snapshot().position());
    const std::uint64_t least = std::min(before, newest);
    done = life_.database->set_horizon(Position{least + random_.below(newest - least + 1)});
    if (done.has_value()) life_.oracle.acknowledge_horizon(before);
  } else {
    done = life_.database->vacuum();
  }
  if (!done.has_value()) static_cast<void>(accept(done.error(), "forgetting the past"));
}

void Session::compact() {
  ++life_.tally.compactions;
  const auto done = life_.database->compact({});
  if (!done.has_value()) static_cast<void>(accept(done.error(), "compacting"));
}

void Session::compare(const txn::Snapshot& snapshot) {
  if (random_.chance(1, 2)) return compare_scan(snapshot);
  const std::uint64_t position = number(snapshot.position());
  for (std::uint64_t i = 1 + random_.below(5); i > 0; --i) {
    const RowKey row{table(), key()};
    const auto found = snapshot.get(row.first, as_bytes(row.second));
    if (!found.has_value()) {
      static_cast<void>(accept(found.error(), "getting a row"));
      return;
    }
    ++life_.tally.rows_read;
    const std::string* expected = life_.oracle.value_at(position, row);
    const bool is_right = found->has_value() == (expected != nullptr) &&
                          (expected == nullptr || **found == *expected);
    if (!is_right) {
      return life_.fail(format("ISO-1: wrong value of table {} key '{}' at position {}",
                               number(row.first), row.second, position));
    }
  }
}

void Session::compare_scan(const txn::Snapshot& snapshot) {
  const std::uint64_t position = number(snapshot.position());
  const TableId in = table();
  const std::string from = key();
  const bool backwards = random_.chance(1, 2);
  const Rows expected = life_.oracle.rows_at(position);
  auto at = expected.lower_bound({in, from});
  const auto scanned = [&]() -> Result<> {
    const auto cursor = NACRE_TRY(snapshot.cursor(in));
    const Bytes start = as_bytes(from);
    bool row = NACRE_TRY(backwards ? cursor->seek_before(start) : cursor->seek(start));
    for (std::uint64_t left = 1 + random_.below(60); left > 0; --left) {
      const bool has_next = backwards ? at != expected.begin() && std::prev(at)->first.first == in
                                      : at != expected.end() && at->first.first == in;
      if (row != has_next) {
        life_.fail(format("ISO-1: a scan of table {} at position {} has {} rows", number(in),
                          position, row ? "too many" : "too few"));
        return {};
      }
      if (!row) return {};
      if (backwards) --at;
      ++life_.tally.rows_read;
      if (as_text(cursor->key()) != at->first.second || as_text(cursor->value()) != at->second) {
        life_.fail(format("ISO-1: a scan of table {} at position {} shows '{}', expected '{}'",
                          number(in), position, as_text(cursor->key()), at->first.second));
        return {};
      }
      if (!backwards) ++at;
      row = NACRE_TRY(backwards ? cursor->prev() : cursor->next());
    }
    return {};
  }();
  if (!scanned.has_value()) static_cast<void>(accept(scanned.error(), "scanning"));
}

void Session::upkeep() {
  if (random_.chance(1, 6)) return forget_past();
  if (random_.chance(1, 40)) return compact();
  const std::uint64_t what = random_.below(10);
  Result<> done;
  if (what < 4) {
    const std::uint64_t returned = life_.returned;
    done = life_.database->sync();
    if (done.has_value()) life_.oracle.acknowledge(returned);
  } else if (what < 7) {
    done = life_.database->checkpoint();
  } else if (what < 8) {
    const auto report = life_.database->verify();
    ++life_.tally.verified;
    if (!report.has_value()) {
      done = std::unexpected(report.error().clone());
    } else if (!report->problems.empty() && !life_.may_fail) {
      life_.fail("verify: " + report->problems.front());
    }
  } else if (what < 9) {
    held_.clear();
  } else if (life_.plan.has_clock_faults) {
    switch (random_.below(3)) {
      case 0:
        life_.clock.jump(3'600'000'000);
        break;
      case 1:
        life_.clock.jump(-3'600'000'000);
        break;
      default:
        life_.clock.freeze(random_.chance(1, 2));
        break;
    }
  }
  if (!done.has_value()) static_cast<void>(accept(done.error(), "upkeep"));
}

}  // namespace nacre::sim
