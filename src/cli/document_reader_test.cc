#include "cli/document_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "bson/json.h"

namespace nacre::cli {
namespace {

std::vector<std::string> read_all(const std::string& text) {
  const auto input = text_input(text, 5);
  DocumentReader reader(*input);
  std::vector<std::string> seen;
  while (true) {
    auto next = reader.next();
    EXPECT_TRUE(next.has_value());
    if (!next.has_value() || !next->has_value()) return seen;
    ReadDocument& read = **next;
    seen.push_back(read.reason.empty() ? bson::to_json(read.document)
                                       : describe_problem("f", read.place, read.reason));
  }
}

using Lines = std::vector<std::string>;

TEST(DocumentReader, ABadLineIsReportedWhereItGoesWrongAndTheOthersAreRead) {
  EXPECT_EQ(
      read_all("{\"a\":1}\r\n{\"a\":1 \"b\":2}\r\n{\"a\":\"\xc3(\"}\n{\"a\":[1,2,]}\n{\"a\":2}"),
      (Lines{R"({"a":1})", "f:2: byte 16: expected ',' or '}', found '\"'",
             "f:3: byte 30: byte 0xc3 is not valid UTF-8",
             "f:4: byte 45: expected a value, found ']'", R"({"a":2})"}));
}

TEST(DocumentReader, AFaultInsideADocumentOfManyLinesIsReportedAtItsOwnLine) {
  EXPECT_EQ(read_all("[\n{\n  \"a\": 1,\n  \"b\": tru\n},\n{\"c\": 3}\n]"),
            (Lines{"f:4: byte 21: expected a value, found 't'", R"({"c":3})"}));
}

TEST(DocumentReader, ALineCutByTheEndOfTheFileIsReported) {
  EXPECT_EQ(read_all("{\"a\":1}\n{\"a\":"),
            (Lines{R"({"a":1})", "f:2: byte 13: expected a value, found the end"}));
}

TEST(DocumentReader, ACommaBehindALineIsReported) {
  EXPECT_EQ(
      read_all("{\"a\":1},\n{\"a\":2}\n"),
      (Lines{"f:1: byte 7: expected nothing after the document's end, found ','", R"({"a":2})"}));
}

}  // namespace
}  // namespace nacre::cli
