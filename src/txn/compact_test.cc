// Compaction of a database: the file ends near what the rows need, nothing changes, and a power cut
// at any operation of it loses nothing.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kTable{1};
using Model = std::map<std::string, std::string>;

Options options_on(io::SimFileSystem& disk, std::size_t cache_bytes = std::size_t{2} << 20) {
  Options options;
  options.file_system = &disk;
  options.create_if_missing = true;
  options.cache_bytes = cache_bytes;
  options.background_thread = false;
  options.history_bytes = 0;  // what is deleted is gone
  return options;
}

std::unique_ptr<Database> open(io::SimFileSystem& disk, std::string_view path = "d") {
  auto opened = Database::open(path, options_on(disk));
  EXPECT_TRUE(opened.has_value()) << opened.error().text();
  return opened.has_value() ? std::move(*opened) : nullptr;
}

void commit(Database& database, const Model& puts, const std::vector<std::string>& removes) {
  Transaction txn = database.begin();
  for (const auto& [key, value] : puts) {
    ASSERT_TRUE(txn.put(kTable, as_bytes(key), as_bytes(value)).has_value());
  }
  for (const std::string& key : removes) {
    ASSERT_TRUE(txn.remove(kTable, as_bytes(key)).has_value());
  }
  const auto done = txn.commit(Durability::kAsync);
  ASSERT_TRUE(done.has_value()) << done.error().text();
}

// `rows` rows in random order, of which `kept` in `of` are not deleted again, in random order.
Model fill(Database& database, int rows, int of, std::mt19937_64& random) {
  std::vector<std::string> keys;
  keys.reserve(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i) keys.push_back(format("key{:08}", i));
  std::ranges::shuffle(keys, random);
  Model model;
  for (std::size_t at = 0; at < keys.size(); at += 100) {
    Model part;
    for (std::size_t i = at; i < std::min(keys.size(), at + 100); ++i) {
      part[keys[i]] = std::string(60 + random() % 80, static_cast<char>('a' + i % 26));
    }
    commit(database, part, {});
    model.merge(part);
  }
  EXPECT_TRUE(database.checkpoint().has_value());
  std::ranges::shuffle(keys, random);
  keys.resize(keys.size() - keys.size() / static_cast<std::size_t>(of));
  for (std::size_t at = 0; at < keys.size(); at += 100) {
    const std::vector<std::string> part(
        keys.begin() + static_cast<std::ptrdiff_t>(at),
        keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), at + 100)));
    commit(database, {}, part);
    for (const std::string& key : part) model.erase(key);
  }
  return model;
}

void expect_rows(Database& database, const Model& model) {
  const Snapshot snapshot = database.snapshot();
  auto cursor = snapshot.cursor(kTable);
  ASSERT_TRUE(cursor.has_value());
  auto there = (*cursor)->seek_first();
  for (const auto& [key, value] : model) {
    ASSERT_TRUE(there.has_value()) << there.error().text();
    ASSERT_TRUE(*there);
    ASSERT_EQ(as_text((*cursor)->key()), key);
    ASSERT_EQ(as_text((*cursor)->value()), value);
    there = (*cursor)->next();
  }
  ASSERT_TRUE(there.has_value());
  ASSERT_FALSE(*there);
}

void expect_clean(Database& database) {
  const auto report = database.verify();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
}

TEST(Compact, VerifyFindsNothingBetweenItsSteps) {
  io::SimFileSystem disk(1);
  std::mt19937_64 random(7);
  {
    const auto database = open(disk);
    fill(*database, 2'000, 10, random);
    ASSERT_TRUE(database->close().has_value());
  }
  const auto database = open(disk);
  int verified = 0;
  const auto report = database->compact({.progress = [&](const CompactProgress& progress) {
    if (progress.pages_freed > 0 && verified++ == 0) expect_clean(*database);
    return true;
  }});
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_GT(verified, 0);
}

TEST(Compact, GoesOnWhileTablesAreMadeAndDropped) {
  io::SimFileSystem disk(1);
  const auto database = open(disk);
  std::atomic<bool> is_over = false;
  std::thread maker([&] {
    for (std::uint32_t i = 0; i < 300; ++i) {
      Transaction txn = database->begin();
      ASSERT_TRUE(txn.put(TableId{1 + i}, as_bytes("key"), as_bytes("value")).has_value());
      if (i > 5) {
        ASSERT_TRUE(txn.drop_table(TableId{i - 5}).has_value());
      }
      ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
    }
    is_over = true;
  });
  while (!is_over) {
    const auto report = database->compact({});
    EXPECT_TRUE(report.has_value()) << report.error().text();
  }
  maker.join();
  expect_clean(*database);
}

TEST(Compact, AfterDeletingNineTenthsTheFileIsNearWhatTheRowsNeed) {
  io::SimFileSystem disk(1);
  std::mt19937_64 random(7);
  const auto database = open(disk);
  const Model model = fill(*database, 8'000, 10, random);
  const auto report = database->compact({});
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_EQ(report->damaged, 0U);
  expect_rows(*database, model);
  expect_clean(*database);
  ASSERT_TRUE(database->close().has_value());

  const auto copy = open(disk, "copy");
  Model part;
  for (const auto& row : model) {
    part.insert(row);
    if (part.size() < 100) continue;
    commit(*copy, part, {});
    part.clear();
  }
  commit(*copy, part, {});
  ASSERT_TRUE(copy->close().has_value());
  const std::uint64_t needed = disk.contents("copy/store.dat").size();
  const std::uint64_t taken = disk.contents("d/store.dat").size();
  RecordProperty("percent", static_cast<int>(100 * taken / needed));
  EXPECT_LE(taken, needed * 12 / 10) << needed;
  expect_rows(*open(disk), model);
}

TEST(Compact, WithNothingToDoItDoesLittle) {
  io::SimFileSystem disk(1);
  std::mt19937_64 random(7);
  const auto database = open(disk);
  const Model model = fill(*database, 4000, 4000, random);
  ASSERT_TRUE(database->compact({}).has_value());
  const auto again = database->compact({});
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(again->bytes_moved, 0U);
  EXPECT_EQ(again->pages_freed, 0U);
}

TEST(Compact, ReadersAndWritersGoOnBesideIt) {
  io::SimFileSystem disk(1);
  std::mt19937_64 random(7);
  Options options = options_on(disk, std::size_t{1} << 20);
  options.background_thread = true;
  auto opened = Database::open("d", options);
  ASSERT_TRUE(opened.has_value());
  Database& database = **opened;
  Model model = fill(database, 8'000, 4, random);
  const Model before = model;
  const Snapshot old = database.snapshot();
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    std::mt19937_64 choose(3);
    while (!stop.load()) {
      auto row = before.begin();
      std::advance(row, static_cast<std::ptrdiff_t>(choose() % before.size()));
      const auto found = old.get(kTable, as_bytes(row->first));
      if (!found.has_value()) {
        EXPECT_EQ(found.error().code(), Code::kTooOld) << found.error().text();
        return;
      }
      EXPECT_EQ(*found, row->second);
    }
  });
  std::thread writer([&] {
    std::mt19937_64 choose(4);
    while (!stop.load()) {
      const std::string key = format("key{:08}", choose() % 8'000);
      if (choose() % 2 == 0) {
        model[key] = std::string(choose() % 200, 'w');
        commit(database, {{key, model[key]}}, {});
      } else {
        model.erase(key);
        commit(database, {}, {key});
      }
    }
  });
  for (int i = 0; i < 3; ++i) {
    const auto report = database.compact({});
    EXPECT_TRUE(report.has_value()) << report.error().text();
  }
  stop.store(true);
  reader.join();
  writer.join();
  expect_rows(database, model);
  expect_clean(database);
}

TEST(Compact, ItEndsWhenItIsToldTo) {
  io::SimFileSystem disk(1);
  std::mt19937_64 random(7);
  const auto database = open(disk);
  const Model model = fill(*database, 6'000, 10, random);
  int calls = 0;
  const auto report = database->compact({.progress = [&](const CompactProgress& progress) {
    EXPECT_GT(progress.file_bytes, 0U);
    return ++calls < 2;
  }});
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_TRUE(report->is_cancelled);
  EXPECT_EQ(calls, 2);
  expect_rows(*database, model);
  expect_clean(*database);
}

// PAGE-10
TEST(Compact, APowerCutAtAnyOperationOfItLosesNothing) {
  io::SimFileSystem prepared(1);
  std::mt19937_64 random(7);
  Model model;
  {
    const auto database = open(prepared);
    model = fill(*database, 5'000, 5, random);
    ASSERT_TRUE(database->close().has_value());
  }
  const auto rehearsal = prepared.clone(0);
  const std::uint64_t first = rehearsal->operations();
  ASSERT_TRUE(open(*rehearsal)->compact({}).has_value());
  const std::uint64_t last = rehearsal->operations() - first;
  ASSERT_GE(last, 15U);
  for (std::uint64_t cut = 0; cut <= last; ++cut) {
    SCOPED_TRACE(format("seed and power cut: {} of {}", cut, last));
    const auto disk = prepared.clone(cut);
    disk->cut_power_after(cut);
    if (auto database = Database::open("d", options_on(*disk)); database.has_value()) {
      [[maybe_unused]] const auto compacted = (*database)->compact({});
    }
    disk->reboot();
    const auto database = open(*disk);
    ASSERT_NE(database, nullptr);
    expect_rows(*database, model);
    expect_clean(*database);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace nacre::txn
