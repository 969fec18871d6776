// Collations: of a statement that writes, and of a collection whose reads and writes name none.
#include "query/collation.h"

#include <gtest/gtest.h>

#include "bson/collation.h"
#include "query/operations_testing.h"

namespace nacre::query {
namespace {

using testing::json;
using Rows = std::vector<std::string>;

class Collations : public ::testing::Test {
 protected:
  void put(std::string_view document) { testing::insert(*database_, "c", document); }

  void create_without_case() {
    const auto created = database_->create_collection(
        "c", json(R"({"collation": {"locale": "en", "strength": 2}})"));
    ASSERT_TRUE(created) << created.error().text();
  }

  static Collation without_case() {
    return *bson::parse_collation(json(R"({"locale": "en", "strength": 2})"));
  }

  UpdateRequest request_of(const bson::Document& parts) {
    UpdateRequest request{.collection = "c", .update = {}};
    const auto part = [&](std::string_view name) {
      return parts.find(name) ? parts.find(name).document() : bson::View();
    };
    request.filter = part("q");
    request.update = part("u");
    request.is_pipeline = parts.find("u").is(bson::Type::kArray);
    request.array_filters = part("filters");
    request.let = part("let");
    request.multi = parts.find("multi").truthy();
    return request;
  }

  // How many were modified, or minus the number of the error.
  std::int64_t modified(std::string_view statement, const Collation& collation = {}) {
    const bson::Document parts = json(statement);
    UpdateRequest request = request_of(parts);
    request.collation = collation;
    const auto result = update(scope_, request);
    return result ? result->modified : -result.error().number();
  }

  std::int64_t removed(std::string_view filter, const Collation& collation = {}) {
    const bson::Document asked = json(filter);
    const auto result =
        remove(scope_, {.collection = "c", .filter = asked, .multi = true, .collation = collation});
    return result ? *result : -result.error().number();
  }

  Rows rows(std::string_view filter = "{}") {
    return testing::find(scope_, {.filter = filter, .sort = R"({"_id": 1})"});
  }

  std::unique_ptr<document::Database> database_ = testing::open(testing::new_path());
  Scope scope_{.database = *database_};
};

TEST_F(Collations, AWriteFindsItsDocumentsByTheCollationItNames) {
  put(R"({"_id": 1, "s": "a"})");
  put(R"({"_id": 2, "s": "A"})");
  put(R"({"_id": 3, "s": "b"})");
  EXPECT_EQ(modified(R"({"q": {"s": "a"}, "u": {"$set": {"n": 1}}, "multi": true})"), 1);
  EXPECT_EQ(
      modified(R"({"q": {"s": "a"}, "u": {"$set": {"n": 2}}, "multi": true})", without_case()), 2);
  EXPECT_EQ(removed(R"({"s": "A"})", without_case()), 2);
  EXPECT_EQ(rows(), Rows{R"({"_id":3,"s":"b"})"});
}

TEST_F(Collations, OperatorsThatCompareDoSoByIt) {
  put(R"({"_id": 1, "a": ["x", "Y"], "m": "b"})");
  const auto after = [&](std::string_view update) {
    EXPECT_GE(modified(update, without_case()), 0) << update;
    return rows().front();
  };
  EXPECT_EQ(after(R"({"u": {"$addToSet": {"a": "y"}}})"), R"({"_id":1,"a":["x","Y"],"m":"b"})");
  EXPECT_EQ(after(R"({"u": {"$push": {"a": {"$each": ["Z", "w"], "$sort": 1}}}})"),
            R"({"_id":1,"a":["w","x","Y","Z"],"m":"b"})");
  EXPECT_EQ(after(R"({"u": {"$pullAll": {"a": ["Z"]}, "$min": {"m": "C"}}})"),
            R"({"_id":1,"a":["w","x","Y"],"m":"b"})");
  EXPECT_EQ(after(R"({"u": {"$pull": {"a": {"$in": ["y"]}}, "$max": {"m": "C"}}})"),
            R"({"_id":1,"a":["w","x"],"m":"C"})");
  EXPECT_EQ(after(R"({"u": {"$set": {"a.$[e]": "v"}}, "filters": [{"e": "W"}]})"),
            R"({"_id":1,"a":["v","x"],"m":"C"})");
  EXPECT_EQ(after(R"({"q": {"a": "X"}, "u": {"$set": {"a.$": "y"}}})"),
            R"({"_id":1,"a":["v","y"],"m":"C"})");
  EXPECT_EQ(after(R"({"u": [{"$set": {"m": {"$eq": ["$m", "c"]}}}]})"),
            R"({"_id":1,"a":["v","y"],"m":true})");
}

TEST_F(Collations, VariablesOfAStatementAreSeenByItsFilter) {
  put(R"({"_id": 1, "n": 5, "a": [1, 7]})");
  put(R"({"_id": 2, "n": 6, "a": [7]})");
  const std::string_view filter =
      R"("q": {"a": 7, "$expr": {"$eq": ["$n", "$$wanted"]}}, "let": {"wanted": 5})";
  EXPECT_EQ(modified("{" + std::string(filter) + R"(, "u": {"$set": {"a.$": 8}}})"), 1);
  EXPECT_EQ(rows(), (Rows{R"({"_id":1,"n":5,"a":[1,8]})", R"({"_id":2,"n":6,"a":[7]})"}));
  const bson::Document asked = json(R"({"$expr": {"$gt": ["$n", "$$wanted"]}})");
  const bson::Document let = json(R"({"wanted": 5})");
  const auto taken = take(scope_, {.collection = "c", .filter = asked, .let = let});
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(bson::to_json(**taken), R"({"_id":2,"n":6,"a":[7]})");
  EXPECT_EQ(modified(R"({"q": {"$expr": "$$other"}, "u": {"$set": {"n": 0}}})"), -17276);
}

TEST_F(Collations, ThatOfACollectionHoldsWhereNoneIsNamed) {
  create_without_case();
  put(R"({"_id": 1, "s": "a"})");
  put(R"({"_id": 2, "s": "A"})");
  testing::create_index(*database_, "c", R"({"key": {"s": 1}})");
  EXPECT_EQ(rows(R"({"s": "A"})").size(), 2U);
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"s": "A"})"}), "FETCH IXSCAN");
  const bson::Document filter = json(R"({"s": "A"})");
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = filter}), 2);
  EXPECT_EQ(*count(scope_, {.collection = "c", .filter = filter, .collation = nullptr}), 1);
  const auto values = distinct(scope_, {.collection = "c", .path = "s"});
  ASSERT_TRUE(values);
  EXPECT_EQ(values->view().count(), 1U);
  EXPECT_EQ(modified(R"({"q": {"s": "A"}, "u": {"$set": {"n": 1}}, "multi": true})"), 2);
  EXPECT_EQ(modified(R"({"q": {"s": "A"}, "u": {"$max": {"s": "A"}}, "multi": true})"), 0);
  EXPECT_EQ(removed(R"({"s": "A"})", Collation(nullptr)), 1);
  EXPECT_EQ(rows(), Rows{R"({"_id":1,"s":"a","n":1})"});
}

TEST_F(Collations, TwoIdsThatACollectionTakesForOneAreOne) {
  create_without_case();
  put(R"({"_id": "a"})");
  const bson::Document twin = json(R"({"_id": "A"})");
  const bson::View documents[] = {twin};
  const auto inserted = insert(scope_, {.collection = "c", .documents = documents});
  ASSERT_TRUE(inserted && inserted->errors.size() == 1);
  EXPECT_EQ(inserted->errors.front().error.number(), 11000);
  EXPECT_EQ(rows(R"({"_id": "A"})"), Rows{R"({"_id":"a"})"});
  EXPECT_EQ(testing::stages(scope_, {.filter = R"({"_id": "A"})"}), "FETCH IXSCAN");
  EXPECT_EQ(removed(R"({"_id": "A"})"), 1);

  const auto snapshot = database_->snapshot();
  const auto specifications = snapshot->catalog().find("c")->index_specifications();
  ASSERT_EQ(specifications.size(), 1U);
  EXPECT_EQ(specifications.front().get("collation.strength").as_int64(), 2);
  EXPECT_TRUE(database_->drop_index("c", "*"));
  EXPECT_EQ(database_->drop_index("c", "_id_").error().number(), 72);
  put(R"({"_id": "b"})");
  EXPECT_EQ(rows(R"({"_id": "B"})").size(), 1U);
  EXPECT_TRUE(database_->verify()->clean());
}

}  // namespace
}  // namespace nacre::query
