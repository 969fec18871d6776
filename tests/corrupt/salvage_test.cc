// Damages a database at random, salvages it, and holds the copy against what was there: no row that
// was not, and none missing but those of damaged pages, which the report names.
// Long form: NACRE_SALVAGE_SEEDS=<n>. Replay: NACRE_SEED=<seed>.
#include "store/salvage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "corrupt/damage.h"
#include "io/sim_file_system.h"
#include "support/world.h"

namespace nacre {
namespace {

using test::Change;
using test::Rows;
using test::World;

constexpr std::size_t kBlock = 4096;
constexpr std::uint64_t kRowsOfAPageMax = 480;

class Salvage : public ::testing::Test {
 protected:
  // Three tables of several pages each; the last commits are in the log alone.
  void SetUp() override {
    txn::Options options = test::options_for(disk_);
    options.create_if_missing = true;
    auto database = txn::Database::open("d", options);
    ASSERT_TRUE(database.has_value()) << database.error().text();
    io::Random random(3);
    for (std::uint32_t table = 1; table <= 3; ++table) {
      std::vector<Change> changes;
      for (int i = 0; i < 400; ++i) {
        changes.push_back({TableId{table}, format("row{:03}", i), test::bytes_of(random, 200)});
      }
      ASSERT_TRUE(world_.commit(**database, changes).has_value());
    }
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(world_
                      .commit(**database, {{TableId{3}, format("row{:03}big", 100 * i),
                                            test::bytes_of(random, 9000)}})
                      .has_value());
    }
    ASSERT_TRUE((*database)->checkpoint().has_value());
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(world_
                      .commit(**database, {{TableId{1}, format("row{:03}", 10 * i), "changed"},
                                           {TableId{2}, format("row{:03}", i), std::nullopt},
                                           {TableId{4}, format("new{}", i), "new"}})
                      .has_value());
    }
  }

  // The map of so small a file is one block, without which no page is found.
  static bool is_map_lost(const store::SalvageReport& report) {
    return std::ranges::any_of(report.losses, [](const std::string& loss) {
      return loss.find("where pages") != std::string::npos;
    });
  }

  static Result<store::SalvageReport> salvage(io::SimFileSystem& disk) {
    store::Options options;
    options.file_system = &disk;
    options.cache_bytes = std::size_t{4} << 20;
    return store::salvage("d", "saved", options);
  }

  // The copy's rows, which are a part of what was there at the report's position.
  void check(io::SimFileSystem& disk, const store::SalvageReport& report, std::uint64_t& missing) {
    const auto saved = txn::Database::open("saved", test::options_for(disk));
    ASSERT_TRUE(saved.has_value()) << saved.error().text();
    const auto structure = test::check_structure(**saved);
    EXPECT_TRUE(structure.has_value()) << structure.error().text();
    const auto rows = test::read_everything((*saved)->snapshot());
    ASSERT_TRUE(rows.has_value()) << rows.error().text();
    ASSERT_LE(number(report.position), world_.submitted());
    const Rows& expected = *world_.states[number(report.position)];
    for (const auto& [key, value] : *rows) {
      const auto there = expected.find(key);
      ASSERT_TRUE(there != expected.end()) << "not written: " << key.second;
      ASSERT_TRUE(there->second == value) << "wrong value: " << key.second;
    }
    missing = expected.size() - rows->size();
    if (report.losses.empty()) {
      EXPECT_EQ(missing, 0U);
      EXPECT_EQ(number(report.position), world_.submitted());
    }
    if (!is_map_lost(report)) {
      EXPECT_LE(missing, report.lost_pages * kRowsOfAPageMax + 3) << "three are in chunks";
    }
  }

  io::SimFileSystem disk_{1};
  World world_;
};

TEST_F(Salvage, OfAnIntactDatabaseIsACompleteCopy) {
  const auto report = salvage(disk_);
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_THAT(report->losses, ::testing::IsEmpty());
  EXPECT_EQ(report->commit_count, 20U);
  std::uint64_t missing = 0;
  check(disk_, *report, missing);
  const auto again = salvage(disk_);
  ASSERT_FALSE(again.has_value()) << "the target is taken";
  EXPECT_EQ(again.error().code(), Code::kExists);
}

// Every block of the file, one at a time.
TEST_F(Salvage, OfADamagedBlockLosesNoMoreThanTheRowsInIt) {
  const std::string whole = disk_.contents("d/store.dat");
  std::uint64_t lossless = 0;
  std::uint64_t lossy = 0;
  for (std::size_t block = 0; block < whole.size() / kBlock; ++block) {
    SCOPED_TRACE(format("block {}", block));
    const auto disk = disk_.clone(block);
    disk->corrupt("d/store.dat", block * kBlock + 777, std::byte{0x10});
    const auto report = salvage(*disk);
    ASSERT_TRUE(report.has_value()) << report.error().text();
    std::uint64_t missing = 0;
    ASSERT_NO_FATAL_FAILURE(check(*disk, *report, missing));
    if (block < 4) {
      EXPECT_EQ(missing, 0U) << "there are four superblocks";
    }
    if (!is_map_lost(*report)) {
      EXPECT_LT(missing, 60U) << "one page of such rows";
    }
    ++(missing > 0 ? lossy : lossless);
  }
  EXPECT_GT(lossless, 4U);
  EXPECT_GT(lossy, 20U);
}

TEST_F(Salvage, OfRandomDamageGivesNothingThatWasNotThere) {
  const std::uint64_t seeds = test::from_environment("NACRE_SALVAGE_SEEDS", 60);
  const std::uint64_t first = test::from_environment("NACRE_SEED", 1);
  std::uint64_t refused = 0;
  std::uint64_t missing_rows = 0;
  std::uint64_t complete = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE(format("NACRE_SEED={}", seed));
    io::Random random(seed);
    const auto disk = disk_.clone(seed);
    std::vector<std::string> files;
    for (const std::string& file : disk->files()) {
      if (!file.ends_with("LOCK")) files.push_back(file);
    }
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      const std::string& file = files[random.below(files.size())];
      std::string bytes = disk->contents(file);
      const std::uint64_t used = std::min<std::uint64_t>(bytes.size() / kBlock, 60);
      const std::uint64_t block = random.below(used);
      bytes.replace(block * kBlock, kBlock, test::bytes_of(random, kBlock));
      if (random.below(8) == 0) bytes.resize(random.below(bytes.size()));
      disk->replace_contents(file, std::move(bytes));
    }
    const auto report = salvage(*disk);
    if (!report.has_value()) {
      ++refused;  // no superblock left
      EXPECT_EQ(report.error().code(), Code::kCorrupt) << report.error().text();
      continue;
    }
    std::uint64_t missing = 0;
    ASSERT_NO_FATAL_FAILURE(check(*disk, *report, missing));
    missing_rows += missing;
    complete += report->losses.empty() ? 1 : 0;
  }
  std::printf(
      "salvage: %llu damaged databases, %llu without loss, %llu unreadable, %llu rows "
      "missing\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(complete),
      static_cast<unsigned long long>(refused), static_cast<unsigned long long>(missing_rows));
}

}  // namespace
}  // namespace nacre
