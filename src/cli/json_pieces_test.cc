#include "cli/json_pieces.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace nacre::cli {
namespace {

// Every piece as "LINE:OFFSET text" or "LINE:OFFSET ! problem".
std::vector<std::string> cut(const std::string& text, std::size_t part_bytes,
                             JsonPieces::Limits limits) {
  const auto input = text_input(text, part_bytes);
  JsonPieces pieces(*input, limits);
  std::vector<std::string> seen;
  while (true) {
    auto piece = pieces.next();
    EXPECT_TRUE(piece.has_value());
    if (!piece.has_value() || !piece->has_value()) return seen;
    const Piece& p = **piece;
    seen.push_back(format("{}:{} {}{}", p.place.line, p.place.offset, p.problem.empty() ? "" : "! ",
                          p.problem.empty() ? p.text : p.problem));
  }
}

// The pieces must not depend on how the bytes arrive.
std::vector<std::string> cut(const std::string& text, JsonPieces::Limits limits = {}) {
  auto whole = cut(text, 0, limits);
  for (const std::size_t part : {1u, 2u, 3u, 7u}) {
    EXPECT_EQ(cut(text, part, limits), whole) << "in parts of " << part;
  }
  JsonPieces::Limits small = limits;
  small.read_bytes = 1;
  EXPECT_EQ(cut(text, 0, small), whole) << "one byte a read";
  return whole;
}

using Lines = std::vector<std::string>;

TEST(JsonPieces, LinesAreDocumentsWithTheirLineAndOffset) {
  EXPECT_EQ(cut("{\"a\":1}\n\n  {\"b\":2}  \n{\"c\":3}"),
            (Lines{R"(1:0 {"a":1})", R"(3:11 {"b":2})", R"(4:21 {"c":3})"}));
}

TEST(JsonPieces, CarriageReturnsAndAByteOrderMarkAreNoPartOfADocument) {
  EXPECT_EQ(cut("\xef\xbb\xbf{\"a\":1}\r\n{\"b\":2}\r\n"),
            (Lines{R"(1:3 {"a":1})", R"(2:12 {"b":2})"}));
}

TEST(JsonPieces, ABrokenLineDoesNotSwallowTheNext) {
  EXPECT_EQ(cut("{\"a\":\n{\"b\":\"}\n{\"c\":3}\n"),
            (Lines{R"(1:0 {"a":)", R"(2:6 {"b":"})", R"(3:14 {"c":3})"}));
}

TEST(JsonPieces, AnArrayIsCutIntoItsElements) {
  EXPECT_EQ(cut(" [ {\"a\":[{}, \"]\"]},\n{\"b\":\"}\\\"{\"} ,{}\n]\n"),
            (Lines{R"(1:3 {"a":[{}, "]"]})", R"(2:20 {"b":"}\"{"})", R"(2:34 {})"}));
}

TEST(JsonPieces, EmptyFilesAndEmptyArraysHaveNoDocuments) {
  EXPECT_EQ(cut(""), Lines{});
  EXPECT_EQ(cut("\xef\xbb\xbf \n "), Lines{});
  EXPECT_EQ(cut("[ ]"), Lines{});
}

TEST(JsonPieces, DocumentsMaySpanLinesWhenTheFirstOneDoes) {
  EXPECT_EQ(cut("{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n"),
            (Lines{"1:0 {\n  \"a\": 1\n}", "4:13 {\n  \"b\": 2\n}"}));
  EXPECT_EQ(cut("{\n\"a\": 1\n}\nx{}"),
            (Lines{"1:0 {\n\"a\": 1\n}",
                   "4:11 ! expected '{' at the start of a document, found 'x'; the rest of the "
                   "file is not read"}));
}

TEST(JsonPieces, ACommaBeforeTheEndOfTheArrayIsAProblemOfItsOwn) {
  EXPECT_EQ(cut("[{},\n]"), (Lines{"1:1 {}", "2:5 ! expected a document after ',', found ']'"}));
}

TEST(JsonPieces, AForgottenCommaCostsNoDocument) {
  EXPECT_EQ(cut("[{} {}]"),
            (Lines{"1:1 {}", "1:4 ! expected ',' before the next document, found '{'", "1:4 {}"}));
}

TEST(JsonPieces, ElementsThatAreNoDocumentsAreNamedAndSteppedOver) {
  EXPECT_EQ(
      cut("[1, [2,[3]], \"a,]\\\"\", null, true, -1.5e3, {}]"),
      (Lines{"1:1 ! expected a document, found a number",
             "1:4 ! expected a document, found an array",
             "1:13 ! expected a document, found a string", "1:22 ! expected a document, found null",
             "1:28 ! expected a document, found a boolean",
             "1:34 ! expected a document, found a number", "1:42 {}"}));
}

TEST(JsonPieces, AFileCutInsideTheArraySaysWhereTheLastDocumentBegan) {
  EXPECT_EQ(cut("[{\"a\":1},\n{\"b\":"),
            (Lines{R"(1:1 {"a":1})", "2:10 ! the file ends inside this document"}));
  EXPECT_EQ(cut("[{\"a\":1},\n"),
            (Lines{R"(1:1 {"a":1})", "2:10 ! the file ends inside the array"}));
  EXPECT_EQ(cut("[{\"a\":1}"), (Lines{R"(1:1 {"a":1})", "1:8 ! the file ends inside the array"}));
}

TEST(JsonPieces, BracketsThatDoNotMatchEndTheReading) {
  EXPECT_EQ(cut("[{},\n{\"a\":[1},\n{}]"),
            (Lines{"1:1 {}",
                   "2:12 ! expected ']', found '}', in the document that begins at line 2; the "
                   "rest of the file is not read"}));
}

TEST(JsonPieces, TextAfterTheArrayIsAProblem) {
  EXPECT_EQ(cut("[{}]\n[{}]"),
            (Lines{"1:1 {}", "2:5 ! expected nothing after the end of the array, found '['"}));
}

TEST(JsonPieces, WhatIsNotJsonIsSaidAtOnce) {
  EXPECT_EQ(cut("name;country\n"),
            (Lines{"1:0 ! expected '[' or '{' at the start of the file, found 'n'"}));
  EXPECT_EQ(cut("\xff\xfe{"), (Lines{"1:0 ! the file is UTF-16, expected UTF-8"}));
}

TEST(JsonPieces, LongerDocumentsThanAllowedAreSteppedOver) {
  const std::string big = "{\"a\":\"" + std::string(100, 'x') + "\"}";
  const JsonPieces::Limits limits{.document_bytes_max = 40, .read_bytes = 16};
  EXPECT_EQ(
      cut("{\"n\":1}\n" + big + "\n{\"n\":2}\n", limits),
      (Lines{R"(1:0 {"n":1})", "2:8 ! the line is longer than 40 bytes", R"(3:117 {"n":2})"}));
  EXPECT_EQ(
      cut("[{\"n\":1}," + big + ",{\"n\":2}]", limits),
      (Lines{R"(1:1 {"n":1})", "1:9 ! the document is longer than 40 bytes", R"(1:118 {"n":2})"}));
}

TEST(JsonPieces, AHugeLineIsOnePiece) {
  const std::string big = "{\"a\":\"" + std::string(std::size_t{3} << 20, 'x') + "\"}";
  const auto input = text_input(big + "\n{}\n");
  JsonPieces pieces(*input);
  auto first = pieces.next();
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->text, big);
  auto second = pieces.next();
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ((*second)->text, "{}");
  EXPECT_EQ((*second)->place.line, 2);
}

}  // namespace
}  // namespace nacre::cli
