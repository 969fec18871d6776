#include "sim/oracle.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace nacre::sim {
namespace {

std::string show(const RowKey& key) {
  return format("table {} key '{}'", number(key.first), key.second);
}

// The rows of one table in one direction, held against `expected`.
Result<std::string> check_table(const txn::Snapshot& snapshot, TableId table, const Rows& expected,
                                bool backwards) {
  const auto cursor = NACRE_TRY(snapshot.cursor(table));
  auto first = expected.lower_bound({table, ""});
  auto last = expected.lower_bound({TableId{number(table) + 1}, ""});
  bool row = NACRE_TRY(backwards ? cursor->seek_last() : cursor->seek_first());
  while (row) {
    if (first == last) return format("not written: key '{}'", as_text(cursor->key()));
    const auto& wanted = backwards ? *std::prev(last) : *first;
    if (as_text(cursor->key()) != wanted.first.second) {
      return format("found key '{}', expected {}", as_text(cursor->key()), show(wanted.first));
    }
    if (as_text(cursor->value()) != wanted.second) {
      return format("wrong value of {}: {} bytes, expected {}", show(wanted.first),
                    cursor->value().size(), wanted.second.size());
    }
    if (backwards) {
      --last;
    } else {
      ++first;
    }
    row = NACRE_TRY(backwards ? cursor->prev() : cursor->next());
  }
  if (first == last) return std::string();
  return "missing: " + show(backwards ? std::prev(last)->first : first->first);
}

}  // namespace

void Oracle::submit(std::uint64_t position, const std::vector<Change>& changes, bool is_sync) {
  NACRE_CHECK(position == submitted() + 1, "positions are dense");
  sync_.push_back(is_sync);
  std::vector<RowKey>& changed = changed_.emplace_back();
  const auto set = [&](std::vector<Version>& versions, const std::optional<std::string>& value) {
    if (!versions.empty() && versions.back().position == position) versions.pop_back();
    versions.push_back({position, value});
  };
  for (const Change& change : changes) {
    changed.emplace_back(change.table, change.key);
    if (!change.key.empty()) {
      set(rows_[{change.table, change.key}], change.value);
      continue;
    }
    for (auto& [key, versions] : rows_) {
      if (key.first == change.table && versions.back().value) set(versions, std::nullopt);
    }
  }
}

void Oracle::show(std::uint64_t position) {
  while (position > acknowledged_ && !sync_[position - 1]) --position;
  acknowledge(position);
}

void Oracle::truncate(std::uint64_t position) {
  for (auto at = rows_.begin(); at != rows_.end();) {
    auto& versions = at->second;
    while (!versions.empty() && versions.back().position > position) versions.pop_back();
    at = versions.empty() ? rows_.erase(at) : std::next(at);
  }
  sync_.resize(position);
  changed_.resize(position);
  acknowledged_ = position;  // whoever has opened it has shown it
}

const std::string* Oracle::value_at(std::uint64_t position, const RowKey& key) const {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return nullptr;
  const auto& versions = found->second;
  const auto after = std::ranges::upper_bound(versions, position, {}, &Version::position);
  if (after == versions.begin() || !std::prev(after)->value) return nullptr;
  return &*std::prev(after)->value;
}

Rows Oracle::rows_at(std::uint64_t position) const {
  Rows rows;
  for (const auto& [key, versions] : rows_) {
    const std::string* value = value_at(position, key);
    if (value != nullptr) rows.emplace_hint(rows.end(), key, *value);
  }
  return rows;
}

std::vector<std::pair<std::string, std::string>> Oracle::rows_from(std::uint64_t position,
                                                                   const RowKey& from,
                                                                   std::uint64_t limit) const {
  std::vector<std::pair<std::string, std::string>> rows;
  for (auto at = rows_.lower_bound(from); at != rows_.end() && rows.size() < limit; ++at) {
    if (at->first.first != from.first) break;
    const std::string* value = value_at(position, at->first);
    if (value != nullptr) rows.emplace_back(at->first.second, *value);
  }
  return rows;
}

std::uint64_t Oracle::written_between(std::uint64_t after, std::uint64_t until,
                                      const Change& change) const {
  for (std::uint64_t position = until; position > after; --position) {
    for (const RowKey& changed : changed_[position - 1]) {
      if (changed.first != change.table) continue;
      if (changed.second.empty() || change.key.empty() || changed.second == change.key) {
        return position;
      }
    }
  }
  return 0;
}

std::string check_rows(const txn::Snapshot& snapshot, const Oracle& oracle, bool backwards) {
  const std::uint64_t position = number(snapshot.position());
  const Rows expected = oracle.rows_at(position);
  for (std::uint32_t table = 1; table <= test::kTables; ++table) {
    const auto wrong = check_table(snapshot, TableId{table}, expected, backwards);
    if (!wrong.has_value()) {
      return format("at position {}: table {}: {}", position, table, wrong.error().text());
    }
    if (!wrong->empty()) return format("at position {}: table {}: {}", position, table, *wrong);
  }
  return {};
}

std::string check_past(txn::Database& database, const Oracle& oracle, io::Random& random,
                       std::uint64_t& count) {
  const std::uint64_t newest = number(database.snapshot().position());
  const std::uint64_t horizon = number(database.horizon());
  if (horizon > newest) return format("the horizon is {}, the newest position {}", horizon, newest);
  // The horizon itself, what is near the newest, and any.
  const std::uint64_t span = newest - horizon;
  for (const std::uint64_t back :
       {span, random.below(std::min<std::uint64_t>(span, 4) + 1), random.below(span + 1)}) {
    const auto past = database.snapshot_at(Position{newest - back});
    if (!past.has_value()) return "a position that is kept: " + past.error().text();
    ++count;
    if (auto wrong = check_rows(*past, oracle, random.chance(1, 4)); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace nacre::sim
