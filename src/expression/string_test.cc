#include <gtest/gtest.h>

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

TEST(String, PartsAreTakenByBytesAndByCharacters) {
  expect(R"({"$substrCP": ["cäfé", 1, 2]})", R"("äf")");
  expect(R"({"$substrBytes": ["abcde", 1, -1]})", R"("bcde")");
  expect(R"({"$substrBytes": ["cäfé", 2, 1]})", "error 28656");
  expect(R"({"$substrBytes": ["cäfé", 0, 2]})", "error 28657");
  expect(R"({"$substrBytes": ["a", -1, 1]})", "error 50752");
  expect(R"({"$substr": [123, 1, 1]})", R"("2")");
  expect(R"({"$strLenCP": "cäfé"})", "4");
  expect(R"({"$strLenBytes": "cäfé"})", "6");
  expect(R"({"$strLenCP": null})", "error 34471");
}

TEST(String, SearchingGivesPlaces) {
  expect(R"({"$indexOfBytes": ["äb", "b"]})", "2");
  expect(R"({"$indexOfCP": ["äb", "b"]})", "1");
  expect(R"({"$indexOfCP": ["ababa", "a", 1, 3]})", "2");
  expect(R"({"$indexOfCP": ["ab", "a", 5]})", "-1");
  expect(R"({"$indexOfCP": ["ab", "a", -1]})", "error 40097");
  expect(R"({"$indexOfBytes": ["ab", null]})", "error 40092");
}

TEST(String, JoiningSplittingAndReplacing) {
  expect(R"({"$concat": ["a", "$b", "c"]})", R"("abc")", R"({"b": "b"})");
  expect(R"({"$concat": ["a", null]})", "null");
  expect(R"({"$concat": ["a", 1]})", "error 16702");
  expect(R"({"$split": ["a-b-", "-"]})", R"(["a", "b", ""])");
  expect(R"({"$split": ["a", ""]})", "error 40087");
  expect(R"({"$replaceOne": {"input": "aaa", "find": "a", "replacement": "b"}})", R"("baa")");
  expect(R"({"$replaceAll": {"input": "aaa", "find": "a", "replacement": "bb"}})", R"("bbbbbb")");
  expect(R"({"$replaceAll": {"input": "äb", "find": "", "replacement": "-"}})", R"("-ä-b-")");
  expect(R"({"$replaceAll": {"input": "a", "find": null, "replacement": "b"}})", "null");
}

TEST(String, CaseIsChangedInAsciiOnly) {
  expect(R"({"$toUpper": "aä"})", R"("Aä")");
  expect(R"({"$toLower": null})", R"("")");
  expect(R"({"$toUpper": {"$date": {"$numberLong": "0"}}})", R"("1970-01-01T00:00:00.000Z")");
  expect(R"({"$toLower": [[1]]})", "error 16007");
  expect(R"({"$strcasecmp": ["ABC", "abd"]})", "-1");
}

TEST(String, TrimmingTakesWhiteSpaceOrTheCharactersGiven) {
  expect(R"({"$trim": {"input": " \n a\u00a0"}})", R"("a")");
  expect(R"({"$ltrim": {"input": "xxaxx", "chars": "x"}})", R"("axx")");
  expect(R"({"$rtrim": {"input": "aéé", "chars": "é"}})", R"("a")");
  expect(R"({"$trim": {"input": "a", "chars": null}})", "null");
  expect(R"({"$trim": {"chars": "a"}})", "error 50695");
  expect(R"({"$trim": "a"})", "error 50696");
}

TEST(Regex, FindsWithGroupsAndPlacesInCharacters) {
  expect(R"x({"$regexFind": {"input": "äbc", "regex": "(b)|(x)"}})x",
         R"({"match": "b", "idx": 1, "captures": ["b", null]})");
  expect(R"({"$regexFindAll": {"input": "aba", "regex": "a"}})",
         R"([{"match": "a", "idx": 0, "captures": []}, {"match": "a", "idx": 2, "captures": []}])");
  expect(R"({"$regexMatch": {"input": "ABC", "regex": "b", "options": "i"}})", "true");
  expect(R"({"$regexMatch": {"input": null, "regex": "b"}})", "false");
  expect(R"({"$regexFind": {"input": "a", "regex": "$r"}})", "null");
  expect(R"({"$size": {"$regexFindAll": {"input": "äb", "regex": ""}}})", "3");
  expect(R"({"$regexMatch": {"input": "a", "regex": "("}})", "error 51111");
  expect(R"({"$regexMatch": {"input": "a", "regex": "a", "options": "q"}})", "error 51108");
  expect(R"({"$regexMatch": {"input": 1, "regex": "a"}})", "error 51104");
}

TEST(Object, FieldsAreReadSetAndMerged) {
  expect(R"({"$getField": "a.b"})", "1", R"({"a.b": 1})");
  expect(R"({"$getField": {"field": {"$literal": "$x"}, "input": "$a"}})", "2",
         R"({"a": {"$x": 2}})");
  expect(R"({"$setField": {"field": "b", "input": {"a": 1, "b": 2}, "value": 3}})",
         R"({"a": 1, "b": 3})");
  expect(R"({"$setField": {"field": "a", "input": {"a": 1, "b": 2}, "value": "$$REMOVE"}})",
         R"({"b": 2})");
  expect(R"({"$unsetField": {"field": "a", "input": {"a": 1, "b": 2}}})", R"({"b": 2})");
  expect(R"({"$setField": {"field": "$a", "input": {}, "value": 3}})", "error 4161108");
  expect(R"({"$mergeObjects": [{"a": 1, "b": 2}, null, {"b": 3, "c": 4}]})",
         R"({"a": 1, "b": 3, "c": 4})");
  expect(R"({"$mergeObjects": "$a"})", R"({"x": 1, "y": 2})", R"({"a": [{"x": 1}, {"y": 2}]})");
  expect(R"({"$mergeObjects": [1]})", "error 40400");
  expect(R"({"$bsonSize": {}})", "5");
}

TEST(Conversion, NumbersAreCutOffAndCheckedForRange) {
  expect(R"({"$toInt": 2.9})", "2");
  expect(R"({"$toInt": "12"})", "12");
  expect(R"({"$toInt": "1.5"})", "error 241");
  expect(R"({"$toInt": 2147483648.0})", "error 241");
  expect(R"({"$toLong": {"$numberDecimal": "-3.7"}})", R"({"$numberLong": "-3"})");
  expect(R"({"$toDouble": "1e3"})", "1000.0");
  expect(R"({"$toDecimal": "1.50"})", R"({"$numberDecimal": "1.50"})");
  expect(R"({"$toBool": "false"})", "true");
  expect(R"({"$toBool": {"$numberDecimal": "0"}})", "false");
  expect(R"({"$toDate": {"$numberLong": "5"}})", R"({"$date": {"$numberLong": "5"}})");
  expect(R"({"$toDate": "2018-03-03T10:00:00+02:00"})", R"({"$date": "2018-03-03T08:00:00Z"})");
  expect(R"({"$toString": 2.50})", R"("2.5")");
  expect(R"({"$toObjectId": "5ab9cbe531c2ab715d42129a"})",
         R"({"$oid": "5ab9cbe531c2ab715d42129a"})");
  expect(R"({"$toObjectId": "x"})", "error 241");
  expect(R"({"$toInt": [1, 2]})", "error 50723");
  expect(R"({"$toInt": null})", "null");
}

TEST(Strings, WhatIsNoStringIsTakenForOne) {
  const std::string_view time = R"({"$timestamp": {"t": 1582983959, "i": 7}})";
  expect(format(R"({{"$toUpper": {}}})", time), R"("FEB 29 13:45:59:7")");
  expect(R"({"$substrCP": [{"$timestamp": {"t": 1, "i": 2}}, 0, 99]})", R"("Jan  1 00:00:01:2")");
  expect(R"({"$toLower": {"$numberDouble": "-Infinity"}})", R"("-inf")");
  expect(R"({"$toUpper": {"$numberDouble": "NaN"}})", R"("NAN")");
  expect(R"({"$toString": {"$numberDouble": "Infinity"}})", R"("Infinity")");
}

TEST(Strings, HoldLessThanSixteenMegabytes) {
  std::string text(std::size_t{8} << 20, 'x');
  const auto strlen_of_both = [&](std::string_view more) {
    return result_of(format(R"({{"$strLenBytes": {{"$concat": ["$a", "$a", "{}"]}}}})", more),
                     format(R"({{"a": "{}"}})", text));
  };
  EXPECT_EQ(strlen_of_both(""), "error 16493");
  text.pop_back();
  EXPECT_EQ(strlen_of_both("x"), R"({"$numberInt":"16777215"})");
}

TEST(Conversion, ConvertHasItsWayOut) {
  expect(R"({"$convert": {"input": "x", "to": "int", "onError": "bad"}})", R"("bad")");
  expect(R"({"$convert": {"input": null, "to": "int", "onNull": 7}})", "7");
  expect(R"({"$convert": {"input": 1, "to": 2}})", R"("1")");
  expect(R"({"$convert": {"input": 1, "to": "nonsense"}})", "error 2");
  expect(R"({"$convert": {"input": 1}})", "error 9");
  expect(R"({"$convert": {"input": "AQI=", "to": {"type": "binData", "subtype": 0},
             "format": "base64"}})",
         R"({"$binary": {"base64": "AQI=", "subType": "00"}})");
  expect(R"({"$convert": {"input": {"$binary": {"base64": "AQI=", "subType": "00"}},
             "to": "string", "format": "hex"}})",
         R"("0102")");
  expect(R"({"$convert": {"input": "a", "to": "binData"}})", "error 4341115");
}

TEST(Conversion, TypesAreNamed) {
  expect(R"({"$type": "$a"})", R"("missing")");
  expect(R"({"$type": 1.5})", R"("double")");
  expect(R"({"$isNumber": 1})", "true");
  expect(R"({"$binarySize": "ä"})", "2");
  expect(R"({"$tsSecond": {"$timestamp": {"t": 5, "i": 6}}})", R"({"$numberLong": "5"})");
  expect(R"({"$tsIncrement": {"$timestamp": {"t": 5, "i": 6}}})", R"({"$numberLong": "6"})");
  expect(R"({"$lt": [{"$rand": {}}, 1]})", "true");
  expect(R"({"$function": {"body": "x", "args": [], "lang": "js"}})", "error 31264");
}

}  // namespace
}  // namespace nacre::expression
