// What update, take and upsert do beyond the operators themselves: positions that the filter met,
// array filters, sorts, and the images they hand back.
#include <gtest/gtest.h>

#include "query/operations_testing.h"

namespace nacre::query {
namespace {

using namespace testing;  // NOLINT: the helpers of these tests

class Write : public ::testing::Test {
 protected:
  void SetUp() override { database_ = open(new_path()); }

  [[nodiscard]] Scope scope() const { return {.database = *database_}; }

  void put(std::string_view array) {
    const bson::Document all = json("{\"d\":" + std::string(array) + "}");
    std::vector<bson::View> documents;
    for (const bson::Element& each : all.find("d").array()) documents.push_back(each.document());
    const auto inserted = insert(scope(), {.collection = "c", .documents = documents});
    ASSERT_TRUE(inserted && inserted->errors.empty());
  }

  // The request of {"q":, "u":, "filters":, "sort":}.
  Result<UpdateResult> run(std::string_view statement, Image image = Image::kNone,
                           bool upsert = false) {
    UpdateRequest request;
    request.image = image;
    request.upsert = upsert;
    const bson::Document parts = json(statement);
    const auto part = [&](std::string_view name) {
      return parts.find(name) ? parts.find(name).document() : bson::View();
    };
    request.collection = "c";
    request.filter = part("q");
    request.update = part("u");
    request.array_filters = part("filters");
    request.sort = part("sort");
    return update(scope(), request);
  }

  // All documents after an update, or "error <number>".
  std::string after(std::string_view statement) {
    const auto result = run(statement);
    if (!result) return "error " + std::to_string(result.error().number());
    std::string all;
    for (const std::string& row : find(scope(), {.sort = R"({"_id":1})"})) all.append(row);
    return all;
  }

  std::unique_ptr<document::Database> database_;
};

TEST_F(Write, ThePositionComesFromTheConditionThatMetAnArray) {
  put(R"([{"_id":1,"a":[1,5,9],"b":[{"n":1},{"n":7}]}])");
  EXPECT_EQ(after(R"({"q":{"a":5},"u":{"$set":{"a.$":6}}})"),
            R"({"_id":1,"a":[1,6,9],"b":[{"n":1},{"n":7}]})");
  EXPECT_EQ(after(R"({"q":{"b.n":{"$gt":5}},"u":{"$inc":{"b.$.n":1}}})"),
            R"({"_id":1,"a":[1,6,9],"b":[{"n":1},{"n":8}]})");
  EXPECT_EQ(after(R"({"q":{"b":{"$elemMatch":{"n":8}}},"u":{"$set":{"b.$.m":1}}})"),
            R"({"_id":1,"a":[1,6,9],"b":[{"n":1},{"n":8,"m":1}]})");
  EXPECT_EQ(after(R"({"q":{"a.2":9},"u":{"$set":{"a.$":8}}})"),
            R"({"_id":1,"a":[1,6,8],"b":[{"n":1},{"n":8,"m":1}]})");
  EXPECT_EQ(after(R"({"q":{"_id":1},"u":{"$set":{"a.$":0}}})"), "error 2");
}

TEST_F(Write, AListOfEqualitiesSaysThePositionToo) {
  put(R"([{"_id":1,"a":[1,5],"b":[2]}])");
  EXPECT_EQ(after(R"({"q":{"$or":[{"a":5},{"a":7}]},"u":{"$set":{"a.$":0}}})"),
            R"({"_id":1,"a":[1,0],"b":[2]})");
}

TEST_F(Write, ArrayFiltersTakeElements) {
  put(R"([{"_id":1,"a":[1,5,9]},{"_id":2,"a":[{"x":3}]}])");
  EXPECT_EQ(after(R"({"q":{"_id":1},"u":{"$set":{"a.$[e]":0}},"filters":[{"e":{"$gte":5}}]})"),
            R"({"_id":1,"a":[1,0,0]}{"_id":2,"a":[{"x":3}]})");
  EXPECT_EQ(after(R"({"q":{"_id":2},"u":{"$set":{"a.$[e].y":0}},
                      "filters":[{"$or":[{"e.x":3},{"e.y":1}]}]})"),
            R"({"_id":1,"a":[1,0,0]}{"_id":2,"a":[{"x":3,"y":0}]})");
  EXPECT_EQ(after(R"({"u":{"$set":{"a.$[e]":0}},"filters":[{"e":1},{"e":2}]})"), "error 9");
  EXPECT_EQ(after(R"({"u":{"$set":{"a.$[e]":0}},"filters":[{"e":1,"f":2}]})"), "error 9");
  EXPECT_EQ(after(R"({"u":{"$set":{"a.$[e]":0}},"filters":[{}]})"), "error 9");
  EXPECT_EQ(after(R"({"u":{"$set":{"a.$[E]":0}},"filters":[{"E":1}]})"), "error 2");
}

TEST_F(Write, ASortChoosesTheOneDocument) {
  put(R"([{"_id":1,"n":5},{"_id":2,"n":7},{"_id":3,"n":6}])");
  EXPECT_EQ(after(R"({"u":{"$set":{"hit":1}},"sort":{"n":-1}})"),
            R"({"_id":1,"n":5}{"_id":2,"n":7,"hit":1}{"_id":3,"n":6})");
  const bson::Document sort = json(R"({"n":1})");
  const auto taken = take(scope(), {.collection = "c", .sort = sort});
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ(bson::to_json(**taken), R"({"_id":1,"n":5})");
  EXPECT_EQ(find(scope(), Find()).size(), 2U);
}

TEST_F(Write, ACappedCollectionIsReadInTheOrderOfItsInserts) {
  ASSERT_TRUE(database_->create_collection("c", json(R"({"capped":true,"size":4096,"max":3})")));
  put(R"([{"_id":9},{"_id":1},{"_id":5},{"_id":3}])");
  using Rows = std::vector<std::string>;
  EXPECT_EQ(find(scope(), Find()), (Rows{R"({"_id":1})", R"({"_id":5})", R"({"_id":3})"}));
  Find backward;
  backward.sort = R"({"$natural":-1})";
  backward.limit = 2;
  EXPECT_EQ(find(scope(), backward), (Rows{R"({"_id":3})", R"({"_id":5})"}));
  Find by_id;
  by_id.sort = R"({"_id":1})";
  EXPECT_EQ(find(scope(), by_id), (Rows{R"({"_id":1})", R"({"_id":3})", R"({"_id":5})"}));
}

TEST_F(Write, ImagesAreTheDocumentBeforeOrAfter) {
  put(R"([{"_id":1,"n":5}])");
  auto before = run(R"({"u":{"$inc":{"n":1}}})", Image::kBefore);
  EXPECT_EQ(bson::to_json(*before->image), R"({"_id":1,"n":5})");
  auto after_it = run(R"({"u":{"$inc":{"n":1}}})", Image::kAfter);
  EXPECT_EQ(bson::to_json(*after_it->image), R"({"_id":1,"n":7})");
  auto unchanged = run(R"({"u":{"$set":{"n":7}}})", Image::kAfter);
  EXPECT_EQ(bson::to_json(*unchanged->image), R"({"_id":1,"n":7})");
  auto none = run(R"({"q":{"_id":2},"u":{"$set":{"n":7}}})", Image::kBefore, /*upsert=*/true);
  EXPECT_FALSE(none->image);
  EXPECT_TRUE(none->did_upsert());
}

}  // namespace
}  // namespace nacre::query
