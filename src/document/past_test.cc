// The past of documents: catalogs of then, the versions of one document, commits as changes.
#include <gtest/gtest.h>

#include "document/changes.h"
#include "document/database_testing.h"
#include "document/difference.h"
#include "document/history.h"
#include "document/index_keys.h"

namespace nacre::document {
namespace {

using testing::json;

constexpr Position kEnd = kPositionMax;

void replace(Database& database, std::string_view collection, std::string_view text,
             bool is_replacement = false) {
  const bson::Document document = json(text);
  const std::string key = id_key(document.find("_id"));
  const auto body = [&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write(collection));
    const auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(key)));
    Writer writer(database, transaction, *info);
    NACRE_TRY(writer.replace(as_bytes(key), as_bytes(*row), document, is_replacement));
    return {};
  };
  const auto done = database.transact(body);
  ASSERT_TRUE(done) << done.error().text();
}

History history(Database& database, std::string_view collection, std::int32_t id) {
  const bson::Document holder = bson::Builder().append("_id", id).finish();
  const auto now = database.snapshot();
  auto history = history_of(database, *now, collection, as_bytes(id_key(holder.find("_id"))));
  EXPECT_TRUE(history) << history.error().text();
  return history ? *std::move(history) : History();
}

TEST(DocumentPast, ASnapshotOfThePastHasTheCollectionsAndIndexesOfThen) {
  const auto database = testing::open(testing::new_path());
  testing::insert(*database, "old", R"({"_id": 1, "a": 1})");
  testing::create_index(*database, "old", R"({"key": {"a": 1}, "name": "a_1"})");
  const Position then = database->snapshot()->position();
  ASSERT_TRUE(database->drop_index("old", "a_1"));
  ASSERT_TRUE(database->drop_collection("old"));
  testing::insert(*database, "new", R"({"_id": 2})");

  const auto past = database->snapshot_at(then);
  ASSERT_TRUE(past) << past.error().text();
  EXPECT_EQ(past->catalog().collection_names(), std::vector<std::string>{"old"});
  const CollectionInfo* info = past->catalog().find("old");
  ASSERT_NE(info, nullptr);
  ASSERT_NE(info->find_index("a_1"), nullptr);
  const auto rows = past->rows().cursor(info->table);
  ASSERT_TRUE(rows);
  EXPECT_TRUE(*(*rows)->seek_first());
  const auto entries = past->rows().cursor(info->find_index("a_1")->table);
  ASSERT_TRUE(entries);
  EXPECT_TRUE(*(*entries)->seek_first());
  EXPECT_EQ(database->snapshot()->catalog().collection_names(), std::vector<std::string>{"new"});
  EXPECT_EQ(database->snapshot_at(kEnd).error().code(), Code::kInvalid);
}

TEST(DocumentPast, HistoryGoesBackThroughUpdatesRemovalAndAnEarlierLife) {
  const auto database = testing::open(testing::new_path());
  testing::insert(*database, "c", R"({"_id": 1, "n": 1})");
  const Position first = database->snapshot()->position();
  replace(*database, "c", R"({"_id": 1, "n": 2})");
  testing::remove(*database, "c", 1);
  testing::insert(*database, "c", R"({"_id": 2})");
  testing::insert(*database, "c", R"({"_id": 1, "n": 3})");
  replace(*database, "c", R"({"_id": 1, "n": 4})", true);

  const History all = history(*database, "c", 1);
  EXPECT_TRUE(all.is_whole);
  ASSERT_EQ(all.versions.size(), 5U);
  EXPECT_EQ(bson::to_json(all.versions[0].document), R"({"_id":1,"n":4})");
  EXPECT_TRUE(all.versions[0].envelope.is_replacement);
  EXPECT_EQ(all.versions[0].envelope.version, 2U);
  EXPECT_EQ(all.versions[1].envelope.version, 1U);
  EXPECT_TRUE(all.versions[2].is_removed);
  EXPECT_EQ(all.versions[3].envelope.version, 2U);
  EXPECT_FALSE(all.versions[3].envelope.is_replacement);
  EXPECT_EQ(bson::to_json(all.versions[4].document), R"({"_id":1,"n":1})");
  EXPECT_EQ(all.versions[4].position, first);
  for (std::size_t i = 1; i < all.versions.size(); ++i) {
    EXPECT_LT(all.versions[i].position, all.versions[i - 1].position);
    EXPECT_LT(all.versions[i].time, all.versions[i - 1].time);
  }
  EXPECT_TRUE(history(*database, "none", 1).versions.empty());
  EXPECT_TRUE(history(*database, "c", 7).versions.empty());
  EXPECT_TRUE(history(*database, "c", 7).is_whole);
}

TEST(DocumentPast, ChangesNameCollectionDocumentAndKind) {
  const auto database = testing::open(testing::new_path());
  testing::insert(*database, "c", R"({"_id": 1, "n": 1})");
  const Position start = database->snapshot()->position();
  testing::create_index(*database, "c", R"({"key": {"n": 1}, "name": "n_1"})");
  replace(*database, "c", R"({"_id": 1, "n": 2})");
  replace(*database, "c", R"({"_id": 1, "n": 3})", true);
  testing::insert(*database, "d", R"({"_id": "x"})");
  testing::remove(*database, "c", 1);
  ASSERT_TRUE(database->drop_collection("d"));

  auto reader = ChangeReader::open(*database, start);
  ASSERT_TRUE(reader) << reader.error().text();
  std::vector<std::string> seen;
  while (true) {
    const auto change = reader->next(kEnd, std::chrono::microseconds(0));
    ASSERT_TRUE(change) << change.error().text();
    if (!*change) break;
    seen.push_back(std::to_string(static_cast<int>((*change)->kind)) + " " + (*change)->collection +
                   " " + bson::to_json((*change)->id) + " " + bson::to_json((*change)->document) +
                   " " + ((*change)->before ? bson::to_json(*(*change)->before) : "-"));
  }
  EXPECT_EQ(seen,
            (std::vector<std::string>{R"(1 c {"_id":1} {"_id":1,"n":2} {"_id":1,"n":1})",
                                      R"(2 c {"_id":1} {"_id":1,"n":3} {"_id":1,"n":2})",
                                      R"(0 d {"_id":"x"} {"_id":"x"} -)",
                                      R"(3 c {"_id":1} {} {"_id":1,"n":3})", R"(4 d {} {} -)"}));
  EXPECT_EQ(reader->position(), database->snapshot()->position());

  auto first = ChangeReader::open(*database, kNoPosition);
  ASSERT_TRUE(first) << first.error().text();
  ASSERT_TRUE(*first->next(start, std::chrono::microseconds(0)));
  EXPECT_FALSE(*first->next(start, std::chrono::microseconds(0)));
}

std::string told(std::string_view before, std::string_view after) {
  const Difference difference = document::difference(json(before), json(after));
  std::string text = bson::to_json(difference.updated);
  for (const std::string& path : difference.removed) text += " -" + path;
  return text;
}

TEST(DocumentDifference, NamesWhatWasSetAndWhatWentByPath) {
  EXPECT_EQ(told(R"({"_id": 1, "a": 1})", R"({"_id": 1, "a": 1})"), "{}");
  EXPECT_EQ(told(R"({"_id": 1, "a": 1, "b": 2})", R"({"_id": 1, "a": 1.5, "c": []})"),
            R"({"a":1.5,"c":[]} -b)");
  EXPECT_EQ(told(R"({"a": {"x": 1, "y": {"z": 1}, "w": 2}})", R"({"a": {"x": 1, "y": {"z": 2}}})"),
            R"({"a.y.z":2} -a.w)");
  EXPECT_EQ(told(R"({"l": [1, {"n": 1}]})", R"({"l": [1, {"n": 2}, 3]})"),
            R"({"l.1.n":2,"l.2":3})");
}

TEST(DocumentDifference, WhatPathsCannotTellIsGivenWhole) {
  EXPECT_EQ(told(R"({"l": [1, 2]})", R"({"l": [2]})"), R"({"l":[2]})");
  EXPECT_EQ(told(R"({"a": {"x": 1, "y": 1}})", R"({"a": {"y": 2, "x": 1}})"),
            R"({"a":{"y":2,"x":1}})");
  EXPECT_EQ(told(R"({"a": {"x": 1}})", R"({"a": {"b.c": 2}})"), R"({"a":{"b.c":2}})");
  EXPECT_EQ(told(R"({"a": {"x": 1}})", R"({"a": {}})"), R"({"a":{}})");
}

}  // namespace
}  // namespace nacre::document
