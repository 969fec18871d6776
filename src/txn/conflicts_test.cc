#include "txn/conflicts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace nacre::txn {
namespace {

constexpr TableId kTable{5};

Footprint writing(std::initializer_list<std::string_view> keys) {
  Footprint footprint;
  for (const std::string_view key : keys) {
    footprint.written.push_back(Conflicts::hash(kTable, as_bytes(key)));
  }
  footprint.tables_written = {kTable};
  return footprint;
}

TEST(Conflicts, NewerWriterOfAKeyIsFoundAndOlderOnesAreNot) {
  Conflicts conflicts;
  conflicts.note(writing({"a", "b"}), Position{5});
  conflicts.note(writing({"b"}), Position{8});
  EXPECT_FALSE(conflicts.find(writing({"a"}), Position{5}).has_value());
  EXPECT_FALSE(conflicts.find(writing({"c"}), Position{0}).has_value());
  const auto found = conflicts.find(writing({"a", "b"}), Position{7});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Conflict::Kind::kWritten);
  EXPECT_EQ(found->index, 1u);
  EXPECT_EQ(found->position, Position{8});
}

// The story: whose first key was forgotten asked the rows about such keys alone, and was then taken
// for unchanged as a whole, a key with a newer writer behind it included.
TEST(Conflicts, AKeyWithANewerWriterIsInDoubtAsOneThatWasForgotten) {
  Conflicts conflicts;
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    conflicts.note(writing({"key " + std::to_string(i)}), Position{i});
  }
  std::string forgotten;
  for (std::uint64_t i = 1; i <= 2000 && forgotten.empty(); ++i) {
    const auto conflict = conflicts.find(writing({"key " + std::to_string(i)}), Position{i});
    if (conflict && conflict->kind == Conflict::Kind::kForgotten) {
      forgotten = "key " + std::to_string(i);
    }
  }
  ASSERT_FALSE(forgotten.empty());
  const Footprint both = writing({forgotten, "key 2000"});
  EXPECT_EQ(conflicts.doubts(both, Position{0}).written, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(conflicts.doubts(both, Position{1999}).written, (std::vector<std::size_t>{1}));
}

TEST(Conflicts, RequiredKeyMustNotHaveANewerWriter) {
  Conflicts conflicts;
  conflicts.note(writing({"a"}), Position{5});
  Footprint reader;
  reader.required = {Conflicts::hash(kTable, as_bytes("a"))};
  EXPECT_FALSE(conflicts.find(reader, Position{5}).has_value());
  EXPECT_EQ(conflicts.find(reader, Position{4})->kind, Conflict::Kind::kRequired);
}

TEST(Conflicts, DropAndWriteOfOneTableExcludeEachOther) {
  Conflicts conflicts;
  Footprint drop;
  drop.tables_dropped = {kTable};
  conflicts.note(writing({"a"}), Position{3});
  EXPECT_EQ(conflicts.find(drop, Position{2})->kind, Conflict::Kind::kTableWritten);
  EXPECT_FALSE(conflicts.find(drop, Position{3}).has_value());
  conflicts.note(drop, Position{4});
  EXPECT_EQ(conflicts.find(writing({"z"}), Position{3})->kind, Conflict::Kind::kTableDropped);
  EXPECT_FALSE(conflicts.find(writing({"z"}), Position{4}).has_value());
  Footprint reader;
  reader.tables_required = {kTable};
  EXPECT_EQ(conflicts.find(reader, Position{3})->kind, Conflict::Kind::kTableDropped);
}

// ISO-2: against a map of last writers; no conflict is missed, and recent snapshots see no false
// one.
TEST(Conflicts, NoNewerWriterIsEverMissed) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Conflicts conflicts;
    std::map<std::string, std::uint64_t> last;
    int false_conflicts = 0;  // met by snapshots at most 20 commits old
    for (std::uint64_t position = 1; position <= 20000; ++position) {
      const std::string key = std::to_string(random() % 4000);
      const std::uint64_t age = random() % 4 == 0 ? position - 1 : random() % 20;
      const std::uint64_t snapshot = position - 1 - std::min(age, position - 1);
      const auto found = conflicts.find(writing({key}), Position{snapshot});
      const auto writer = last.find(key);
      if (writer != last.end() && writer->second > snapshot) {
        ASSERT_TRUE(found.has_value()) << key << " at " << position;
      } else if (found.has_value()) {
        EXPECT_EQ(found->kind, Conflict::Kind::kForgotten);
        EXPECT_GT(number(found->position), snapshot);
        if (age <= 20) ++false_conflicts;
      }
      conflicts.note(writing({key}), Position{position});
      last[key] = position;
    }
    EXPECT_LT(false_conflicts, 10);
    EXPECT_GT(conflicts.bucket_count(), 256u);
  }
}

}  // namespace
}  // namespace nacre::txn
