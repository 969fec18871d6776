// What the builders make, and values and documents by themselves.
#include <gtest/gtest.h>

#include "nacre/nacre.hpp"

namespace nacre {
namespace {

std::string text(const Filter& condition) { return condition.document().to_json(); }

TEST(Build, AConditionIsTheFilterItReadsLike) {
  EXPECT_EQ(text(where("a").gt(5)), R"({"a":{"$gt":5}})");
  EXPECT_EQ(text(where("a.b").between(1, 2.5)), R"({"a.b":{"$gte":1,"$lte":2.5}})");
  EXPECT_EQ(text(where("a").in({1, "x", nullptr, true})), R"({"a":{"$in":[1,"x",null,true]}})");
  EXPECT_EQ(text(where("a").matches("^b", "i")), R"({"a":{"$regex":"^b","$options":"i"}})");
  EXPECT_EQ(text(where("a").starts_with("1+1")), R"({"a":{"$regex":"^1\\+1"}})");
  EXPECT_EQ(text(where("a").elem_match(where("n").gte(1) && where("m").exists())),
            R"({"a":{"$elemMatch":{"$and":[{"n":{"$gte":1}},{"m":{"$exists":true}}]}}})");
  EXPECT_EQ(text(where("a").mod(4, 1)), R"({"a":{"$mod":[4,1]}})");
}

TEST(Build, ConditionsCombineWithoutNesting) {
  const Filter a = where("a").eq(1);
  const Filter b = where("b").ne(2);
  const Filter c = where("c").lt(3);
  EXPECT_EQ(text(a && b && c), R"({"$and":[{"a":{"$eq":1}},{"b":{"$ne":2}},{"c":{"$lt":3}}]})");
  EXPECT_EQ(text(a || b || c), R"({"$or":[{"a":{"$eq":1}},{"b":{"$ne":2}},{"c":{"$lt":3}}]})");
  EXPECT_EQ(text(a && (b || c)),
            R"({"$and":[{"a":{"$eq":1}},{"$or":[{"b":{"$ne":2}},{"c":{"$lt":3}}]}]})");
  EXPECT_EQ(text(!a), R"({"$nor":[{"a":{"$eq":1}}]})");
  EXPECT_EQ(text(Filter() && a), text(a));
  EXPECT_EQ(text(Filter()), "{}");
}

TEST(Build, AnUpdateCollectsItsOperators) {
  EXPECT_EQ(Update()
                .set("a.b", 1)
                .unset("c")
                .set("d", Value{{"x", 1}, {"y", "z"}})
                .push("tags", "new")
                .document()
                .to_json(),
            R"({"$set":{"a.b":1,"d":{"x":1,"y":"z"}},"$unset":{"c":""},"$push":{"tags":"new"}})");
  EXPECT_EQ(Update()
                .inc("n", 2)
                .push_all("l", {1, 2})
                .pull("l", where("k").gt(1))
                .pop_last("q")
                .current_date("t")
                .document()
                .to_json(),
            R"({"$inc":{"n":2},"$push":{"l":{"$each":[1,2]}},"$pull":{"l":{"k":{"$gt":1}}},)"
            R"("$pop":{"q":1},"$currentDate":{"t":true}})");
}

TEST(Build, ASchemaIsAJsonSchema) {
  const Schema person = Schema::object()
                            .required("name", Schema::string().min_length(1).pattern("^[A-Z]"))
                            .optional("age", Schema::integer().minimum(0).maximum(150).nullable())
                            .optional("tags", Schema::array_of(Schema::string()).unique_items())
                            .optional("state", Schema::any().one_of({"new", "old"}))
                            .no_other_fields();
  EXPECT_EQ(person.validator().to_json(),
            R"({"$jsonSchema":{"bsonType":"object","required":["name"],"properties":{)"
            R"("name":{"bsonType":"string","minLength":1,"pattern":"^[A-Z]"},)"
            R"("age":{"bsonType":["int","long","null"],"minimum":0,"maximum":150},)"
            R"("tags":{"bsonType":"array","items":{"bsonType":"string"},"uniqueItems":true},)"
            R"("state":{"enum":["new","old"]}},"additionalProperties":false}})");
}

TEST(Build, ValuesKeepTheirTypes) {
  EXPECT_EQ(Value(7).type_name(), "int");
  EXPECT_EQ(Value(std::int64_t{1} << 40).type_name(), "long");
  EXPECT_EQ(Value(7.0).type_name(), "double");
  EXPECT_EQ(Value("x").as_string(), "x");
  EXPECT_EQ(Value(true).as_bool(), true);
  EXPECT_TRUE(Value().is_null());
  EXPECT_EQ(Value::array({1, "a"}).to_json(), R"([1,"a"])");
  EXPECT_EQ(Value::array({1, "a"}).as_array()->size(), 2U);
  EXPECT_EQ(Value::object_id("0123456789abcdef01234567")->type_name(), "objectId");
  EXPECT_EQ(Value::object_id("0123").error().code(), Code::kInvalid);
  EXPECT_EQ(Value::from_json("[1, {\"a\": 2}]")->to_json(), R"([1,{"a":2}])");
  EXPECT_FALSE(Value::from_json("1, 2"));
  const std::chrono::sys_time<std::chrono::milliseconds> moment{std::chrono::milliseconds(1500)};
  EXPECT_EQ(Value(moment).type_name(), "date");
  const Document document = Document::of({{"_id", 1}, {"at", {{"x", 1.5}}}, {"none", nullptr}});
  EXPECT_EQ(document.to_json(), R"({"_id":1,"at":{"x":1.5},"none":null})");
  EXPECT_EQ(document.field_names(), (std::vector<std::string>{"_id", "at", "none"}));
  EXPECT_EQ(document.get("at.x")->as_double(), 1.5);
}

TEST(Build, AFieldThatMustBeThereIsMissedByName) {
  const Document city = Document::of({{"name", "Bern"}, {"area", {{"population", 5}}}});
  EXPECT_EQ(*city.require_int64("area.population"), 5);
  const auto missed = city.require_int64("area.popluation");
  ASSERT_FALSE(missed);
  EXPECT_EQ(missed.error().code(), Code::kNotFound);
  EXPECT_EQ(missed.error().what(),
            "the document has no field \"area.popluation\"; did you mean \"area.population\"?");
  EXPECT_EQ(describe(missed.error()).suggestion, "area.population");
  const auto other = city.require_int64("name");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().what(), "field \"name\" is of type string, expected a whole number");
}

}  // namespace
}  // namespace nacre
