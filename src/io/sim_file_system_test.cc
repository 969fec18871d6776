#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/text.h"

namespace nacre::io {
namespace {

constexpr std::uint64_t kSeeds = 200;

std::unique_ptr<File> create(FileSystem& fs, std::string_view path) {
  auto file = fs.open(path, {.mode = OpenMode::kCreate});
  EXPECT_TRUE(file.has_value());
  return std::move(*file);
}

// Everything a power cut left behind `work`, over many seeds.
template <class T>
std::set<T> outcomes(const std::function<void(SimFileSystem&)>& work,
                     const std::function<T(SimFileSystem&)>& look) {
  std::set<T> seen;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimFileSystem disk(seed);
    work(disk);
    disk.reboot();
    seen.insert(look(disk));
  }
  return seen;
}

std::string letters(char letter) { return std::string(512, letter); }

TEST(SimFileSystem, SyncedBytesAndNamesSurviveEveryPowerCut) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(file->write(0, as_bytes("abc")).has_value());
        ASSERT_TRUE(file->sync().has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
      },
      [](SimFileSystem& disk) { return disk.contents("a"); });
  EXPECT_EQ(seen, std::set<std::string>{"abc"});
}

TEST(SimFileSystem, UnsyncedSectorsSurviveInEveryCombination) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(file->write(0, as_bytes(std::string(1024, '.'))).has_value());
        ASSERT_TRUE(file->sync().has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(file->write(0, as_bytes(std::string(1024, 'x'))).has_value());
      },
      [](SimFileSystem& disk) { return disk.contents("a"); });
  const std::string old = letters('.');
  const std::string fresh = letters('x');
  EXPECT_EQ(seen, (std::set<std::string>{old + old, fresh + old, old + fresh, fresh + fresh}));
}

TEST(SimFileSystem, DurableWriteSurvivesAndSaysNothingOfEarlierWrites) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(file->write(0, as_bytes(std::string(1024, '.'))).has_value());
        ASSERT_TRUE(file->sync().has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(file->write(0, as_bytes(std::string(1024, 'x'))).has_value());
        ASSERT_TRUE(file->write_durably(512, as_bytes(letters('y'))).has_value());
      },
      [](SimFileSystem& disk) { return disk.contents("a"); });
  EXPECT_EQ(seen,
            (std::set<std::string>{letters('.') + letters('y'), letters('x') + letters('y')}));
}

TEST(SimFileSystem, FileMayGrowWithoutItsData) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(file->write(0, as_bytes(letters('x'))).has_value());
      },
      [](SimFileSystem& disk) { return disk.contents("a"); });
  EXPECT_EQ(seen, (std::set<std::string>{"", letters('\0'), letters('x')}));
}

TEST(SimFileSystem, UnsyncedShrinkingMayBeUndoneAndNeverBringsOldBytesBack) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(file->write_durably(0, as_bytes("abcd")).has_value());
        ASSERT_TRUE(file->resize(1).has_value());
        ASSERT_TRUE(file->resize(4).has_value());
      },
      [](SimFileSystem& disk) { return disk.contents("a"); });
  EXPECT_EQ(seen, (std::set<std::string>{"abcd", "a", std::string("a\0\0\0", 4)}));
}

std::string joined(SimFileSystem& disk) {
  std::string all;
  for (const std::string& file : disk.files()) all += file + "=" + disk.contents(file) + " ";
  return all;
}

TEST(SimFileSystem, NamesAreLostWithoutADirectorySync) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto old = create(disk, "old");
        ASSERT_TRUE(old->write_durably(0, as_bytes("1")).has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(disk.rename("old", "new").has_value());
        ASSERT_TRUE(create(disk, "more")->write_durably(0, as_bytes("2")).has_value());
      },
      joined);
  EXPECT_TRUE(seen.contains("old=1 ")) << "rename lost";
  EXPECT_TRUE(seen.contains("new=1 ")) << "creation lost";
  EXPECT_TRUE(seen.contains("more=2 new=1 ")) << "all kept";
  EXPECT_TRUE(seen.contains("new=1 old=1 ")) << "both names present";
  for (const std::string& found : seen) EXPECT_NE(found.find("=1"), std::string::npos) << found;
}

TEST(SimFileSystem, RemovalIsUndoneOrNot) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        ASSERT_TRUE(disk.make_directory("d").has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(create(disk, "d/a")->write_durably(0, as_bytes("1")).has_value());
        ASSERT_TRUE(disk.sync_directory("d").has_value());
        ASSERT_TRUE(disk.remove("d/a").has_value());
      },
      joined);
  EXPECT_EQ(seen, (std::set<std::string>{"", "d/a=1 "}));
}

TEST(SimFileSystem, PowerCutFailsTheNextOperationAndEverythingAfterIt) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  ASSERT_TRUE(disk.sync_directory("").has_value());
  EXPECT_EQ(disk.operations(), 2U);
  disk.cut_power_after(1);
  EXPECT_TRUE(file->write_durably(0, as_bytes("1")).has_value());
  EXPECT_TRUE(disk.powered());
  const auto cut = file->write_durably(1, as_bytes("2"));
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code(), Code::kClosed);
  EXPECT_FALSE(disk.powered());
  EXPECT_FALSE(disk.exists("a").has_value());
  disk.reboot();
  EXPECT_FALSE(file->size().has_value()) << "handles of before the cut stay closed";
  EXPECT_TRUE(disk.contents("a").starts_with("1"));
}

TEST(SimFileSystem, OperationUnderWayAtThePowerCutMayHaveHappened) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(file->write_durably(0, as_bytes(letters('.') + letters('.'))).has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        disk.cut_power_after(0, /*in_flight=*/2);
        EXPECT_FALSE(file->write_durably(0, as_bytes(letters('x'))).has_value());
        const auto other = file->write_durably(512, as_bytes(letters('y')));
        EXPECT_FALSE(other.has_value());
      },
      [](SimFileSystem& disk) { return disk.contents("a").substr(0, 1024); });
  EXPECT_TRUE(seen.contains(letters('.') + letters('.')));
  EXPECT_TRUE(seen.contains(letters('x') + letters('.')));
}

TEST(SimFileSystem, SameSeedMeetsTheSameFateAndClonesMeetTheirOwn) {
  const auto fate = [](std::uint64_t seed) {
    SimFileSystem disk(seed);
    const auto file = create(disk, "a");
    EXPECT_TRUE(disk.sync_directory("").has_value());
    EXPECT_TRUE(file->write(0, as_bytes(std::string(20 * 512, 'x'))).has_value());
    disk.reboot();
    return disk.contents("a");
  };
  EXPECT_EQ(fate(5), fate(5));

  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  ASSERT_TRUE(disk.sync_directory("").has_value());
  ASSERT_TRUE(file->write(0, as_bytes(std::string(20 * 512, 'x'))).has_value());
  std::set<std::string> fates;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto copy = disk.clone(seed);
    copy->reboot();
    fates.insert(copy->contents("a"));
  }
  EXPECT_GT(fates.size(), 5U);
  EXPECT_EQ(disk.contents("a"), std::string(20 * 512, 'x')) << "the original is untouched";
}

TEST(SimFileSystem, InjectedFaultHitsTheNthCallOfItsKindOnce) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  disk.inject({.target = Fault::Target::kWrite, .nth = 2});
  EXPECT_TRUE(file->write(0, as_bytes("1")).has_value());
  EXPECT_TRUE(file->sync().has_value());
  const auto second = file->write(1, as_bytes("2"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Code::kIo);
  EXPECT_TRUE(file->write(1, as_bytes("3")).has_value());
  EXPECT_EQ(disk.contents("a"), "13");
  EXPECT_EQ(disk.faults_hit(), 1U);
}

TEST(SimFileSystem, FaultFromThenOnLastsUntilItIsCleared) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  disk.inject({.target = Fault::Target::kWrite, .code = Code::kFull, .from_then_on = true});
  EXPECT_FALSE(file->write(0, as_bytes("1")).has_value());
  EXPECT_FALSE(file->resize(9).has_value());
  disk.clear_faults();
  EXPECT_TRUE(file->write(0, as_bytes("1")).has_value());
}

TEST(SimFileSystem, ShortWriteIsAnErrorAfterAPartialEffect) {
  SimFileSystem disk(3);
  const auto file = create(disk, "a");
  disk.inject({.target = Fault::Target::kWrite, .effect = Fault::Effect::kPartly});
  EXPECT_FALSE(file->write(0, as_bytes(std::string(1000, 'x'))).has_value());
  EXPECT_LT(disk.contents("a").size(), 1000U);
  EXPECT_GT(disk.contents("a").size(), 0U);
}

TEST(SimFileSystem, FailedReadAndSizeAreReported) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  ASSERT_TRUE(file->write(0, as_bytes("abc")).has_value());
  disk.inject({.target = Fault::Target::kRead});
  std::string into(3, '?');
  EXPECT_FALSE(file->read(0, std::as_writable_bytes(std::span(into))).has_value());
  EXPECT_TRUE(file->read(0, std::as_writable_bytes(std::span(into))).has_value());
}

TEST(SimFileSystem, FailedSyncLosesTheDataForGoodAndClosesTheHandle) {
  const auto seen = outcomes<std::string>(
      [](SimFileSystem& disk) {
        const auto file = create(disk, "a");
        ASSERT_TRUE(file->write_durably(0, as_bytes("old")).has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(file->write(0, as_bytes("new")).has_value());
        disk.inject({.target = Fault::Target::kSync});
        EXPECT_FALSE(file->sync().has_value());
        const auto again = file->sync();
        ASSERT_FALSE(again.has_value());
        EXPECT_EQ(again.error().code(), Code::kClosed);
        const auto other = disk.open("a", {.mode = OpenMode::kReadWrite});
        ASSERT_TRUE((*other)->sync().has_value()) << "a retry elsewhere seems to succeed";
        EXPECT_EQ(disk.contents("a"), "new") << "and the lost bytes are still to be read";
      },
      [](SimFileSystem& disk) { return disk.contents("a"); });
  EXPECT_EQ(seen, std::set<std::string>{"old"});
}

TEST(SimFileSystem, CachedWriteIsReadAndNeverSurvives) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  ASSERT_TRUE(file->write_durably(0, as_bytes("old")).has_value());
  ASSERT_TRUE(disk.sync_directory("").has_value());
  disk.inject({.target = Fault::Target::kWrite, .effect = Fault::Effect::kCached});
  EXPECT_FALSE(file->write_durably(0, as_bytes("new")).has_value());
  EXPECT_EQ(disk.contents("a"), "new");
  disk.reboot();
  EXPECT_EQ(disk.contents("a"), "old");
}

TEST(SimFileSystem, FailedSyncMayHaveReachedTheDisk) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  ASSERT_TRUE(disk.sync_directory("").has_value());
  disk.inject({.target = Fault::Target::kSync, .effect = Fault::Effect::kWholly});
  EXPECT_FALSE(file->write_durably(0, as_bytes("new")).has_value());
  disk.reboot();
  EXPECT_EQ(disk.contents("a"), "new");
}

TEST(SimFileSystem, CapacityLimitsAllFilesTogether) {
  SimFileSystem disk(1);
  ASSERT_TRUE(create(disk, "a")->write(0, as_bytes("12345")).has_value());
  disk.limit_capacity(8);
  const auto file = create(disk, "b");
  const auto full = file->write(0, as_bytes("6789"));
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code(), Code::kFull);
  EXPECT_EQ(disk.contents("b"), "678");
  EXPECT_FALSE(file->resize(4).has_value());
  ASSERT_TRUE(disk.remove("a").has_value());
  EXPECT_TRUE(file->write(0, as_bytes("6789")).has_value());
}

TEST(SimFileSystem, DamageAtRestIsReadAndSurvives) {
  SimFileSystem disk(1);
  const auto file = create(disk, "a");
  ASSERT_TRUE(file->write_durably(0, as_bytes("abc")).has_value());
  ASSERT_TRUE(disk.sync_directory("").has_value());
  disk.corrupt("a", 1, std::byte{0x20});
  EXPECT_EQ(disk.contents("a"), "aBc");
  disk.reboot();
  EXPECT_EQ(disk.contents("a"), "aBc");
}

TEST(SimFileSystem, LockIsFreeAfterAPowerCut) {
  SimFileSystem disk(1);
  const auto held = disk.lock("LOCK");
  ASSERT_TRUE(held.has_value());
  disk.reboot();
  EXPECT_TRUE(disk.lock("LOCK").has_value());
}

}  // namespace
}  // namespace nacre::io
