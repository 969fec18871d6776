#include "cli/json_grammar.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nacre::cli {
namespace {

struct Case {
  std::string text;
  std::size_t offset;
  std::string reason;
};

TEST(JsonGrammar, NamesTheFirstByteThatCannotStandAndWhy) {
  const std::vector<Case> cases = {
      {R"({"a":1,})", 7, "expected a field name in double quotes, found '}'"},
      {R"({"a":[1,]})", 8, "expected a value, found ']'"},
      {R"({"a" 1})", 5, "expected ':' after a field name, found '1'"},
      {R"({"a":1 "b":2})", 7, "expected ',' or '}', found '\"'"},
      {R"({"a":[1 2]})", 8, "expected ',' or ']', found '2'"},
      {R"({a:1})", 1, "expected a field name in double quotes, found 'a'"},
      {R"({"a":)", 5, "expected a value, found the end"},
      {R"({"a":"open)", 5, "a string has no closing quote"},
      {R"({"a":1}})", 7, "expected nothing after the document's end, found '}'"},
      {R"({"a":01})", 5, "a number starts with 0 and has more digits"},
      {R"({"a":1.})", 7, "expected a digit, found '}'"},
      {R"({"a":-})", 6, "expected a digit, found '}'"},
      {R"({"a":1e+})", 8, "expected a digit, found '}'"},
      {R"({"a":tru})", 5, "expected a value, found 't'"},
      {R"({"a":NaN})", 5, "expected a value, found 'N'"},
      {R"({"a":"\x"})", 6, "a string has the unknown escape \\ and 'x'"},
      {R"({"a":"\u12g4"})", 6, "\\u is not followed by four hexadecimal digits"},
      {R"({"a":"\ud800"})", 6, "\\u escape is half of a surrogate pair"},
      {R"({"a":"\udc00"})", 6, "\\u escape is half of a surrogate pair"},
      {"{\"a\":\"\t\"}", 6,
       "a string contains the control character byte 0x09, expected an escape"},
      {"{\"a\":\"\xc3(\"}", 6, "byte 0xc3 is not valid UTF-8"},
      {"{\"a\":\"\xc0\xaf\"}", 6, "byte 0xc0 is not valid UTF-8"},
      {"{\"a\":\"\xed\xa0\x80\"}", 6, "byte 0xed is not valid UTF-8"},
      {"{\"a\":\"\xf4\x90\x80\x80\"}", 6, "byte 0xf4 is not valid UTF-8"},
      {"", 0, "expected a value, found the end"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto fault = find_json_fault(c.text);
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->offset, c.offset);
    EXPECT_EQ(fault->reason, c.reason);
  }
}

TEST(JsonGrammar, AcceptsWhatRfc8259Accepts) {
  for (const std::string_view text :
       {R"({})", R"( { "a" : [ ] , "b":{}} )", R"([1,-0,0.5,1e9,1E-2,-1.25e+3])",
        R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
        "null", "\t[true,\r\nfalse]\n"}) {
    const auto fault = find_json_fault(text);
    EXPECT_FALSE(fault.has_value()) << text << ": " << fault->reason;
  }
}

TEST(JsonGrammar, NestingBeyondTheLimitIsAFaultAndNotAStackOverflow) {
  const std::string deep = std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']');
  EXPECT_FALSE(find_json_fault(deep).has_value());
  const auto fault = find_json_fault(std::string(1000000, '['));
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->offset, kJsonDepthMax);
  EXPECT_EQ(fault->reason, "nesting is 201 levels deep, expected at most 200");
}

}  // namespace
}  // namespace nacre::cli
