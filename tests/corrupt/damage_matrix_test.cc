// Damage of every kind but single flips (database_flip_test.cc) to a small database that was
// closed: blocks in each other's place, blocks copied over others, blocks as they were earlier (a
// write that was lost), sectors gone to zeros, ones or noise, files cut short or grown.
//
// The short form takes some cases of each kind, by the seed; NACRE_DAMAGE_ALL=1 takes all.
// Replay: NACRE_SEED=<seed>.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "corrupt/damage.h"
#include "io/sim_file_system.h"
#include "support/world.h"

namespace nacre {
namespace {

using test::Outcomes;
using test::World;

constexpr std::size_t kBlock = 4096;
constexpr std::size_t kSector = 512;
constexpr std::size_t kShortCases = 150;  // of each kind and file

// What becomes of one file.
struct Damage {
  std::string file;
  std::string what;
  std::function<std::string(std::string)> apply;
};

class DamageMatrix : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto written = test::write_database(disk_, world_, /*close=*/true);
    ASSERT_TRUE(written.has_value()) << written.error().text();
    remember();
    // More checkpoints, so that most blocks have been something else before.
    for (int round = 0; round < 4; ++round) {
      auto database = txn::Database::open("d", test::options_for(disk_));
      ASSERT_TRUE(database.has_value()) << database.error().text();
      for (int i = 0; i < 12; ++i) {
        const std::string key = format("row{:03}", (7 * i + round) % 50);
        const std::string value = format("changed in round {}", round);
        ASSERT_TRUE(world_.commit(**database, {{TableId{1}, key, value}}).has_value());
        if (i != 6) continue;
        ASSERT_TRUE((*database)->checkpoint().has_value());
      }
      remember();
      ASSERT_TRUE((*database)->close().has_value());
      remember();
    }
    for (const std::string& file : disk_.files()) {
      if (file.ends_with("LOCK")) continue;
      files_.push_back(file);
      contents_.push_back(disk_.contents(file));
    }
  }

  void remember() {
    for (const std::string& file : disk_.files()) versions_[file].push_back(disk_.contents(file));
  }

  // Blocks that hold something, and one that does not.
  static std::vector<std::size_t> blocks_in_use(const std::string& contents) {
    std::vector<std::size_t> blocks;
    bool blank_taken = false;
    for (std::size_t i = 0; (i + 1) * kBlock <= contents.size(); ++i) {
      const bool blank = contents.find_first_not_of('\0', i * kBlock) >= (i + 1) * kBlock;
      if (blank && blank_taken) continue;
      blank_taken |= blank;
      blocks.push_back(i);
    }
    return blocks;
  }

  void run(const char* kind, std::vector<Damage> cases) {
    const std::uint64_t seed = test::from_environment("NACRE_SEED", 1);
    io::Random random(seed);
    if (test::from_environment("NACRE_DAMAGE_ALL", 0) == 0) {
      for (std::size_t i = cases.size(); i > 1; --i) {
        std::swap(cases[i - 1], cases[random.below(i)]);
      }
      cases.resize(std::min(cases.size(), kShortCases));
    }
    Outcomes outcomes;
    for (const Damage& damage : cases) {
      SCOPED_TRACE(format("{}: {}, seed {}", damage.file, damage.what, seed));
      const auto disk = disk_.clone(seed);
      disk->replace_contents(damage.file, damage.apply(disk->contents(damage.file)));
      ASSERT_NO_FATAL_FAILURE(test::judge(*disk, world_, world_.acknowledged, outcomes));
      if (HasFailure()) return;
    }
    EXPECT_GT(outcomes.flips, 10U);
    EXPECT_GT(outcomes.refused + outcomes.reported + outcomes.verify, 0U) << "damage is noticed";
    std::printf(
        "%s: %llu cases; %llu right, %llu refused at open, %llu reported by a read, %llu "
        "by verify\n",
        kind, static_cast<unsigned long long>(outcomes.flips),
        static_cast<unsigned long long>(outcomes.right),
        static_cast<unsigned long long>(outcomes.refused),
        static_cast<unsigned long long>(outcomes.reported),
        static_cast<unsigned long long>(outcomes.verify));
  }

  io::SimFileSystem disk_{1};
  World world_;
  std::vector<std::string> files_;
  std::vector<std::string> contents_;                         // of files_
  std::map<std::string, std::vector<std::string>> versions_;  // of each file, in time
};

TEST_F(DamageMatrix, BlocksInEachOthersPlace) {
  std::vector<Damage> cases;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    const auto blocks = blocks_in_use(contents_[f]);
    for (const std::size_t a : blocks) {
      for (const std::size_t b : blocks) {
        if (a >= b) continue;
        cases.push_back(
            {files_[f], format("blocks {} and {} swapped", a, b), [=](std::string bytes) {
               std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a * kBlock),
                                bytes.begin() + static_cast<std::ptrdiff_t>((a + 1) * kBlock),
                                bytes.begin() + static_cast<std::ptrdiff_t>(b * kBlock));
               return bytes;
             }});
      }
    }
  }
  run("swapped blocks", std::move(cases));
}

TEST_F(DamageMatrix, BlocksCopiedOverOthers) {
  std::vector<Damage> cases;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    const auto blocks = blocks_in_use(contents_[f]);
    for (const std::size_t from : blocks) {
      for (const std::size_t to : blocks) {
        if (from == to) continue;
        cases.push_back(
            {files_[f], format("block {} copied over {}", from, to), [=](std::string bytes) {
               const std::string block = bytes.substr(from * kBlock, kBlock);
               return bytes.replace(to * kBlock, kBlock, block);
             }});
      }
    }
  }
  run("copied blocks", std::move(cases));
}

TEST_F(DamageMatrix, BlocksAsTheyWereEarlier) {
  std::vector<Damage> cases;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    for (const std::string& version : versions_[files_[f]]) {
      for (std::size_t i = 0; (i + 1) * kBlock <= std::min(version.size(), contents_[f].size());
           ++i) {
        const std::string old = version.substr(i * kBlock, kBlock);
        if (contents_[f].compare(i * kBlock, kBlock, old) == 0) continue;
        cases.push_back({files_[f], format("an earlier block {}", i), [=](std::string bytes) {
                           return bytes.replace(i * kBlock, kBlock, old);
                         }});
      }
    }
  }
  run("lost writes", std::move(cases));
}

TEST_F(DamageMatrix, SectorsOfZerosOnesAndNoise) {
  io::Random random(7);
  std::vector<Damage> cases;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    for (const std::size_t block : blocks_in_use(contents_[f])) {
      for (std::size_t at = block * kBlock; at < (block + 1) * kBlock; at += kSector) {
        for (const std::string& sector : {std::string(kSector, '\0'), std::string(kSector, '\xff'),
                                          test::bytes_of(random, kSector)}) {
          if (contents_[f].compare(at, kSector, sector) == 0) continue;
          cases.push_back({files_[f], format("the sector at {}", at),
                           [=](std::string bytes) { return bytes.replace(at, kSector, sector); }});
        }
      }
    }
  }
  run("sectors", std::move(cases));
}

TEST_F(DamageMatrix, FilesCutShortOrGrown) {
  io::Random random(8);
  std::vector<Damage> cases;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    for (std::size_t size = 0; size < contents_[f].size(); size += kSector) {
      cases.push_back({files_[f], format("cut to {} bytes", size),
                       [=](std::string bytes) { return bytes.substr(0, size); }});
    }
    for (std::size_t size = 1; size < 20'000; size += 997) {
      const std::string more = test::bytes_of(random, size);
      cases.push_back({files_[f], format("{} bytes longer", size),
                       [=](std::string bytes) { return bytes + more; }});
    }
  }
  run("lengths", std::move(cases));
}

}  // namespace
}  // namespace nacre
