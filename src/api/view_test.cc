// Views, and what options change of queries and updates, through the public header.
#include <gtest/gtest.h>

#include "nacre/nacre.hpp"

namespace nacre {
namespace {

class Views : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open("memory", {.in_memory = true});
    ASSERT_TRUE(opened) << opened.error().text();
    database_.emplace(*std::move(opened));
    people_.emplace(database_->collection("people"));
    for (const char* text :
         {R"({"_id": 1, "name": "ada", "age": 36, "tags": ["x", "y"], "open": true})",
          R"({"_id": 2, "name": "Ada", "age": 20, "tags": ["y"], "open": false})",
          R"({"_id": 3, "name": "mary", "age": 50, "tags": [], "open": true})"}) {
      ASSERT_TRUE(people_->insert_one(text));
    }
  }

  static std::string text(const Result<std::vector<Document>>& documents) {
    EXPECT_TRUE(documents) << documents.error().text();
    std::string all;
    if (!documents) return all;
    for (const Document& document : *documents) all += document.to_json();
    return all;
  }

  std::optional<Database> database_;
  std::optional<Collection> people_;
};

TEST_F(Views, AViewIsReadByEveryCallThatReads) {
  const auto made = database_->create_collection(
      "open", R"({"viewOn": "people", "pipeline": [{"$match": {"open": true}},
                                                   {"$project": {"age": 1, "tags": 1}}]})");
  ASSERT_TRUE(made) << made.error().text();
  const Collection& open = *made;
  EXPECT_EQ(text(open.find(where("age").gt(40)).all()), R"({"_id":3,"age":50,"tags":[]})");
  EXPECT_EQ(
      text(open.find().sort(R"({"age": -1})").skip(1).limit(1).project(R"({"age": 1})").all()),
      R"({"_id":1,"age":36})");
  EXPECT_EQ(*open.count(), 2);
  EXPECT_EQ(*open.find().skip(1).count(), 1);
  EXPECT_EQ(open.summarize("age")->sum, 86);
  const auto tags = open.distinct("tags");
  ASSERT_TRUE(tags) << tags.error().text();
  EXPECT_EQ(Value(*tags).to_json(), R"(["x","y"])");
  auto grouped = open.aggregate(R"([{"$group": {"_id": null, "n": {"$sum": 1}}}])");
  ASSERT_TRUE(grouped) << grouped.error().text();
  EXPECT_EQ(text(grouped->all()), R"({"_id":null,"n":2})");

  const auto plan = open.find(where("_id").eq(1)).explain();
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->get_string("queryPlanner.namespace"), "memory.people");

  EXPECT_EQ(open.insert_one("{}").error().number(), 166);
  EXPECT_EQ(open.update_one("{}", Update().set("a", 1)).error().number(), 166);
  EXPECT_EQ(open.get(1).error().number(), 166);
  EXPECT_EQ(open.find().min(R"({"_id": 1})").hint("_id_").all().error().number(), 168);
}

TEST_F(Views, AViewShowsThePastOfWhatIsBehindIt) {
  const auto open = database_->create_collection(
      "open", R"({"viewOn": "people", "pipeline": [{"$match": {"open": true}}]})");
  ASSERT_TRUE(open) << open.error().text();
  const std::uint64_t then = database_->position();
  ASSERT_TRUE(people_->delete_many("{}"));
  EXPECT_EQ(*open->count(), 0);
  EXPECT_EQ(*database_->at(then)->collection("open").count(), 2);
}

TEST_F(Views, AViewThatLooksAtItselfOrWritesIsRefused) {
  ASSERT_TRUE(database_->create_collection("a", R"({"viewOn": "people", "pipeline": []})"));
  ASSERT_TRUE(database_->create_collection("b", R"({"viewOn": "a", "pipeline": []})"));
  const Collection a = database_->collection("a");
  EXPECT_EQ(a.change_options(R"({"viewOn": "b", "pipeline": []})").error().number(), 5);
  EXPECT_EQ(a.change_options(R"({"viewOn": "b"})").error().number(), 72);
  ASSERT_TRUE(a.change_options(R"({"viewOn": "people", "pipeline": [{"$limit": 1}]})"));
  EXPECT_EQ(*database_->collection("b").count(), 1);
  const auto writing =
      database_->create_collection("c", R"({"viewOn": "a", "pipeline": [{"$out": "d"}]})");
  EXPECT_EQ(writing.error().number(), 167);
}

TEST_F(Views, ACollectionIsRenamedAndItsOptionsChanged) {
  ASSERT_TRUE(people_->create_index(R"({"age": 1})"));
  ASSERT_TRUE(database_->create_collection("taken"));
  EXPECT_EQ(people_->rename("taken").error().number(), 48);
  const auto renamed = people_->rename("taken", /*drop_target=*/true);
  ASSERT_TRUE(renamed) << renamed.error().text();
  EXPECT_EQ(*renamed->count(), 3);
  EXPECT_EQ(renamed->indexes()->size(), 2U);
  EXPECT_EQ(*people_->count(), 0);

  ASSERT_TRUE(renamed->change_options(R"({"validator": {"age": {"$gt": 0}}})"));
  EXPECT_EQ(renamed->insert_one(R"({"_id": 9, "age": -1})").error().number(), 121);
  ASSERT_TRUE(
      renamed->update_one(R"({"_id": 1})", Update().set("age", -1), {.bypass_validation = true}));
  EXPECT_EQ(renamed->change_options(R"({"validation": {}})").error().number(), 40415);
}

// The limit of before stood in front of the new one, and was read.
TEST_F(Views, ACappedCollectionTakesItsNewLimit) {
  ASSERT_TRUE(database_->create_collection("log", R"({"capped": true, "size": 100000, "max": 2})"));
  const Collection log = database_->collection("log");
  ASSERT_TRUE(log.change_options(R"({"cappedMax": 3})"));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(log.insert_one(Document::of({{"_id", i}})));
  EXPECT_EQ(*log.count(), 3);
}

TEST_F(Views, RenamesAreAmongTheChanges) {
  ASSERT_TRUE(database_->collection("target").insert_one(R"({"_id": 1})"));
  const std::uint64_t before = database_->position();
  ASSERT_TRUE(people_->rename("target", /*drop_target=*/true));
  ASSERT_TRUE(database_->collection("target").delete_one(R"({"_id": 1})"));
  auto changes = database_->changes(before + 1);
  ASSERT_TRUE(changes) << changes.error().text();
  const auto dropped = changes->next();
  ASSERT_TRUE(dropped && *dropped);
  EXPECT_EQ((*dropped)->kind, ChangeKind::kDrop);
  EXPECT_EQ((*dropped)->collection, "target");
  const auto renamed = changes->next();
  ASSERT_TRUE(renamed && *renamed);
  EXPECT_EQ((*renamed)->kind, ChangeKind::kRename);
  EXPECT_EQ((*renamed)->collection, "people");
  EXPECT_EQ((*renamed)->renamed_to, "target");
  const auto removed = changes->next();
  ASSERT_TRUE(removed && *removed);
  EXPECT_EQ((*removed)->kind, ChangeKind::kRemove);
  EXPECT_EQ((*removed)->collection, "target");
}

TEST_F(Views, QueriesTakeCollationsVariablesHintsAndBoundsOfAnIndex) {
  ASSERT_TRUE(people_->create_index(R"({"age": 1})"));
  EXPECT_EQ(*people_->find(where("name").eq("ADA"))
                 .collation(R"({"locale": "en", "strength": 2})")
                 .count(),
            2);
  EXPECT_EQ(text(people_->find(R"({"$expr": {"$gt": ["$age", "$$least"]}})")
                     .let(R"({"least": 40})")
                     .project(R"({"_id": 1})")
                     .all()),
            R"({"_id":3})");
  EXPECT_EQ(text(people_->find()
                     .hint(R"({"age": 1})")
                     .min(R"({"age": 20})")
                     .max(R"({"age": 50})")
                     .project(R"({"_id": 1})")
                     .all()),
            R"({"_id":2}{"_id":1})");
  auto found = people_->aggregate(R"([{"$match": {"name": "ADA"}}, {"$count": "n"}])",
                                  {.collation = R"({"locale": "en", "strength": 2})"});
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(text(found->all()), R"({"n":2})");
  EXPECT_FALSE(people_->find().collation("{").all());
}

TEST_F(Views, UpdatesTakePipelinesArrayFiltersAndCollations) {
  ASSERT_TRUE(people_->update_one(
      R"({"_id": 1})", R"([{"$set": {"age": {"$add": ["$age", 1]}}}, {"$unset": "open"}])"));
  EXPECT_EQ(people_->find_one(R"({"_id": 1})")->value().to_json(),
            R"({"_id":1,"name":"ada","age":37,"tags":["x","y"]})");
  ASSERT_TRUE(people_->update_one(R"({"_id": 1})", Update().set("tags.$[old]", "z"),
                                  {.array_filters = {Document::of({{"old", "y"}})}}));
  const auto after = people_->find_one_and_update(
      R"({"_id": 1})", Update().set("tags.$[old]", "w"),
      {.sort = R"({"_id": 1})", .array_filters = {Document::of({{"old", "z"}})}});
  ASSERT_TRUE(after) << after.error().text();
  EXPECT_EQ((*after)->get("tags")->to_json(), R"(["x","w"])");
  EXPECT_EQ(people_
                ->update_many(where("name").eq("ADA"), Update().set("seen", true),
                              {.collation = R"({"locale": "en", "strength": 2})"})
                ->matched,
            2);
  EXPECT_EQ(*people_->delete_many(where("name").eq("ADA"),
                                  {.collation = R"({"locale": "en", "strength": 2})"}),
            2);
}

TEST_F(Views, ABulkTakesTheOptionsOfItsWrites) {
  const auto done = people_->bulk_write(
      Bulk()
          .update_one(R"({"_id": 1})", R"([{"$set": {"n": 1}}])", {.expected_version = 1})
          .update_many("{}", Update().set("tags.$[t]", "z"),
                       {.array_filters = {Document::of({{"t", "y"}})}})
          .delete_one(R"({"_id": 3})", {.expected_version = 1}));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->deleted, 1);
  const auto late = people_->bulk_write(
      Bulk()
          .delete_one(R"({"_id": 2})")
          .replace_one(R"({"_id": 1})", R"({"x": 1})", {.expected_version = 1}));
  ASSERT_FALSE(late);
  EXPECT_EQ(describe(late.error()).found_version, 3U);
  EXPECT_EQ(*people_->count(), 2);
}

TEST_F(Views, APipelineThatWritesHasWrittenWhenTheCallReturns) {
  ASSERT_TRUE(people_->aggregate(R"([{"$match": {"open": true}}, {"$out": "copy"}])"));
  EXPECT_EQ(*database_->collection("copy").count(), 2);
  const auto past = database_->at(database_->position());
  EXPECT_EQ(past->collection("people").aggregate(R"([{"$out": "copy"}])").error().code(),
            Code::kInvalid);
}

}  // namespace
}  // namespace nacre
