// The store on real files, opened to be read only, and what it streams and tells.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "nacre/store.hpp"

namespace nacre {
namespace {

// A directory that is gone with it.
class Directory {
 public:
  Directory() {
    std::string pattern = ::testing::TempDir() + "nacre-store-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] std::string store() const { return path_ + "/store"; }
  // Every file with all of its bytes.
  [[nodiscard]] std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return files;
  }

 private:
  std::string path_;
};

Result<> put(Store& store, StorePosition at, std::string_view key, std::string_view value) {
  Batch batch;
  batch.put(1, key, value);
  return store.apply(at, batch);
}

// Positions 1 to 50; the last ones are in the log alone.
void fill(const std::string& path, bool is_closed) {
  auto store = Store::open(path, {.create_if_missing = true});
  ASSERT_TRUE(store.has_value()) << store.error().text();
  for (StorePosition at = 1; at <= 50; ++at) {
    ASSERT_TRUE(put(*store, at, std::to_string(at % 20), std::to_string(at)).has_value());
    if (at == 30) {
      ASSERT_TRUE(store->checkpoint().has_value());
    }
  }
  ASSERT_TRUE(put(*store, 51, "long", std::string(200'000, 'l')).has_value());
  ASSERT_TRUE(store->sync().has_value());
  if (is_closed) {
    ASSERT_TRUE(store->close().has_value());
  }
}

TEST(StoreReadOnly, ShowsEverythingAndChangesNoFile) {
  for (const bool is_closed : {true, false}) {
    SCOPED_TRACE(is_closed);
    const Directory directory;
    fill(directory.store(), is_closed);
    const auto before = directory.contents();
    {
      auto store = Store::open(directory.store(), {.read_only = true});
      ASSERT_TRUE(store.has_value()) << store.error().text();
      EXPECT_EQ(store->applied_position(), 51U);
      EXPECT_EQ(**store->get(1, "10"), "50");
      EXPECT_EQ(**store->get_at(1, "10", 31), "30");
      EXPECT_EQ((*store->get(1, "long"))->size(), 200'000U);
      const auto report = store->verify();
      ASSERT_TRUE(report.has_value()) << report.error().text();
      EXPECT_TRUE(report->problems.empty()) << report->problems.front();
      EXPECT_TRUE(store->close().has_value());
    }
    EXPECT_EQ(directory.contents(), before);
  }
}

TEST(StoreReadOnly, RefusesWhateverWouldWrite) {
  const Directory directory;
  fill(directory.store(), true);
  auto store = Store::open(directory.store(), {.create_if_missing = true, .read_only = true});
  ASSERT_TRUE(store.has_value()) << store.error().text();
  const auto refused = put(*store, 52, "a", "1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kInvalid);
  EXPECT_NE(refused.error().text().find("read only"), std::string::npos) << refused.error().text();
  StoreTransaction transaction = store->begin();
  ASSERT_TRUE(transaction.put(1, "a", "1").has_value());
  EXPECT_EQ(transaction.commit().error().code(), Code::kInvalid);
  EXPECT_EQ(store->set_horizon(10).error().code(), Code::kInvalid);
  EXPECT_EQ(store->vacuum().error().code(), Code::kInvalid);
  EXPECT_EQ(store->compact().error().code(), Code::kInvalid);
  EXPECT_EQ(store->checkpoint().error().code(), Code::kInvalid);
  EXPECT_FALSE(store->get(1, "a")->has_value());
}

TEST(StoreReadOnly, ReadersShareTheStoreAndExcludeAWriter) {
  const Directory directory;
  EXPECT_EQ(Store::open(directory.store(), {.read_only = true}).error().code(), Code::kNotFound);
  fill(directory.store(), false);
  {
    auto one = Store::open(directory.store(), {.read_only = true});
    auto two = Store::open(directory.store(), {.read_only = true});
    ASSERT_TRUE(one.has_value()) << one.error().text();
    ASSERT_TRUE(two.has_value()) << two.error().text();
    EXPECT_EQ(Store::open(directory.store()).error().code(), Code::kConflict);
    EXPECT_EQ(**two->get(1, "10"), "50");
  }
  auto writer = Store::open(directory.store());
  ASSERT_TRUE(writer.has_value()) << writer.error().text();
  EXPECT_EQ(Store::open(directory.store(), {.read_only = true}).error().code(), Code::kConflict);
  EXPECT_TRUE(put(*writer, 52, "a", "1").has_value());
}

TEST(StoreStreams, AValueGoesBothWaysInPieces) {
  auto store = Store::open("s", {.in_memory = true});
  ASSERT_TRUE(store.has_value());
  constexpr std::uint64_t kSize = 5'000'001;
  const auto byte_at = [](std::uint64_t at) { return static_cast<char>(at * 31 % 251); };
  std::uint64_t given = 0;
  std::size_t largest = 0;
  const ValueSource source = [&](std::span<char> piece) -> Result<> {
    for (char& byte : piece) byte = byte_at(given++);
    largest = std::max(largest, piece.size());
    return {};
  };
  Batch batch;
  ASSERT_TRUE(batch.put_stream(1, "batch", kSize, source).has_value());
  ASSERT_TRUE(store->apply(1, batch).has_value());
  given = 0;
  StoreTransaction transaction = store->begin();
  ASSERT_TRUE(transaction.put_stream(1, "transaction", kSize, source).has_value());
  ASSERT_TRUE(transaction.commit().has_value());
  EXPECT_LE(largest, std::size_t{1} << 20);
  for (const char* key : {"batch", "transaction"}) {
    constexpr std::uint64_t kFrom = 1'234'567;
    std::uint64_t at = kFrom;
    const auto size = store->snapshot().read_value(1, key, kFrom, [&](std::string_view piece) {
      for (const char byte : piece) {
        if (byte != byte_at(at++)) ADD_FAILURE() << "byte " << at - 1;
      }
      return Result<bool>(!::testing::Test::HasFailure());
    });
    ASSERT_TRUE(size.has_value()) << size.error().text();
    EXPECT_EQ(*size, kSize);
    EXPECT_EQ(at, kSize);
  }
}

TEST(StoreStreams, AFailingSourcePutsNothing) {
  auto store = Store::open("s", {.in_memory = true});
  ASSERT_TRUE(store.has_value());
  const ValueSource source = [](std::span<char>) -> Result<> {
    return fail(Code::kIo, "the source is dry");
  };
  Batch batch;
  EXPECT_EQ(batch.put_stream(1, "a", 3'000'000, source).error().code(), Code::kIo);
  EXPECT_EQ(batch.put_stream(1, "a", (64U << 20) + 1, source).error().code(), Code::kInvalid);
  ASSERT_TRUE(store->apply(1, batch).has_value());
  EXPECT_FALSE(store->get(1, "a")->has_value());
}

TEST(StoreFollow, BeforeImagesOnRequest) {
  auto store = Store::open("s", {.in_memory = true});
  ASSERT_TRUE(store.has_value());
  const std::string longer(100'000, 'l');
  ASSERT_TRUE(put(*store, 1, "a", "1").has_value());
  ASSERT_TRUE(put(*store, 2, "a", longer).has_value());
  Batch batch;
  batch.put(1, "b", "new");
  batch.remove(1, "a");
  ASSERT_TRUE(store->apply(3, batch).has_value());
  ASSERT_TRUE(put(*store, 4, "a", "again").has_value());
  ASSERT_TRUE(store->sync().has_value());
  auto follower = store->follow(0, {.before_images = true});
  ASSERT_TRUE(follower.has_value()) << follower.error().text();
  const auto next = [&]() -> std::vector<StoreChange> {
    const auto commit = follower->next(std::chrono::seconds(10));
    EXPECT_TRUE(commit.has_value()) << commit.error().text();
    return commit.has_value() && *commit != nullptr ? (*commit)->changes
                                                    : std::vector<StoreChange>();
  };
  EXPECT_EQ(next().at(0).before, std::nullopt);
  EXPECT_EQ(next().at(0).before, "1");
  const auto third = next();
  ASSERT_EQ(third.size(), 2U);
  EXPECT_EQ(third[0].key, "a");
  EXPECT_EQ(third[0].before, longer);
  EXPECT_EQ(third[1].before, std::nullopt);
  EXPECT_EQ(next().at(0).before, std::nullopt);
  auto plain = store->follow(1);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ((*plain->next(std::chrono::seconds(10)))->changes[0].before, std::nullopt);
  // What is forgotten cannot be told.
  ASSERT_TRUE(store->set_horizon(3).has_value());
  auto late = store->follow(2, {.before_images = true});
  ASSERT_TRUE(late.has_value()) << late.error().text();
  EXPECT_EQ(late->next(std::chrono::seconds(10)).error().code(), Code::kTooOld);
}

TEST(StoreFollow, BeforeImagesNeedAHistory) {
  auto store = Store::open("s", {.in_memory = true, .history_bytes = 0});
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ(store->follow(0, {.before_images = true}).error().code(), Code::kInvalid);
}

// HIST-6: whoever was told that the past is forgotten does not find it again after a crash.
TEST(StoreHorizon, IsDurableWhenItIsSet) {
  const Directory directory;
  {
    auto store = Store::open(directory.store(), {.create_if_missing = true});
    ASSERT_TRUE(store.has_value());
    for (StorePosition at = 1; at <= 20; ++at) {
      ASSERT_TRUE(put(*store, at, "a", std::to_string(at)).has_value());
    }
    ASSERT_TRUE(store->set_horizon(10).has_value());
    EXPECT_EQ(store->horizon(), 10U);
    // Destroyed without a close: nothing more is written.
  }
  auto store = Store::open(directory.store());
  ASSERT_TRUE(store.has_value());
  EXPECT_EQ(store->horizon(), 10U);
  EXPECT_EQ(store->get_at(1, "a", 9).error().code(), Code::kTooOld);
  EXPECT_EQ(**store->get_at(1, "a", 10), "10");
}

}  // namespace
}  // namespace nacre
