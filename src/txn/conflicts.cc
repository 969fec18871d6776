#include "txn/conflicts.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "base/check.h"
#include "base/planted.h"

namespace nacre::txn {
namespace {

constexpr std::size_t kBucketsMin = 256;
constexpr std::size_t kBucketsMax = std::size_t{1} << 15;

}  // namespace

void Footprint::clear() {
  written.clear();
  required.clear();
  tables_written.clear();
  tables_required.clear();
  tables_dropped.clear();
  tables_loaded.clear();
}

Conflicts::Conflicts() : buckets_(kBucketsMin) {}

std::uint64_t Conflicts::hash(TableId table, Bytes key) {
  std::uint64_t h = std::hash<std::string_view>{}(as_text(key));
  h ^= number(table) * std::uint64_t{0x9e3779b97f4a7c15};
  h *= std::uint64_t{0xd6e8feb86659fd93};
  return h ^ (h >> 32);
}

std::optional<Conflict> Conflicts::find_key(std::uint64_t hash, std::uint64_t snapshot) const {
  const Bucket& known = bucket(hash);
  for (std::size_t way = 0; way < kWays; ++way) {
    if (known.hashes[way] != hash || known.positions[way] == 0) continue;
    if (known.positions[way] <= snapshot + (NACRE_PLANTED(conflict_off_by_one) ? 1 : 0)) {
      return std::nullopt;
    }
    if (NACRE_PLANTED(write_conflict_not_checked)) return std::nullopt;
    return Conflict{
        .kind = Conflict::Kind::kWritten, .index = 0, .position = Position{known.positions[way]}};
  }
  if (known.forgotten <= snapshot || NACRE_PLANTED(forgotten_writer_ignored)) return std::nullopt;
  return Conflict{
      .kind = Conflict::Kind::kForgotten, .index = 0, .position = Position{known.forgotten}};
}

std::optional<Conflict> Conflicts::find_table(const Footprint& footprint,
                                              std::uint64_t snapshot) const {
  const auto marks = [&](TableId table) {
    const auto found = tables_.find(number(table));
    return found == tables_.end() ? TableMarks{} : found->second;
  };
  const auto conflict = [](Conflict::Kind kind, TableId table, std::uint64_t position) {
    return Conflict{.kind = kind, .index = number(table), .position = Position{position}};
  };
  for (const auto* tables : {&footprint.tables_written, &footprint.tables_required}) {
    for (const TableId table : *tables) {
      const std::uint64_t dropped = marks(table).dropped;
      if (dropped > snapshot) return conflict(Conflict::Kind::kTableDropped, table, dropped);
    }
  }
  for (const TableId table : footprint.tables_dropped) {
    const TableMarks seen = marks(table);
    const std::uint64_t newest = std::max(seen.written, seen.dropped);
    if (newest > snapshot) return conflict(Conflict::Kind::kTableWritten, table, newest);
  }
  return std::nullopt;
}

std::optional<Conflict> Conflicts::find(const Footprint& footprint, Position snapshot,
                                        Position keys_unchanged_until) const {
  const std::uint64_t since = number(std::max(snapshot, keys_unchanged_until));
  if (auto conflict = find_table(footprint, number(snapshot))) return conflict;
  for (std::size_t i = 0; i < footprint.written.size(); ++i) {
    auto conflict = find_key(footprint.written[i], since);
    if (!conflict) continue;
    conflict->index = i;
    return conflict;
  }
  for (std::size_t i = 0; i < footprint.required.size(); ++i) {
    auto conflict = find_key(footprint.required[i], since);
    if (!conflict) continue;
    conflict->index = i;
    if (conflict->kind == Conflict::Kind::kWritten) conflict->kind = Conflict::Kind::kRequired;
    return conflict;
  }
  return std::nullopt;
}

Conflicts::Doubts Conflicts::doubts(const Footprint& footprint, Position snapshot) const {
  const auto doubtful = [&](const std::vector<std::uint64_t>& hashes) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      if (find_key(hashes[i], number(snapshot))) found.push_back(i);
    }
    return found;
  };
  return {.written = doubtful(footprint.written), .required = doubtful(footprint.required)};
}

Conflicts::TableMarks& Conflicts::marks(TableId table) {
  if (last_marks_ == nullptr || last_table_ != table) {
    last_marks_ = &tables_[number(table)];
    last_table_ = table;
  }
  return *last_marks_;
}

void Conflicts::insert(std::uint64_t hash, std::uint64_t position) {
  Bucket& into = buckets_[hash & (buckets_.size() - 1)];
  std::size_t oldest = 0;
  for (std::size_t way = 0; way < kWays; ++way) {
    if (into.hashes[way] == hash) {
      into.positions[way] = std::max(into.positions[way], position);
      return;
    }
    if (into.positions[way] < into.positions[oldest]) oldest = way;
  }
  if (into.positions[oldest] != 0) {
    into.forgotten = std::max(into.forgotten, into.positions[oldest]);
    ++forgotten_count_;
  }
  into.hashes[oldest] = hash;
  into.positions[oldest] = position;
}

void Conflicts::note(const Footprint& footprint, Position position) {
  // A batch may not push out what it is about to be compared with.
  while (buckets_.size() < 2 * footprint.written.size() && buckets_.size() < kBucketsMax) grow();
  for (const std::uint64_t hash : footprint.written) insert(hash, number(position));
  for (const TableId table : footprint.tables_written) marks(table).written = number(position);
  for (const auto* tables : {&footprint.tables_dropped, &footprint.tables_loaded}) {
    for (const TableId table : *tables) marks(table).dropped = number(position);
  }
  if (forgotten_count_ > buckets_.size() / 4 && buckets_.size() < kBucketsMax) grow();
}

void Conflicts::grow() {
  const std::vector<Bucket> old = std::move(buckets_);
  buckets_ = std::vector<Bucket>(old.size() * 2);
  for (std::size_t i = 0; i < old.size(); ++i) {
    // What was forgotten may belong to either half.
    buckets_[i].forgotten = old[i].forgotten;
    buckets_[i + old.size()].forgotten = old[i].forgotten;
    for (std::size_t way = 0; way < kWays; ++way) {
      if (old[i].positions[way] != 0) insert(old[i].hashes[way], old[i].positions[way]);
    }
  }
  forgotten_count_ = 0;
  NACRE_CHECK((buckets_.size() & (buckets_.size() - 1)) == 0, "bucket counts are powers of two");
}

}  // namespace nacre::txn
