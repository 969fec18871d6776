// Builds beside whatever else happens to the index.
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/text.h"
#include "document/database_testing.h"

namespace nacre::document {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): small steps of document tests

constexpr int kStep = 2000;  // documents that one commit of a build takes at most

// {_id: n, a: n} for each n below `count`.
void fill(Database& database, int count) {
  const auto body = [&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
    Writer writer(database, transaction, *info);
    for (std::int32_t i = 0; i < count; ++i) {
      NACRE_TRY(writer.insert(bson::Builder().append("_id", i).append("a", i).finish()));
    }
    return {};
  };
  const auto filled = database.transact(body);
  ASSERT_TRUE(filled) << filled.error().text();
}

class Gate {
 public:
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

TEST(IndexBuild, ThatLostItsIndexLeavesANewOneOfThatNameAlone) {
  const auto database = open(new_path());
  fill(*database, kStep + 1);
  const auto spec = parse_index_spec(json(R"({"key": {"a": 1}, "name": "a"})"));
  ASSERT_TRUE(spec);
  const std::span<const IndexSpec> specs(&*spec, 1);
  Gate other_began;
  Gate other_may_go_on;
  std::thread other;
  const auto watch = [&](const IndexBuildProgress& progress) {
    if (progress.documents_done == 0 || other.joinable()) return true;
    EXPECT_TRUE(database->drop_index("c", "a").has_value());
    other = std::thread([&] {
      const auto built =
          database->create_indexes("c", specs, txn::Durability::kSync, [&](const auto&) {
            other_began.open();
            other_may_go_on.pass();
            return true;
          });
      EXPECT_TRUE(built) << built.error().text();
    });
    other_began.pass();
    return true;
  };
  const auto built = database->create_indexes("c", specs, txn::Durability::kSync, watch);
  const auto snapshot = database->snapshot();
  other_may_go_on.open();
  other.join();
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().number(), 276) << built.error().text();
  const IndexInfo* index = snapshot->catalog().find("c")->find_index("a");
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->state, IndexState::kBuilding);
  expect_clean(*database);
}

// A document whose value another one has, too, goes while a unique index is built: the entry is the
// other one's, so it stays. If the other one then goes as well, the build gives the entry to the
// first, which it still sees; so the first must not go on the ground of what it saw before.
TEST(IndexBuild, ADocumentThatGoesDoesNotLeaveAnEntryThatItWasGivenMeanwhile) {
  const auto database = open(new_path());
  fill(*database, 2 * kStep + 1);
  constexpr std::int32_t kLate = kStep + kStep / 2;  // in the second step of the build
  const auto spec = parse_index_spec(json(R"({"key": {"a": 1}, "name": "a", "unique": true})"));
  ASSERT_TRUE(spec);
  std::optional<Transaction> removal;
  const auto remove_late = [&]() -> Result<> {
    removal.emplace(NACRE_TRY(database->begin()));
    const CollectionInfo* info = NACRE_TRY(removal->require_for_write("c"));
    const bson::Document holder = bson::Builder().append("_id", kLate).finish();
    const std::string key = id_key(holder.find("_id"));
    const auto row = NACRE_TRY(removal->rows().get(info->table, as_bytes(key)));
    if (!row) return fail(Code::kNotFound, "the document is there");
    return Writer(*database, *removal, *info).remove(as_bytes(key), as_bytes(*row));
  };
  const auto watch = [&](const IndexBuildProgress& progress) {
    if (progress.documents_done == kStep) {
      insert(*database, "c", format(R"({{"_id": {}, "a": {}}})", 9 * kStep, kLate));
      const auto removed = remove_late();
      EXPECT_TRUE(removed) << removed.error().text();
      remove(*database, "c", 9 * kStep);
    } else if (progress.documents_done == 2 * kStep) {
      const auto committed = removal->commit();
      EXPECT_TRUE(!committed && committed.error().code() == Code::kConflict);
    }
    return true;
  };
  const auto built =
      database->create_indexes("c", std::span(&*spec, 1), txn::Durability::kSync, watch);
  ASSERT_TRUE(built) << built.error().text();
  EXPECT_TRUE(removal.has_value());
  expect_clean(*database);
}

// Both return when it is ready, and only one of them builds.
TEST(IndexBuild, ThatIsAskedForTwiceIsReadyForBoth) {
  const auto database = open(new_path());
  fill(*database, 10);
  const auto spec = parse_index_spec(json(R"({"key": {"a": 1}, "name": "a"})"));
  ASSERT_TRUE(spec);
  const std::span<const IndexSpec> specs(&*spec, 1);
  Gate other_waits;
  std::thread other;
  const auto watch = [&](const IndexBuildProgress&) {
    if (other.joinable()) return true;
    other = std::thread([&] {
      const auto built =
          database->create_indexes("c", specs, txn::Durability::kSync, [&](const auto& progress) {
            EXPECT_EQ(progress.documents_total, 0U) << "it waits, and does not build";
            other_waits.open();
            return true;
          });
      EXPECT_TRUE(built) << built.error().text();
      EXPECT_TRUE(database->snapshot()->catalog().find("c")->find_index("a")->is_usable());
    });
    other_waits.pass();
    return true;
  };
  const auto built = database->create_indexes("c", specs, txn::Durability::kSync, watch);
  EXPECT_TRUE(built) << built.error().text();
  other.join();
  expect_clean(*database);
}

// Who waits for another's build that is dropped builds it.
TEST(IndexBuild, ThatIsDroppedIsBuiltByWhoeverWaitsForIt) {
  const auto database = open(new_path());
  fill(*database, 10);
  const auto spec = parse_index_spec(json(R"({"key": {"a": 1}, "name": "a"})"));
  ASSERT_TRUE(spec);
  const std::span<const IndexSpec> specs(&*spec, 1);
  Gate other_waits;
  std::thread other;
  const auto watch = [&](const IndexBuildProgress&) {
    other = std::thread([&] {
      const auto built =
          database->create_indexes("c", specs, txn::Durability::kSync, [&](const auto&) {
            other_waits.open();
            return true;
          });
      EXPECT_TRUE(built) << built.error().text();
    });
    other_waits.pass();
    return false;
  };
  EXPECT_FALSE(database->create_indexes("c", specs, txn::Durability::kSync, watch));
  other.join();
  const auto snapshot = database->snapshot();
  const IndexInfo* index = snapshot->catalog().find("c")->find_index("a");
  ASSERT_NE(index, nullptr);
  EXPECT_TRUE(index->is_usable());
  expect_clean(*database);
}

TEST(IndexBuild, KeepsTheNameOfItsCollection) {
  const auto database = open(new_path());
  fill(*database, 10);
  const auto spec = parse_index_spec(json(R"({"key": {"a": 1}, "name": "a"})"));
  ASSERT_TRUE(spec);
  const auto rename = [&](Transaction& transaction) {
    return transaction.rename_collection("c", "d", /*drop_target=*/false);
  };
  const auto watch = [&](const IndexBuildProgress&) {
    const auto renamed = database->transact(rename);
    EXPECT_EQ(renamed ? 0 : renamed.error().number(), 12587);
    return true;
  };
  const auto built =
      database->create_indexes("c", std::span(&*spec, 1), txn::Durability::kSync, watch);
  EXPECT_TRUE(built) << built.error().text();
  EXPECT_TRUE(database->transact(rename));
  expect_clean(*database);
}

}  // namespace
}  // namespace nacre::document
