#include "bson/value.h"

#include <gtest/gtest.h>

#include "bson/builder.h"
#include "bson/json.h"
#include "bson/json_testing.h"
#include "bson/validate.h"

namespace nacre::bson {
namespace {

TEST(View, FindsByNameAndByDottedPath) {
  const Document document = testing::parse_json(R"({"a":{"b":[1,{"c":"x"}]},"d":null})");
  EXPECT_EQ(document.get("a.b.1.c").string(), "x");
  EXPECT_EQ(document.get("a.b.0").int32(), 1);
  EXPECT_TRUE(document.find("d").is(Type::kNull));
  EXPECT_FALSE(document.get("a.b.2"));
  EXPECT_FALSE(document.get("a.b.01"));
  EXPECT_FALSE(document.get("d.e"));
  EXPECT_EQ(document.view().count(), 2u);
  EXPECT_TRUE(View().empty());
}

TEST(Builder, WritesEveryTypeSoThatItReadsBack) {
  const std::array<std::byte, 3> raw{std::byte{1}, std::byte{0}, std::byte{2}};
  const ObjectId id = new_object_id();
  const Document scope = Builder().append("x", 1).finish();
  const Document document = Builder()
                                .append("double", 1.5)
                                .append("string", std::string_view("a\0b", 3))
                                .append("document", scope)
                                .append("bool", true)
                                .append("int32", -7)
                                .append("int64", std::int64_t{1} << 40)
                                .append("id", id)
                                .append("date", Date{-1})
                                .append("timestamp", Timestamp{.seconds = 5, .increment = 6})
                                .append("binary", Binary{.subtype = 0, .bytes = raw})
                                .append("regex", Regex{.pattern = "a.b", .options = "xi"})
                                .append("pointer", DbPointer{.collection = "c", .id = id})
                                .append("symbol", Symbol{"s"})
                                .append("code", JavaScript{"f()"})
                                .append("scoped", CodeWithScope{.code = "g()", .scope = scope})
                                .append("null", Null{})
                                .append("undefined", Undefined{})
                                .append("min", MinKey{})
                                .append("max", MaxKey{})
                                .append("decimal", Decimal128{.low = 1, .high = 2})
                                .begin_array("array")
                                .push(1)
                                .push("two")
                                .end()
                                .finish();
  const auto valid = validate(as_bytes(document.bytes()));
  ASSERT_TRUE(valid.has_value()) << valid.error().text();
  EXPECT_EQ(document.find("double").number_double(), 1.5);
  EXPECT_EQ(document.find("string").string(), std::string_view("a\0b", 3));
  EXPECT_EQ(document.get("document.x").int32(), 1);
  EXPECT_TRUE(document.find("bool").boolean());
  EXPECT_EQ(document.find("int32").int32(), -7);
  EXPECT_EQ(document.find("int64").int64(), std::int64_t{1} << 40);
  EXPECT_EQ(document.find("id").object_id(), id);
  EXPECT_EQ(document.find("date").date().milliseconds, -1);
  EXPECT_EQ(document.find("timestamp").timestamp(), (Timestamp{.seconds = 5, .increment = 6}));
  EXPECT_TRUE(equal(document.find("binary").binary().bytes, raw));
  EXPECT_EQ(document.find("regex").regex().pattern, "a.b");
  EXPECT_EQ(document.find("regex").regex().options, "ix");
  EXPECT_EQ(document.find("pointer").db_pointer().collection, "c");
  EXPECT_EQ(document.find("symbol").string(), "s");
  EXPECT_EQ(document.find("code").string(), "f()");
  EXPECT_EQ(document.find("scoped").code_with_scope().code, "g()");
  EXPECT_EQ(document.find("scoped").code_with_scope().scope.find("x").int32(), 1);
  EXPECT_EQ(document.find("decimal").decimal128(), (Decimal128{.low = 1, .high = 2}));
  EXPECT_EQ(document.get("array.1").string(), "two");
  EXPECT_TRUE(document.find("max").is(Type::kMaxKey));
}

TEST(ObjectId, AscendsWithinAProcessAndReadsBackFromHex) {
  const ObjectId first = new_object_id(0x01020304);
  const ObjectId second = new_object_id(0x01020305);
  EXPECT_LT(first, second);
  EXPECT_EQ(to_hex(first).substr(0, 8), "01020304");
  EXPECT_EQ(object_id_from_hex(to_hex(first)), first);
  EXPECT_FALSE(object_id_from_hex("0102030405060708090a0b0g").has_value());
}

TEST(Element, NumbersConvertOnlyWhenExact) {
  const Document document = testing::parse_json(
      R"({"a":3.0,"b":3.5,"c":{"$numberDecimal":"3.00"},"d":{"$numberDecimal":"1E+2"},)"
      R"("e":{"$numberDouble":"NaN"},"f":{"$numberDecimal":"9223372036854775808"},"g":"3"})");
  EXPECT_EQ(document.find("a").as_int64(), 3);
  EXPECT_EQ(document.find("b").as_int64(), std::nullopt);
  EXPECT_EQ(document.find("c").as_int64(), 3);
  EXPECT_EQ(document.find("d").as_int64(), 100);
  EXPECT_EQ(document.find("e").as_int64(), std::nullopt);
  EXPECT_EQ(document.find("f").as_int64(), std::nullopt);
  EXPECT_EQ(document.find("f").as_double(), 0x1p63);
  EXPECT_EQ(document.find("g").as_double(), std::nullopt);
}

// BSON-1
TEST(Validate, EveryPrefixAndEveryFlippedByteIsAnErrorOrReadsToItsEnd) {
  const Document document = testing::parse_json(
      R"({"a":{"b":[1,{"c":"x"}]},"d":{"$code":"f","$scope":{"x":1}},"e":{"$binary":{"base64":)"
      R"("AAEC","subType":"02"}},"f":{"$regularExpression":{"pattern":"a","options":"i"}}})");
  for (std::size_t size = 0; size < document.bytes().size(); ++size) {
    EXPECT_FALSE(validate(as_bytes(std::string_view(document.bytes()).substr(0, size))));
  }
  for (std::size_t at = 0; at < document.bytes().size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string bytes = document.bytes();
      bytes[at] = static_cast<char>(value);
      const auto valid = validate(as_bytes(bytes));
      if (valid.has_value()) {
        EXPECT_FALSE(to_json(*valid, JsonForm::kCanonical).empty());
      }
    }
  }
}

std::string nested(int levels) {
  std::string text;
  Builder builder;
  for (int i = 1; i < levels; ++i) builder.begin_document("a");
  for (int i = 1; i < levels; ++i) builder.end();
  return builder.finish().bytes();
}

TEST(Validate, DepthIsLimitedByOneCounter) {
  EXPECT_TRUE(validate(as_bytes(nested(kDepthMax))).has_value());
  const auto deeper = validate(as_bytes(nested(kDepthMax + 1)));
  ASSERT_FALSE(deeper.has_value());
  EXPECT_NE(deeper.error().text().find("nested deeper than 200"), std::string::npos);
}

TEST(Validate, NamesTheFieldThatIsNotUtf8) {
  const Document document = Builder().append("text", "\xff").finish();
  const auto valid = validate(as_bytes(document.bytes()));
  ASSERT_FALSE(valid.has_value());
  EXPECT_EQ(valid.error().text(),
            "invalid: BSON at byte 14, field \"text\": a string is not UTF-8");
}

TEST(Json, WritesRelaxedAndCanonical) {
  const Document document = Builder()
                                .append("a", 1)
                                .append("b", 2.0)
                                .append("c", Date{1356351330501})
                                .append("d", "q\"\n\x01")
                                .finish();
  EXPECT_EQ(to_json(document),
            R"({"a":1,"b":2.0,"c":{"$date":"2012-12-24T12:15:30.501Z"},"d":"q\"\n\u0001"})");
  EXPECT_EQ(to_json(document, JsonForm::kCanonical),
            R"({"a":{"$numberInt":"1"},"b":{"$numberDouble":"2.0"},)"
            R"("c":{"$date":{"$numberLong":"1356351330501"}},"d":"q\"\n\u0001"})");
}

TEST(Json, RefusesWhatIsNotOneObject) {
  for (const char* text : {"", "  ", "[1]", "{", "{\"a\":1} x", "{\"a\":1}{}", "{a}", "{\"a\":}"}) {
    EXPECT_FALSE(from_json(text).has_value()) << text;
  }
  EXPECT_TRUE(from_json(" {\"a\":[]} \n").has_value());
  EXPECT_TRUE(array_from_json("[1,2]").has_value());
}

}  // namespace
}  // namespace nacre::bson
