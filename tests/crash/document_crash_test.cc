// Cuts the power after every single file operation in the life of a collection: documents and their
// index entries stay in step, an index is whole or not there, a finished statement is there whole.
//
// Long form: NACRE_CRASH_SEEDS=<images per cut>. Replay: NACRE_SEED=<seed>, the test prints which.
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "bson/json.h"
#include "bson/json_testing.h"
#include "io/sim_file_system.h"
#include "query/operations.h"
#include "support/world.h"

namespace nacre {
namespace {

using Database = document::Database;
using Step = std::function<Result<>(Database&)>;

document::Options options_for(io::SimFileSystem& disk) {
  document::Options options;
  options.engine.file_system = &disk;
  options.engine.create_if_missing = true;
  options.engine.cache_bytes = std::size_t{4} << 20;
  options.engine.background_thread = false;
  return options;
}

Step insert_many(std::string_view collection, int first, int count) {
  return [=](Database& database) -> Result<> {
    std::vector<bson::Document> documents;
    for (int id = first; id < first + count; ++id) {
      documents.push_back(bson::testing::parse_json(format(
          R"({{"_id": {}, "a": {}, "u": "u{}", "tags": [{}, "x"]}})", id, id % 7, id, id % 3)));
    }
    const std::vector<bson::View> views(documents.begin(), documents.end());
    const auto result = NACRE_TRY(
        query::insert({.database = database}, {.collection = collection, .documents = views}));
    EXPECT_EQ(result.inserted, static_cast<std::size_t>(count));
    return {};
  };
}

Step update(std::string_view collection, std::string filter, std::string change) {
  return [=](Database& database) -> Result<> {
    const bson::Document which = bson::testing::parse_json(filter);
    const bson::Document how = bson::testing::parse_json(change);
    NACRE_TRY(
        query::update({.database = database},
                      {.collection = collection, .filter = which, .update = how, .multi = true}));
    return {};
  };
}

Step remove(std::string_view collection, std::string filter) {
  return [=](Database& database) -> Result<> {
    const bson::Document which = bson::testing::parse_json(filter);
    NACRE_TRY(query::remove({.database = database},
                            {.collection = collection, .filter = which, .multi = true}));
    return {};
  };
}

Step create_index(std::string_view collection, std::string specification) {
  return [=](Database& database) -> Result<> {
    const bson::Document text = bson::testing::parse_json(specification);
    const std::vector<document::IndexSpec> specs{NACRE_TRY(document::parse_index_spec(text))};
    NACRE_TRY(database.create_indexes(collection, specs));
    return {};
  };
}

// Each step is one statement; after any number of them the documents are as in a run of its own.
std::vector<Step> life() {
  std::vector<Step> steps;
  steps.push_back(insert_many("c", 0, 1));
  steps.push_back(insert_many("c", 1, 40));
  steps.push_back(create_index("c", R"({"key": {"a": 1}, "name": "a_1"})"));
  steps.push_back([](Database& database) { return database.checkpoint(); });
  steps.push_back(create_index("c", R"({"key": {"u": 1}, "name": "u_1", "unique": true})"));
  steps.push_back(update("c", R"({"a": 3})", R"({"$set": {"a": 30}, "$push": {"tags": "new"}})"));
  steps.push_back(create_index("c", R"({"key": {"tags": 1}, "name": "tags_1"})"));
  steps.push_back(create_index("c", R"({"key": {"$**": 1}})"));
  steps.push_back(create_index("c", R"({"key": {"u": "text"}})"));
  steps.push_back(create_index(
      "c", R"({"key": {"a": "hashed", "u": -1}, "partialFilterExpression": {"a": {"$gt": 2}}})"));
  steps.push_back(create_index(
      "c", R"({"key": {"u": 1}, "name": "u_en", "collation": {"locale": "en", "strength": 1}})"));
  steps.push_back(remove("c", R"({"a": {"$gte": 30}})"));
  steps.push_back(insert_many("d", 0, 5));
  steps.push_back([](Database& database) { return database.drop_index("c", "a_1"); });
  steps.push_back([](Database& database) { return database.checkpoint(); });
  steps.push_back(update("c", R"({"_id": {"$lt": 10}})", R"({"$unset": {"tags": ""}})"));
  steps.push_back([](Database& database) -> Result<> {
    NACRE_TRY(database.drop_collection("d"));
    return {};
  });
  steps.push_back(insert_many("c", 100, 30));
  steps.push_back([](Database& database) { return database.close(); });
  return steps;
}

// All documents of both collections as text.
Result<std::string> contents(Database& database) {
  std::string all;
  for (const std::string_view collection : {"c", "d"}) {
    const bson::Document by_id = bson::testing::parse_json(R"({"_id": 1})");
    auto cursor =
        NACRE_TRY(query::find({.database = database}, {.collection = collection, .sort = by_id}));
    while (true) {
      const auto document = NACRE_TRY(cursor.next());
      if (!document) break;
      all += format("{} {}\n", collection, bson::to_json(*document));
    }
  }
  return all;
}

struct Story {
  std::vector<std::string> after;  // contents after each number of steps; the last step closes
  std::uint64_t operations = 0;
};

Story rehearse() {
  Story story;
  io::SimFileSystem disk(0);
  auto database = Database::open("d", options_for(disk));
  EXPECT_TRUE(database.has_value());
  for (const Step& step : life()) {
    story.after.push_back(contents(**database).value_or("unreadable"));
    const auto done = step(**database);
    EXPECT_TRUE(done.has_value()) << done.error().text();
  }
  story.after.push_back(story.after.back());
  story.operations = disk.operations();
  return story;
}

void recover_and_check(io::SimFileSystem& disk, const Story& story, std::size_t finished) {
  const auto database = Database::open("d", options_for(disk));
  ASSERT_TRUE(database.has_value()) << database.error().text();
  const auto found = contents(**database);
  ASSERT_TRUE(found.has_value()) << found.error().text();
  const std::size_t under_way = std::min(finished + 1, story.after.size() - 1);
  EXPECT_TRUE(*found == story.after[finished] || *found == story.after[under_way])
      << "neither what " << finished << " finished steps leave nor what the next one does:\n"
      << *found;
  const auto report = (*database)->verify();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_TRUE(report->clean()) << report->problems.front();
  // The collection goes on.
  const auto inserted = insert_many("c", 1000, 2)(**database);
  ASSERT_TRUE(inserted.has_value()) << inserted.error().text();
  const auto again = (*database)->verify();
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_TRUE(again->clean()) << again->problems.front();
}

TEST(DocumentCrash, DocumentsAndIndexesStayInStepThroughAPowerCutAtEveryFileOperation) {
  const Story story = rehearse();
  const std::uint64_t seeds = test::from_environment("NACRE_CRASH_SEEDS", 4);
  std::uint64_t cuts = 0;
  for (std::uint64_t cut = 0; cut < story.operations; ++cut) {
    io::SimFileSystem disk(cut);
    disk.cut_power_after(cut);
    std::size_t finished = 0;
    {
      const auto database = Database::open("d", options_for(disk));
      for (const Step& step : life()) {
        if (!database.has_value() || !step(**database).has_value()) break;
        ++finished;
      }
    }
    for (std::uint64_t i = 0; i < seeds; ++i) {
      const std::uint64_t seed = test::from_environment("NACRE_SEED", 1000 * cut + i);
      SCOPED_TRACE(format("power cut after operation {}, seed {}", cut, seed));
      const auto image = disk.clone(seed);
      image->reboot();
      // And again at some operation of the recovery and what follows.
      const auto second = image->clone(seed);
      const std::uint64_t before = second->operations();
      ASSERT_NO_FATAL_FAILURE(recover_and_check(*second, story, finished));
      io::Random random(seed);
      image->cut_power_after(random.below(second->operations() - before));
      {
        const auto opened = Database::open("d", options_for(*image));
      }
      image->reboot();
      ASSERT_NO_FATAL_FAILURE(recover_and_check(*image, story, finished));
      cuts += 2;
      if (HasFailure()) return;
    }
  }
  std::printf("documents: %llu operations, %llu power cuts\n",
              static_cast<unsigned long long>(story.operations),
              static_cast<unsigned long long>(cuts));
}

}  // namespace
}  // namespace nacre
