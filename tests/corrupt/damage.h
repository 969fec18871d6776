// A small database to damage, and the judge of what becomes of it: what is read is right, or there
// is an error that names what is damaged; never a wrong row, a missing acknowledged commit, a
// crash.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "io/sim_file_system.h"
#include "support/world.h"

namespace nacre::test {

struct Outcomes {
  std::uint64_t flips = 0;
  std::uint64_t right = 0;
  std::uint64_t refused = 0;   // by open
  std::uint64_t reported = 0;  // by a read
  std::uint64_t verify = 0;    // right to all reads, found by verify
};

inline txn::Options options_for(io::SimFileSystem& disk) {
  txn::Options options;
  options.file_system = &disk;
  options.cache_bytes = std::size_t{4} << 20;
  options.background_thread = false;
  return options;
}

// Two tables, several leaves, commits both in the checkpoint and in the log alone.
inline Result<> write_database(io::SimFileSystem& disk, World& world, bool close) {
  txn::Options options = options_for(disk);
  options.create_if_missing = true;
  io::Random random(3);
  const auto database = NACRE_TRY(txn::Database::open("d", options));
  std::vector<Change> changes;
  for (int i = 0; i < 50; ++i) {
    changes.push_back({TableId{1}, format("row{:03}", i), test::bytes_of(random, 250)});
    changes.push_back({TableId{2}, format("entry{:03}", 49 - i), format("{}", i)});
  }
  changes.push_back({TableId{1}, "value in a chunk", test::bytes_of(random, 9'000)});
  NACRE_TRY(world.commit(*database, changes));
  NACRE_TRY(database->checkpoint());
  for (int i = 0; i < 4; ++i) {
    NACRE_TRY(world.commit(*database, {{TableId{1}, format("row{:03}", 10 * i), "changed"},
                                       {TableId{2}, format("entry{:03}", i), std::nullopt}}));
  }
  if (close) return database->close();
  return {};
}

// What the error is about: a file of the database, or a page or block of it.
inline void expect_named(const Error& error) {
  EXPECT_EQ(error.code(), Code::kCorrupt) << error.text();
  const std::string& text = error.text();
  const bool names =
      text.find("d/") != std::string::npos || text.find("page") != std::string::npos ||
      text.find("block") != std::string::npos || text.find("superblock") != std::string::npos;
  EXPECT_TRUE(names) << text;
}

inline void judge(io::SimFileSystem& disk, const World& world, std::uint64_t least,
                  Outcomes& outcomes) {
  ++outcomes.flips;
  const auto opened = txn::Database::open("d", options_for(disk));
  if (!opened.has_value()) {
    ++outcomes.refused;
    return expect_named(opened.error());
  }
  const txn::Snapshot snapshot = (*opened)->snapshot();
  const std::uint64_t position = number(snapshot.position());
  ASSERT_GE(position, least);
  ASSERT_LE(position, world.submitted());
  const test::Rows& expected = *world.states[position];
  bool reported = false;
  for (const auto& [key, value] : expected) {
    const auto found = snapshot.get(key.first, as_bytes(key.second));
    if (!found.has_value()) {
      reported = true;
      expect_named(found.error());
      continue;
    }
    ASSERT_TRUE(found->has_value()) << "missing: " << key.second;
    ASSERT_TRUE(**found == value) << "wrong value: " << key.second;
  }
  const auto scanned = test::read_everything(snapshot);
  if (!scanned.has_value()) {
    reported = true;
    expect_named(scanned.error());
  } else {
    ASSERT_EQ(test::difference(*scanned, expected), "");
  }
  const auto report = (*opened)->verify();
  const bool clean = report.has_value() && report->problems.empty();
  EXPECT_FALSE(reported && clean) << "verify finds what a read finds";
  if (reported) {
    ++outcomes.reported;
  } else if (!clean) {
    ++outcomes.verify;
  } else {
    ++outcomes.right;
  }
}

}  // namespace nacre::test
