#include "nacre/store.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

namespace nacre {
namespace {

Store memory_store() {
  auto store = Store::open("a store", {.in_memory = true});
  EXPECT_TRUE(store.has_value()) << store.error().text();
  return std::move(*store);
}

Batch batch_of(std::initializer_list<std::pair<std::string_view, std::string_view>> rows) {
  Batch batch;
  for (const auto& [key, value] : rows) batch.put(1, key, value);
  return batch;
}

TEST(Store, AppliesABatchAtExactlyTheNextPosition) {
  Store store = memory_store();
  EXPECT_EQ(store.applied_position(), 0U);
  ASSERT_TRUE(store.apply(1, batch_of({{"a", "1"}})).has_value());
  for (const StorePosition wrong : {StorePosition{0}, StorePosition{1}, StorePosition{3}}) {
    const auto refused = store.apply(wrong, batch_of({{"a", "wrong"}, {"b", "wrong"}}));
    ASSERT_FALSE(refused.has_value()) << wrong;
    EXPECT_EQ(refused.error().code(), Code::kInvalid);
  }
  EXPECT_EQ(store.applied_position(), 1U);
  EXPECT_EQ(**store.get(1, "a"), "1");
  EXPECT_FALSE(store.get(1, "b")->has_value());
  ASSERT_TRUE(store.apply(2, batch_of({{"b", "2"}})).has_value());
  EXPECT_EQ(**store.get(1, "b"), "2");
}

TEST(Store, ABatchWithAnUnusableKeyChangesNothing) {
  Store store = memory_store();
  Batch batch = batch_of({{"a", "1"}});
  batch.put(1, std::string(1001, 'k'), "too long");
  EXPECT_EQ(store.apply(1, batch).error().code(), Code::kInvalid);
  EXPECT_EQ(store.applied_position(), 0U);
  EXPECT_FALSE(store.get(1, "a")->has_value());
}

TEST(Store, AnEmptyBatchTakesItsPosition) {
  Store store = memory_store();
  ASSERT_TRUE(store.apply(1, Batch()).has_value());
  EXPECT_EQ(store.applied_position(), 1U);
  ASSERT_TRUE(store.apply(2, batch_of({{"a", "1"}})).has_value());
}

TEST(Store, TheLastWriteOfAKeyInABatchCounts) {
  Store store = memory_store();
  Batch batch = batch_of({{"a", "1"}, {"a", "2"}, {"b", "1"}});
  batch.remove(1, "b");
  ASSERT_TRUE(store.apply(1, batch).has_value());
  EXPECT_EQ(**store.get(1, "a"), "2");
  EXPECT_FALSE(store.get(1, "b")->has_value());
}

TEST(Store, ScansBothWaysWithinARangeAndALimit) {
  Store store = memory_store();
  Batch batch;
  std::map<std::string, std::string> model;
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const std::string key = std::to_string(random() % 100000);
    batch.put(7, key, std::to_string(i));
    model[key] = std::to_string(i);
  }
  ASSERT_TRUE(store.apply(1, batch).has_value());
  for (int round = 0; round < 50; ++round) {
    std::string begin = std::to_string(random() % 100000);
    std::string end = std::to_string(random() % 100000);
    if (end < begin) std::swap(begin, end);
    const std::size_t limit = 1 + random() % 300;
    const auto forward = store.scan(7, {begin, end}, limit);
    const auto backward = store.scan(7, {begin, end}, limit, Direction::kBackward);
    ASSERT_TRUE(forward.has_value() && backward.has_value());
    std::vector<std::pair<std::string, std::string>> expected(model.lower_bound(begin),
                                                              model.lower_bound(end));
    const std::size_t count = std::min(limit, expected.size());
    ASSERT_EQ(forward->size(), count);
    ASSERT_EQ(backward->size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ((*forward)[i].key, expected[i].first);
      EXPECT_EQ((*forward)[i].value, expected[i].second);
      EXPECT_EQ((*backward)[i].key, expected[expected.size() - 1 - i].first);
    }
  }
  EXPECT_EQ(store.scan(7, {}, 1'000'000)->size(), model.size());
  EXPECT_TRUE(store.scan(8, {}, 10)->empty());
}

TEST(Store, ASnapshotKeepsItsPositionWhileBatchesAreApplied) {
  Store store = memory_store();
  ASSERT_TRUE(store.apply(1, batch_of({{"a", "1"}, {"b", "1"}})).has_value());
  const StoreSnapshot snapshot = store.snapshot();
  Batch batch = batch_of({{"a", "2"}, {"c", "2"}});
  batch.remove(1, "b");
  ASSERT_TRUE(store.apply(2, batch).has_value());
  EXPECT_EQ(snapshot.position(), 1U);
  const auto values = snapshot.get_many(1, {"a", "b", "c"});
  ASSERT_TRUE(values.has_value());
  EXPECT_EQ((*values)[0], "1");
  EXPECT_EQ((*values)[1], "1");
  EXPECT_EQ((*values)[2], std::nullopt);
  EXPECT_EQ(snapshot.scan(1, {}, 10)->size(), 2U);
}

TEST(Store, ReadsAnyPositionFromTheHorizonOn) {
  Store store = memory_store();
  std::map<StorePosition, std::map<std::string, std::string>> past{{0, {}}};
  std::mt19937_64 random(11);
  for (StorePosition at = 1; at <= 200; ++at) {
    past[at] = past[at - 1];
    Batch batch;
    if (at == 120) {
      batch.drop_table(1);
      past[at].clear();
    }
    for (int i = 0; i < 5; ++i) {
      const std::string key = std::to_string(random() % 40);
      if (random() % 3 == 0) {
        batch.remove(1, key);
        past[at].erase(key);
      } else {
        batch.put(1, key, std::to_string(at));
        past[at][key] = std::to_string(at);
      }
    }
    ASSERT_TRUE(store.apply(at, batch).has_value());
  }
  for (StorePosition at = 1; at <= 200; ++at) {
    const auto rows = store.scan_at(1, {}, 1000, at);
    ASSERT_TRUE(rows.has_value()) << rows.error().text();
    std::map<std::string, std::string> seen;
    for (const StoreRow& row : *rows) seen[row.key] = row.value;
    ASSERT_EQ(seen, past[at]) << "at " << at;
    const std::string key = std::to_string(random() % 40);
    const auto value = store.get_at(1, key, at);
    ASSERT_TRUE(value.has_value()) << value.error().text();
    ASSERT_EQ(value->has_value(), past[at].contains(key)) << "at " << at;
  }
  ASSERT_TRUE(store.set_horizon(150).has_value());
  EXPECT_EQ(store.horizon(), 150U);
  const auto too_old = store.get_at(1, "1", 149);
  ASSERT_FALSE(too_old.has_value());
  EXPECT_EQ(too_old.error().code(), Code::kTooOld);
  EXPECT_NE(too_old.error().text().find("150"), std::string::npos) << too_old.error().text();
  EXPECT_EQ(store.scan_at(1, {}, 1000, 150)->size(), past[150].size());
  EXPECT_EQ(store.get_at(1, "1", 201).error().code(), Code::kInvalid);
}

TEST(Store, WriteSkewIsRefusedUnderSerializableAlone) {
  for (const auto isolation : {StoreIsolation::kSnapshot, StoreIsolation::kSerializable}) {
    Store store = memory_store();
    ASSERT_TRUE(store.apply(1, batch_of({{"x", "1"}, {"y", "1"}})).has_value());
    StoreTransaction first = store.begin(isolation);
    StoreTransaction second = store.begin(isolation);
    ASSERT_TRUE(first.get(1, "x").has_value() && first.get(1, "y").has_value());
    ASSERT_TRUE(second.get(1, "x").has_value() && second.get(1, "y").has_value());
    ASSERT_TRUE(first.put(1, "x", "0").has_value());
    ASSERT_TRUE(second.put(1, "y", "0").has_value());
    ASSERT_TRUE(first.commit().has_value());
    const auto skewed = second.commit();
    if (isolation == StoreIsolation::kSnapshot) {
      EXPECT_TRUE(skewed.has_value());
    } else {
      ASSERT_FALSE(skewed.has_value());
      EXPECT_EQ(skewed.error().code(), Code::kConflict);
    }
  }
}

TEST(Store, AFollowerSeesEachCommitOnceAndInOrder) {
  Store store = memory_store();
  ASSERT_TRUE(store.apply(1, batch_of({{"a", "1"}})).has_value());
  auto follower = store.follow(0);
  ASSERT_TRUE(follower.has_value()) << follower.error().text();
  std::jthread writer([&] {
    for (StorePosition at = 2; at <= 50; ++at) {
      Batch batch = batch_of({{"a", std::to_string(at)}});
      if (at % 10 == 0) batch.drop_table(2);
      ASSERT_TRUE(store.apply(at, batch).has_value());
    }
    ASSERT_TRUE(store.sync().has_value());
  });
  for (StorePosition at = 1; at <= 50; ++at) {
    auto commit = follower->next(std::chrono::seconds(20));
    ASSERT_TRUE(commit.has_value()) << commit.error().text();
    ASSERT_NE(*commit, nullptr) << at;
    EXPECT_EQ((*commit)->position, at);
    EXPECT_EQ((*commit)->changes.back().key, (at % 10 == 0 && at > 1) ? "" : "a");
  }
  EXPECT_EQ(follower->position(), 50U);
}

TEST(Store, EveryCallAfterCloseAnswersClosed) {
  Store store = memory_store();
  ASSERT_TRUE(store.apply(1, batch_of({{"a", "1"}})).has_value());
  const StoreSnapshot snapshot = store.snapshot();
  ASSERT_TRUE(store.close().has_value());
  EXPECT_EQ(store.get(1, "a").error().code(), Code::kClosed);
  EXPECT_EQ(snapshot.get(1, "a").error().code(), Code::kClosed);
  EXPECT_EQ(store.apply(2, batch_of({{"a", "2"}})).error().code(), Code::kClosed);
}

TEST(Store, VerifiesItself) {
  Store store = memory_store();
  for (StorePosition at = 1; at <= 300; ++at) {
    ASSERT_TRUE(store.apply(at, batch_of({{std::to_string(at * 7919 % 500), "v"}})).has_value());
  }
  const auto report = store.verify();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_EQ(report->position, 300U);
  EXPECT_GT(report->rows_checked, 200U);
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
}

}  // namespace
}  // namespace nacre
