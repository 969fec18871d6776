#include "cli/csv_reader.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "bson/json.h"

namespace nacre::cli {
namespace {

using Lines = std::vector<std::string>;

Lines read(const std::string& text, CsvReader::Options options = {}) {
  const auto input = text_input(text, 7);
  CsvReader reader(*input, std::move(options));
  Lines lines;
  while (true) {
    auto next = reader.next();
    if (!next) {
      lines.push_back("error " + next.error().what());
      return lines;
    }
    if (!*next) break;
    const ReadDocument& read = **next;
    lines.push_back(read.reason.empty()
                        ? bson::to_json(read.document)
                        : format("{}:{} {}", read.place.line, read.place.offset, read.reason));
  }
  EXPECT_EQ(reader.bytes_consumed(), text.size());
  return lines;
}

TEST(CsvReader, RowsBecomeDocumentsByTheHeader) {
  EXPECT_EQ(
      read("name,n,x\nBern,1,2.5\r\n\"Basel, \"\"BS\"\"\",-7,007\n\nlast,,\"a\nb\""),
      (Lines{R"({"name":"Bern","n":1,"x":2.5})", R"({"name":"Basel, \"BS\"","n":-7,"x":"007"})",
             R"({"name":"last","n":"","x":"a\nb"})"}));
}

TEST(CsvReader, ColumnsHaveTypesAndDotsMakeDocuments) {
  EXPECT_EQ(read("_id.int64(),at.x.double(),at.s.string(),on.boolean(),d.date(),j.json()\n"
                 "1,2,3,yes,2020-01-02T03:04:05Z,[1]\n"
                 "2,,,,,\n",
                 {.have_types = true}),
            (Lines{R"({"_id":1,"at":{"x":2.0,"s":"3"},"on":true,)"
                   R"("d":{"$date":"2020-01-02T03:04:05Z"},"j":[1]})",
                   R"({"_id":2,"at":{"s":""}})"}));
  EXPECT_EQ(read("a\tb\n\"x\"\t1\n", {.tabs = true, .ignore_blanks = true}),
            Lines{R"({"a":"\"x\"","b":1})"});
  EXPECT_EQ(read("1,2\n", {.columns = {"a", "b"}}), Lines{R"({"a":1,"b":2})"});
}

TEST(CsvReader, WhatIsWrongIsToldByLineAndByte) {
  EXPECT_EQ(read("n.int32()\n1\nx\n3\n", {.have_types = true}),
            (Lines{R"({"n":1})", "3:12 column n: \"x\" is not of type int32", R"({"n":3})"}));
  EXPECT_EQ(read("a\n1,2\n\"x\"y\n3\n"), (Lines{"2:2 the row has 2 fields, expected at most 1",
                                                "3:6 text follows a closing quote", R"({"a":3})"}));
  EXPECT_EQ(read("a\n\"open"), Lines{"2:2 a quote is not closed"});
}

TEST(CsvReader, AHeaderThatMakesNoSenseIsAnError) {
  EXPECT_EQ(read("a,a\n"), Lines{"error column a is there twice"});
  EXPECT_EQ(read("a.frob()\n", {.have_types = true}),
            Lines{"error column a.frob(): there is no type frob()"});
  EXPECT_EQ(read("a,a.b\n"), Lines{"error column a is a value and a document"});
  EXPECT_EQ(read(""), Lines{"error the file has no header line"});
}

}  // namespace
}  // namespace nacre::cli
