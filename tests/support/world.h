// What a test of the whole database knows to be true: the rows after each commit, which commits
// were acknowledged, and how to hold a database against that.
//
// Promises asked for: DUR-1 an acknowledged commit is there; ATOM-1 any other is there whole or not
// at all; ISO-1 a snapshot shows every commit up to its position and nothing of later ones.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "io/random.h"
#include "txn/database.h"

namespace nacre::test {

using RowKey = std::pair<TableId, std::string>;
using Rows = std::map<RowKey, std::string>;

// One thing a transaction does: put, remove (no value), or drop the table (no key).
struct Change {
  TableId table{};
  std::string key;
  std::optional<std::string> value;
};

inline void apply(Rows& rows, const Change& change) {
  if (change.key.empty()) {
    std::erase_if(rows, [&](const auto& row) { return row.first.first == change.table; });
  } else if (change.value) {
    rows[{change.table, change.key}] = *change.value;
  } else {
    rows.erase({change.table, change.key});
  }
}

inline Result<> apply(txn::Transaction& transaction, const Change& change) {
  if (change.key.empty()) return transaction.drop_table(change.table);
  if (change.value) {
    return transaction.put(change.table, as_bytes(change.key), as_bytes(*change.value));
  }
  return transaction.remove(change.table, as_bytes(change.key));
}

// The timeline as the test wrote it.
struct World {
  std::vector<std::shared_ptr<const Rows>> states{std::make_shared<Rows>()};  // by position
  std::uint64_t acknowledged = 0;

  [[nodiscard]] std::uint64_t submitted() const { return states.size() - 1; }
  [[nodiscard]] const Rows& newest() const { return *states.back(); }

  // One transaction. On an error it may or may not have happened.
  Result<> commit(txn::Database& database, const std::vector<Change>& changes,
                  txn::Durability durability = txn::Durability::kSync) {
    txn::Transaction transaction = database.begin();
    auto rows = std::make_shared<Rows>(newest());
    for (const Change& change : changes) {
      NACRE_TRY(apply(transaction, change));
      apply(*rows, change);
    }
    states.push_back(std::move(rows));
    const Position position = NACRE_TRY(transaction.commit(durability));
    EXPECT_EQ(number(position), submitted()) << "positions are dense";
    if (durability == txn::Durability::kSync) acknowledged = number(position);
    return {};
  }

  Result<> sync(txn::Database& database) {
    NACRE_TRY(database.sync());
    acknowledged = submitted();
    return {};
  }
};

// Every row of `table`, forwards and backwards, which must agree.
inline Result<Rows> read_table(const txn::Snapshot& snapshot, TableId table) {
  const auto cursor = NACRE_TRY(snapshot.cursor(table));
  Rows rows;
  std::string previous;
  bool row = NACRE_TRY(cursor->seek_first());
  while (row) {
    const std::string key = to_string(cursor->key());
    EXPECT_LT(previous, key) << "keys ascend";
    previous = key;
    rows[{table, key}] = to_string(cursor->value());
    row = NACRE_TRY(cursor->next());
  }
  std::size_t backwards = 0;
  row = NACRE_TRY(cursor->seek_last());
  while (row) {
    ++backwards;
    const auto found = rows.find({table, to_string(cursor->key())});
    EXPECT_TRUE(found != rows.end() && as_text(cursor->value()) == found->second);
    row = NACRE_TRY(cursor->prev());
  }
  EXPECT_EQ(backwards, rows.size());
  return rows;
}

inline constexpr std::uint32_t kTables = 4;  // tests use tables 1 to 4

inline Result<Rows> read_everything(const txn::Snapshot& snapshot) {
  Rows all;
  for (std::uint32_t table = 1; table <= kTables; ++table) {
    Rows rows = NACRE_TRY(read_table(snapshot, TableId{table}));
    all.merge(rows);
  }
  return all;
}

// The first row in which they differ, for the failure's text.
inline std::string difference(const Rows& found, const Rows& expected) {
  const auto show = [](const Rows::value_type& row) {
    return format("table {} key '{}' ({} bytes)", number(row.first.first), row.first.second,
                  row.second.size());
  };
  for (const auto& row : expected) {
    const auto at = found.find(row.first);
    if (at == found.end()) return "missing: " + show(row);
    if (at->second != row.second) return "wrong value: " + show(row);
  }
  for (const auto& row : found) {
    if (!expected.contains(row.first)) return "not written: " + show(row);
  }
  return {};
}

// Holds what is in an open database against the world. Returns the position it stands at.
inline Result<std::uint64_t> check_rows(txn::Database& database, const World& world) {
  const txn::Snapshot snapshot = database.snapshot();
  const std::uint64_t position = number(snapshot.position());
  EXPECT_GE(position, world.acknowledged) << "DUR-1";
  EXPECT_LE(position, world.submitted()) << "ATOM-1: only what was submitted";
  if (position > world.submitted()) return position;
  const Rows found = NACRE_TRY(read_everything(snapshot));
  EXPECT_EQ(difference(found, *world.states[position]), "") << "ATOM-1 at position " << position;
  return position;
}

inline Result<> check_structure(txn::Database& database) {
  const txn::VerifyReport report = NACRE_TRY(database.verify());
  if (report.problems.empty()) return {};
  return fail(Code::kCorrupt, format("verify found {} problems, the first: {}",
                                     report.problems.size(), report.problems.front()));
}

// Both.
inline Result<std::uint64_t> check(txn::Database& database, const World& world) {
  const std::uint64_t position = NACRE_TRY(check_rows(database, world));
  NACRE_TRY(check_structure(database));
  return position;
}

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::string bytes_of(io::Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  random.fill(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace nacre::test
