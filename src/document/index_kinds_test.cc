// What each kind of index holds, what it refuses, and that verify sees a wrong entry of any kind.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "document/database_testing.h"
#include "document/index_text.h"

namespace nacre::document {
namespace {

using testing::described;
using testing::refusal;

TEST(IndexSpec, EveryKindIsDescribedAsListIndexesShowsIt) {
  EXPECT_EQ(described(R"({"key": {"a": "hashed", "b": -1}})"),
            R"({"v":2,"key":{"a":"hashed","b":-1},"name":"a_hashed_b_-1"})");
  EXPECT_EQ(described(R"({"key": {"$**": 1}, "wildcardProjection": {"a": 0}})"),
            R"({"v":2,"key":{"$**":1},"name":"$**_1","wildcardProjection":{"a":0}})");
  EXPECT_EQ(described(R"({"key": {"x": 1, "a": "text", "b": "text"}, "weights": {"b": 3}})"),
            R"({"v":2,"key":{"x":1,"_fts":"text","_ftsx":1},"name":"x_1_a_text_b_text",)"
            R"("weights":{"a":1,"b":3},"default_language":"english",)"
            R"("language_override":"language","textIndexVersion":3})");
  EXPECT_EQ(described(R"({"key": {"d": 1}, "expireAfterSeconds": 60, "hidden": true})"),
            R"({"v":2,"key":{"d":1},"name":"d_1","hidden":true,"expireAfterSeconds":60})");
  // What is written is understood again.
  for (const char* text :
       {R"({"key": {"a": "text"}})", R"({"key": {"a": 1}, "collation": {"locale": "fr"}})",
        R"({"key": {"a": 1}, "partialFilterExpression": {"b": {"$gt": 5}}})"}) {
    const std::string once = described(text);
    EXPECT_EQ(described(once), once);
  }
}

TEST(IndexSpec, WhatMakesNoSenseIsRefusedWithMongoDbsNumber) {
  EXPECT_EQ(refusal(R"({"name": "x"})"), 9);
  EXPECT_EQ(refusal(R"({"key": 1})"), 14);
  EXPECT_EQ(refusal(R"({"key": {}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "geoHaystack"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "nothing"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"$**": 0}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"$**": -1}})"), 0);
  EXPECT_EQ(refusal(R"({"key": {"a": 0}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "hashed"}, "unique": true})"), 16764);
  EXPECT_EQ(refusal(R"({"key": {"a": "hashed", "b": "hashed"}})"), 31303);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "b": 1}, "expireAfterSeconds": 5})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "expireAfterSeconds": -1})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "expireAfterSeconds": "x"})"), 14);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "partialFilterExpression": {"a": {"$ne": 1}}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "sparse": true, "partialFilterExpression": {"a": 1}})"),
            67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "wildcardProjection": {"b": 1}})"), 2);
  EXPECT_EQ(refusal(R"({"key": {"a": "text"}, "default_language": "klingon"})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "weights": {"a": 1}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "color": 1})"), 197);
  EXPECT_EQ(refusal(R"({"key": {"_id": 1}, "unique": true})"), 197);
  EXPECT_EQ(refusal(R"({"key": {"a": 1}, "collation": {"locale": "klingon"}})"), 2);
}

std::int32_t refusal_of(std::string_view key, std::string_view projection) {
  return refusal(R"({"key": )" + std::string(key) + R"(, "wildcardProjection": )" +
                 std::string(projection) + "}");
}

TEST(IndexSpec, OfWildcardsBesideOtherFieldsThoseAreTakenThatMongoDbTakes) {
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "b.$**": -1, "c": -1}})"), 0);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "a.b.$**": 1}})"), 0);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "$**": "text"}})"), 0) << "another kind";
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "$**": 1}})"), 67) << "$** has a, too";
  EXPECT_EQ(refusal(R"({"key": {"a.b": 1, "a.$**": 1}})"), 7246204);
  EXPECT_EQ(refusal(R"({"key": {"a.$**": 1, "a": 1}})"), 7246204);
  EXPECT_EQ(refusal(R"({"key": {"a.$**": 1, "$**": 1}})"), 7246201);
  EXPECT_EQ(refusal(R"({"key": {"a": "wildcard"}})"), 7246202);
  EXPECT_EQ(refusal(R"({"key": {"$**": "wildcard"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": "hashed", "$**": 1}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"b.$**": 1, "a": "text"}})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "b.$**": 1}, "unique": true})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "b.$**": 1}, "sparse": true})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "b.$**": 1}, "expireAfterSeconds": 1})"), 67);
  EXPECT_EQ(refusal(R"({"key": {"a": 1, "b.$**": 1}, "partialFilterExpression": {"a": 1}})"), 0);
}

TEST(IndexSpec, TheProjectionOfAWildcardLeavesOutTheFieldsBesideIt) {
  constexpr std::string_view kAlone = R"({"$**": 1})";
  constexpr std::string_view kBesideB = R"({"$**": 1, "b": 1})";
  EXPECT_EQ(refusal_of(kBesideB, R"({"b": 0})"), 0);
  EXPECT_EQ(refusal_of(kBesideB, R"({"b": 0, "_id": 1})"), 0);
  EXPECT_EQ(refusal_of(kBesideB, R"({"a": 1, "b.c": 1})"), 0) << "what is inside b is not b";
  EXPECT_EQ(refusal_of(R"({"b.c": 1, "$**": 1, "d": 1})", R"({"b": 0, "d": 0})"), 0);
  EXPECT_EQ(refusal_of(kBesideB, R"({})"), 9);
  EXPECT_EQ(refusal_of(R"({"a.$**": 1, "b": 1})", R"({"b": 0})"), 9);
  EXPECT_EQ(refusal_of(kBesideB, R"({"b": 0, "a.c": 0, "a": 0})"), 7246200);
  EXPECT_EQ(refusal_of(kBesideB, R"({"b": "x"})"), 7246207);
  EXPECT_EQ(refusal_of(kBesideB, R"({"b": 1})"), 7246208);
  EXPECT_EQ(refusal_of(R"({"$**": 1, "b.c": 1})", R"({"b": 1})"), 7246208);
  EXPECT_EQ(refusal_of(kBesideB, R"({"b.c": 0})"), 7246209);
  EXPECT_EQ(refusal_of(kBesideB, R"({"c": 0})"), 7246209);
  EXPECT_EQ(refusal_of(kBesideB, R"({"a": 0})"), 7246210);
  EXPECT_EQ(refusal_of(kBesideB, R"({"a": 1, "_id": 0})"), 7246210);
  EXPECT_EQ(refusal_of(kBesideB, R"({"b": 0, "a": 1, "c": 1})"), 7246211);
  EXPECT_EQ(refusal_of(kAlone, R"({"a": 1, "b": 0})"), 31254);
  EXPECT_EQ(refusal_of(kAlone, R"({"a": 0, "b": 1})"), 31253);
  EXPECT_EQ(refusal_of(kAlone, R"({"a": 1, "a.b": 1})"), 31249);
  EXPECT_EQ(refusal_of(kAlone, R"({"a.b": 1, "a": 1})"), 31250);
  EXPECT_EQ(refusal_of(kAlone, R"({"a": 1, "a-b": 1, "_id": 0})"), 0);
}

TEST(IndexKinds, PartialIndexesHoldWhatTheirFilterTakes) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c",
                        R"({"key": {"a": 1}, "unique": true,
                            "partialFilterExpression": {"b": {"$gt": 5}}})");
  testing::insert(*database, "c", R"({"_id": 1, "a": 1, "b": 1})");
  testing::insert(*database, "c", R"({"_id": 2, "a": 1, "b": 2})");
  testing::insert(*database, "c", R"({"_id": 3, "a": 1, "b": 6})");
  EXPECT_EQ(testing::entry_count(*database, "c", "a_1"), 1U);
  const auto second = testing::try_insert(*database, "c", R"({"_id": 4, "a": 1, "b": 7})");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number(), 11000);
  testing::expect_clean(*database);
}

TEST(IndexKinds, CollationsMakeUniqueWhatTheyTakeForEqual) {
  auto database = testing::open(testing::new_path());
  testing::create_index(
      *database, "c",
      R"({"key": {"a": 1}, "unique": true, "collation": {"locale": "en", "strength": 1}})");
  testing::insert(*database, "c", R"({"_id": 1, "a": "Café"})");
  const auto second = testing::try_insert(*database, "c", R"({"_id": 2, "a": "cafe"})");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().number(), 11000);
  testing::insert(*database, "c", R"({"_id": 3, "a": "tea"})");
  testing::expect_clean(*database);
}

TEST(IndexKinds, HashedFieldsRefuseArrays) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": "hashed"}})");
  testing::insert(*database, "c", R"({"_id": 1, "a": 5})");
  testing::insert(*database, "c", R"({"_id": 2})");
  const auto array = testing::try_insert(*database, "c", R"({"_id": 3, "a": [1]})");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().number(), 16766);
  EXPECT_EQ(testing::entry_count(*database, "c", "a_hashed"), 2U);
  testing::expect_clean(*database);
}

TEST(IndexKinds, WildcardsHoldEveryPathThatTheyTake) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"$**": 1}})");
  testing::create_index(*database, "c", R"({"key": {"a.$**": 1}})");
  testing::create_index(*database, "c",
                        R"({"key": {"$**": 1}, "name": "some", "wildcardProjection": {"a.b": 1}})");
  testing::insert(*database, "c", R"({"_id": 1, "a": {"b": [1, 2, {"c": 3}], "d": {}}, "e": "x"})");
  EXPECT_EQ(testing::entry_count(*database, "c", "$**_1"), 5U) << "a.b twice, a.b.c, a.d, e";
  EXPECT_EQ(testing::entry_count(*database, "c", "a.$**_1"), 4U);
  EXPECT_EQ(testing::entry_count(*database, "c", "some"), 3U);
  testing::expect_clean(*database);
}

TEST(IndexKinds, FieldsBesideAWildcardAreInEachOfItsEntries) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c",
                        R"({"key": {"t": 1, "$**": 1}, "wildcardProjection": {"t": 0}})");
  testing::create_index(*database, "c", R"({"key": {"a.$**": 1, "_id": -1}})");
  testing::insert(*database, "c", R"({"_id": 1, "t": 5, "a": {"b": [1, 2]}, "e": "x"})");
  EXPECT_EQ(testing::entry_count(*database, "c", "t_1_$**_1"), 3U);
  EXPECT_EQ(testing::entry_count(*database, "c", "a.$**_1__id_-1"), 2U);
  testing::insert(*database, "c", R"({"_id": 2, "t": {"u": 5}})");
  EXPECT_EQ(testing::entry_count(*database, "c", "t_1_$**_1"), 4U)
      << "one for a document without paths";
  const auto array = testing::try_insert(*database, "c", R"({"_id": 3, "t": [1], "e": 1})");
  ASSERT_FALSE(array);
  EXPECT_EQ(array.error().number(), 7246301);
  testing::expect_clean(*database);
}

// The story: a field that is named "a.b", or "" around a "b", had the entries of the paths that
// read alike, and what the index alone answers counted its document.
TEST(IndexKinds, NamesThatReadLikePathsAreNoneInAWildcard) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"$**": 1}})");
  testing::insert(*database, "c", R"({"_id": 1, "a.b": 1, "c": {"d.e": 2}})");
  EXPECT_EQ(testing::entry_count(*database, "c", "$**_1"), 0U);
  testing::insert(*database, "c", R"({"_id": 2, "": {"b": 1}})");
  EXPECT_EQ(testing::entry_count(*database, "c", "$**_1"), 1U);
  const auto snapshot = database->snapshot();
  auto cursor = snapshot->rows().cursor(snapshot->catalog().find("c")->find_index("$**_1")->table);
  ASSERT_TRUE((*cursor)->seek_first().value_or(false));
  const std::string path(".b");
  EXPECT_NE(as_text((*cursor)->key()).find(path), std::string_view::npos);
  testing::expect_clean(*database);
}

TEST(IndexKinds, TextIndexesHoldWordsAndLengths) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": "text"}, "weights": {"b.c": 5}})");
  testing::insert(*database, "c",
                  R"({"_id": 1, "a": "running dogs run", "b": [{"c": "the dog"}]})");
  testing::insert(*database, "c", R"({"_id": 2, "x": "no words here"})");
  EXPECT_EQ(testing::entry_count(*database, "c", "a_text"), 3U) << "run, dog, and the length";
  const auto snapshot = database->snapshot();
  const auto totals = database->text_totals(*snapshot->catalog().find("c")->find_index("a_text"));
  ASSERT_TRUE(totals);
  EXPECT_EQ(totals->documents, 1);
  EXPECT_EQ(totals->words, 4);
  testing::insert(*database, "c", R"({"_id": 3, "a": "one"})");
  const auto after = database->text_totals(*snapshot->catalog().find("c")->find_index("a_text"));
  EXPECT_EQ(after->documents, 2);
  EXPECT_EQ(after->words, 5);
  testing::expect_clean(*database);
  const auto bad = testing::try_insert(*database, "c", R"({"_id": 4, "language": "klingon"})");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().number(), 17262);
  const auto second = parse_index_spec(testing::json(R"({"key": {"z": "text"}})"));
  EXPECT_EQ(database->create_indexes("c", std::span(&*second, 1)).error().number(), 85);
  const auto beside = parse_index_spec(testing::json(R"({"key": {"x": 1, "z": "text"}})"));
  EXPECT_EQ(database->create_indexes("c", std::span(&*beside, 1)).error().number(), 67);
}

TEST(IndexKinds, OneKeyPatternMayHaveSeveralIndexesThatDiffer) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1}})");
  testing::create_index(*database, "c", R"({"key": {"a": 1}, "name": "u", "unique": true})");
  testing::create_index(*database, "c",
                        R"({"key": {"a": 1}, "name": "f", "collation": {"locale": "fr"}})");
  const auto same = parse_index_spec(testing::json(R"({"key": {"a": 1}, "name": "other"})"));
  EXPECT_EQ(database->create_indexes("c", std::span(&*same, 1)).error().number(), 85);
  const bson::Document pattern = testing::json(R"({"a": 1})");
  EXPECT_EQ(database->drop_index("c", pattern.view()).error().number(), 181);
}

// The story: an entry told the type of its value, but an update that changed 1 to 1.0 left the
// entry alone, because its key is the same; a covered query then gave back the old type.
TEST(IndexKinds, AnEntryFollowsTheTypeOfItsValue) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1}, "unique": true})");
  testing::insert(*database, "c", R"({"_id": 1, "a": 1})");
  const auto done = testing::try_replace(*database, "c", R"({"_id": 1, "a": 1.0})");
  ASSERT_TRUE(done) << done.error().text();
  testing::expect_clean(*database);
}

TEST(IndexEntry, GivesTheFieldsBack) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1, "b": -1}})");
  testing::insert(*database, "c", R"({"_id": 1, "a": 1.5, "b": {"$numberLong": "7"}})");
  testing::insert(*database, "c", R"({"_id": 2, "a": null})");
  const auto snapshot = database->snapshot();
  const IndexInfo& index = *snapshot->catalog().find("c")->find_index("a_1_b_-1");
  auto cursor = snapshot->rows().cursor(index.table);
  std::vector<std::string> found;
  for (auto row = (*cursor)->seek_first(); row && *row; row = (*cursor)->next()) {
    const auto document = document_of_entry(index, (*cursor)->key(), (*cursor)->value());
    ASSERT_TRUE(document) << document.error().text();
    found.push_back(bson::to_json(document->view(), bson::JsonForm::kCanonical));
  }
  EXPECT_EQ(found,
            (std::vector<std::string>{R"({"a":null})",
                                      R"({"a":{"$numberDouble":"1.5"},"b":{"$numberLong":"7"}})"}));
}

TEST(Expiry, RemovesWhatHasOutlivedItsIndexAndNothingElse) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"at": -1}, "expireAfterSeconds": 10})");
  testing::insert(*database, "c", R"({"_id": 1, "at": {"$date": "2020-01-01T00:00:00Z"}})");
  testing::insert(*database, "c", R"({"_id": 2, "at": {"$date": "2020-01-01T00:00:05Z"}})");
  testing::insert(*database, "c", R"({"_id": 3, "at": "2020-01-01"})");
  testing::insert(*database, "c", R"({"_id": 4})");
  testing::insert(*database, "c",
                  R"({"_id": 5, "at": [{"$date": "2030-01-01T00:00:00Z"},
                                       {"$date": "2019-01-01T00:00:00Z"}]})");
  const Time at{1'577'836'810'000'000};  // ten seconds after the first
  const auto removed = database->remove_expired(at);
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_EQ(*removed, 2U);
  EXPECT_EQ(testing::rows(*database, "c").size(), 3U);
  EXPECT_EQ(*database->remove_expired(at), 0U);
  testing::expect_clean(*database);
}

TEST(IndexBuild, TellsItsProgressAndEndsWhenItIsToldTo) {
  auto database = testing::open(testing::new_path());
  for (int i = 0; i < 20; ++i) {
    testing::insert(*database, "c", "{\"_id\": " + std::to_string(i) + ", \"a\": 1}",
                    txn::Durability::kAsync);
  }
  const auto spec = parse_index_spec(testing::json(R"({"key": {"a": 1}})"));
  std::uint64_t total = 0;
  const auto stop = [&](const IndexBuildProgress& progress) {
    total = progress.documents_total;
    EXPECT_EQ(database->index_builds().size(), 1U);
    return false;
  };
  const auto cancelled =
      database->create_indexes("c", std::span(&*spec, 1), txn::Durability::kSync, stop);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().number(), 276);
  EXPECT_EQ(total, 20U);
  EXPECT_TRUE(database->index_builds().empty());
  EXPECT_EQ(database->snapshot()->catalog().find("c")->find_index("a_1"), nullptr);
  // Dropping it while it is built ends the build as well.
  const auto drop = [&](const IndexBuildProgress&) {
    EXPECT_TRUE(database->drop_index("c", "a_1"));
    return true;
  };
  const auto dropped =
      database->create_indexes("c", std::span(&*spec, 1), txn::Durability::kSync, drop);
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().number(), 276);
  testing::expect_clean(*database);
}

TEST(IndexBuild, EndsWithItsCollectionWhichKeepsItsNameUntilThen) {
  auto database = testing::open(testing::new_path());
  testing::insert(*database, "c", R"({"_id": 1, "a": 1})", txn::Durability::kAsync);
  testing::insert(*database, "d", R"({"_id": 1, "a": 1})", txn::Durability::kAsync);
  const auto spec = parse_index_spec(testing::json(R"({"key": {"a": 1}})"));
  const auto rename = [&](std::string_view from, std::string_view to) {
    const auto renamed = database->transact([&](Transaction& transaction) {
      return transaction.rename_collection(from, to, /*drop_target=*/true);
    });
    return renamed ? 0 : renamed.error().number();
  };
  const auto drop = [&](const IndexBuildProgress&) {
    EXPECT_EQ(rename("c", "e"), 12587);
    EXPECT_EQ(rename("d", "c"), 12587);
    EXPECT_TRUE(database->drop_collection("c"));
    return true;
  };
  const auto built =
      database->create_indexes("c", std::span(&*spec, 1), txn::Durability::kSync, drop);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().number(), 276) << built.error().text();
  EXPECT_EQ(rename("d", "c"), 0);
  testing::expect_clean(*database);
}

TEST(IndexChange, WhatCannotHaveALifeGetsNone) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1, "b": 1}, "name": "ab"})");
  const auto change = [&](std::string_view index, Transaction::IndexChange wanted) {
    const auto changed = database->transact(
        [&](Transaction& transaction) { return transaction.change_index("c", index, wanted); });
    return changed ? 0 : changed.error().number();
  };
  EXPECT_EQ(change("ab", {.expire_after_seconds = 5}), 72);
  EXPECT_EQ(change("_id_", {.expire_after_seconds = 5}), 72);
  EXPECT_EQ(change("_id_", {.hidden = true}), 2);
  EXPECT_EQ(change("none", {.hidden = true}), 27);
}

TEST(IndexChange, HidesAndShowsWithoutBuilding) {
  auto database = testing::open(testing::new_path());
  testing::create_index(*database, "c", R"({"key": {"a": 1}})");
  const auto change = [&](Transaction::IndexChange wanted) {
    return database->transact(
        [&](Transaction& transaction) { return transaction.change_index("c", "a_1", wanted); });
  };
  ASSERT_TRUE(change({.hidden = true}));
  EXPECT_FALSE(database->snapshot()->catalog().find("c")->find_index("a_1")->is_usable());
  ASSERT_TRUE(change({.hidden = false, .expire_after_seconds = 5}));
  const auto snapshot = database->snapshot();
  const IndexInfo* index = snapshot->catalog().find("c")->find_index("a_1");
  EXPECT_TRUE(index->is_usable());
  EXPECT_EQ(index->options.expire_after_seconds, 5);
}

}  // namespace
}  // namespace nacre::document
