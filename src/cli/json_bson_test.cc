#include "cli/json_bson.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "bson/json.h"
#include "bson/validate.h"

namespace nacre::cli {
namespace {

std::expected<bson::Document, JsonFault> convert(const std::string& text) {
  static JsonToBson converter;
  std::string padded = text;
  padded.resize(text.size() + JsonToBson::kPadding);
  return converter.convert(std::string_view(padded).substr(0, text.size()));
}

std::string canonical(const std::string& text) {
  const auto document = convert(text);
  EXPECT_TRUE(document.has_value()) << text << ": " << document.error().reason;
  if (!document.has_value()) return {};
  EXPECT_TRUE(bson::validate(as_bytes(document->bytes())).has_value()) << text;
  return bson::to_json(document->view(), bson::JsonForm::kCanonical);
}

std::string fault_of(const std::string& text) {
  const auto document = convert(text);
  EXPECT_FALSE(document.has_value()) << text;
  if (document.has_value()) return {};
  return std::to_string(document.error().offset) + " " + document.error().reason;
}

bson::Type type_of(const std::string& value) {
  const auto document = convert("{\"a\":" + value + "}");
  EXPECT_TRUE(document.has_value()) << value;
  return document.has_value() ? document->find("a").type() : bson::Type::kMissing;
}

TEST(JsonToBson, PlainNumbersBecomeTheSmallestTypeThatHoldsThem) {
  EXPECT_EQ(type_of("0"), bson::Type::kInt32);
  EXPECT_EQ(type_of("-2147483648"), bson::Type::kInt32);
  EXPECT_EQ(type_of("2147483648"), bson::Type::kInt64);
  EXPECT_EQ(type_of("-9223372036854775808"), bson::Type::kInt64);
  EXPECT_EQ(type_of("9223372036854775808"), bson::Type::kDouble);
  EXPECT_EQ(type_of("123456789012345678901234567890"), bson::Type::kDouble);
  EXPECT_EQ(type_of("1.0"), bson::Type::kDouble);
  EXPECT_EQ(type_of("1e2"), bson::Type::kDouble);
  EXPECT_EQ(convert(R"({"a":0.1})")->find("a").number_double(), 0.1);
  EXPECT_EQ(convert(R"({"a":1e-400})")->find("a").number_double(), 0.0);
}

TEST(JsonToBson, ReadsEveryKindOfValue) {
  EXPECT_EQ(
      canonical(R"( {"s":"a\"\u00e9\ud83d\ude00","t":true,"f":false,"n":null,"e":{},)"
                R"("l":[],"x":{"y":[1,{"z":"q"},[2]]}} )"),
      bson::to_json(*bson::from_json(R"({"s":"a\"\u00e9\ud83d\ude00","t":true,"f":false,"n":null,)"
                                     R"("e":{},"l":[],"x":{"y":[1,{"z":"q"},[2]]}})"),
                    bson::JsonForm::kCanonical));
}

TEST(JsonToBson, ExtendedJsonGivesTheOtherTypes) {
  EXPECT_EQ(type_of(R"({"$oid":"0123456789abcdef01234567"})"), bson::Type::kObjectId);
  EXPECT_EQ(type_of(R"({ "$numberLong" : "5" })"), bson::Type::kInt64);
  EXPECT_EQ(type_of(R"({"$numberInt":"5"})"), bson::Type::kInt32);
  EXPECT_EQ(type_of(R"({"$numberDouble":"-Infinity"})"), bson::Type::kDouble);
  EXPECT_EQ(type_of(R"({"$numberDecimal":"1.10"})"), bson::Type::kDecimal128);
  EXPECT_EQ(type_of(R"({"$date":"2026-11-20T21:00:00Z"})"), bson::Type::kDate);
  EXPECT_EQ(type_of(R"({"$date":{"$numberLong":"-1"}})"), bson::Type::kDate);
  EXPECT_EQ(type_of(R"({"$binary":{"base64":"AQI=","subType":"00"}})"), bson::Type::kBinary);
  EXPECT_EQ(type_of(R"({"$timestamp":{"t":1,"i":2}})"), bson::Type::kTimestamp);
  EXPECT_EQ(type_of(R"({"$regularExpression":{"pattern":"a","options":"i"}})"), bson::Type::kRegex);
  EXPECT_EQ(type_of(R"({"$minKey":1})"), bson::Type::kMinKey);
  const auto nested = convert(R"({"a":[{"$oid":"0123456789abcdef01234567"}],"b":1})");
  ASSERT_TRUE(nested.has_value());
  EXPECT_EQ(nested->get("a.0").type(), bson::Type::kObjectId);
  EXPECT_EQ(nested->find("b").int32(), 1);
}

TEST(JsonToBson, AWrapperOfTheWrongContentIsAFault) {
  EXPECT_TRUE(fault_of(R"({"a":{"$oid":"xyz"}})").starts_with("5 JSON"));
  EXPECT_TRUE(fault_of(R"({"a":{"$numberLong":"1.5"}})").starts_with("5 JSON"));
}

TEST(JsonToBson, FaultsOfMeaningAreNamedWithTheirPlace) {
  EXPECT_EQ(fault_of(R"({"a":1,"b":{"a":2},"a":3})"), R"(19 field "a" appears twice)");
  EXPECT_EQ(fault_of(R"({"a\u0000b":1})"), "1 a field name contains a zero byte");
  EXPECT_EQ(fault_of(R"({"a":1e999})"), "5 number 1e999 is beyond the range of a double");
  EXPECT_EQ(fault_of(R"([1])"), "0 expected a document, found '['");
  EXPECT_EQ(fault_of(R"("a")"), "0 expected a document, found '\"'");
  std::string deep;
  for (int i = 0; i < 201; ++i) deep += "{\"a\":";
  EXPECT_EQ(fault_of(deep + "1" + std::string(201, '}')),
            "1000 nesting is 201 levels deep, expected at most 200");
}

TEST(JsonToBson, NestingUpToTheLimitIsRead) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "{\"a\":";
  EXPECT_FALSE(canonical(text + "1" + std::string(200, '}')).empty());
}

TEST(JsonToBson, ARepeatedFieldIsFoundAmongManyToo) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += "\"field" + std::to_string(i) + "\":1,";
  const std::size_t offset = text.size();
  EXPECT_EQ(fault_of(text + "\"field50\":1}"),
            std::to_string(offset) + " field \"field50\" appears twice");
  EXPECT_FALSE(canonical(text + "\"field100\":1}").empty());
}

// The fast parser and the grammar must agree on what JSON is: random damage to a document is
// refused by both or by none. Replay with NACRE_SEED.
TEST(JsonToBson, RefusesExactlyWhatTheGrammarRefuses) {
  const char* given = std::getenv("NACRE_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string sample =
      R"({"a":[1,-2.5e3,true,null,{"b":"x\n\u00e9"}],"c":{"d":"é","e":[],"f":{}},"g":0})";
  const std::string bytes = "{}[]\",:\\ 019-+.eEtfnul\n\x01\xc3\x80/ux";
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = sample;
    for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      const char byte = bytes[random() % bytes.size()];
      switch (random() % 4) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, 1);
          break;
        default:
          std::swap(text[at], text[random() % text.size()]);
      }
    }
    const auto fault = find_json_fault(text);
    const auto document = convert(text);
    if (document.has_value()) {
      EXPECT_FALSE(fault.has_value()) << text << ": " << fault->reason;
      EXPECT_TRUE(bson::validate(as_bytes(document->bytes())).has_value()) << text;
      continue;
    }
    ++refused;
    // What only the converter refuses has a meaning of its own; "not readable" would mean that
    // simdjson refuses what the grammar takes.
    EXPECT_FALSE(document.error().reason.starts_with("not readable")) << text;
    if (fault.has_value()) {
      EXPECT_EQ(document.error().offset, fault->offset) << text;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 3000);
}

}  // namespace
}  // namespace nacre::cli
