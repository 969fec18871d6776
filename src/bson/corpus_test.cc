// The BSON corpus of MongoDB's driver specifications, read from outside the tree (its licence keeps
// it out): NACRE_SPEC_TESTS, or shared/spec-tests beside the repository.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

#include "bson/json.h"
#include "bson/validate.h"

namespace nacre::bson {
namespace {

std::filesystem::path corpus() {
  const char* given = std::getenv("NACRE_SPEC_TESTS");
  const std::filesystem::path root =
      given != nullptr ? std::filesystem::path(given)
                       : std::filesystem::path(NACRE_SOURCE_DIR) / ".." / "shared" / "spec-tests";
  return root / "bson-corpus";
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// White space outside strings is the writer's own affair.
std::string without_space(std::string_view json) {
  std::string text;
  bool inside = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"' && (i == 0 || json[i - 1] != '\\')) inside = !inside;
    if (inside || json[i] != ' ') text.push_back(json[i]);
  }
  return text;
}

// The corpus escapes these characters; we write them as they are.
std::string unescaped(std::string text) {
  for (const auto& [escaped, plain] : {std::pair("\\u00e9", "é"), std::pair("\\u2606", "☆")}) {
    for (std::size_t at = 0; (at = text.find(escaped)) != std::string::npos;) {
      text.replace(at, 6, plain);
    }
  }
  return text;
}

std::string bytes_of(const Result<Document>& document) {
  return document.has_value() ? document->bytes() : "error: " + document.error().text();
}

std::string text_of(const Element& field) {
  return field.is(Type::kString) ? std::string(field.string()) : std::string();
}

struct Counts {
  int valid = 0;
  int decode_errors = 0;
  int parse_errors = 0;
};

// A double may be written in more than one way; ours is the shortest that reads back the same.
void expect_same_text(const std::string& ours, const std::string& theirs, const std::string& file) {
  if (file == "double.json" || file == "multi-type.json" || file == "multi-type-deprecated.json") {
    EXPECT_EQ(bytes_of(from_json(ours)), bytes_of(from_json(theirs))) << ours << theirs;
  } else {
    EXPECT_EQ(ours, unescaped(without_space(theirs)));
  }
}

void check_valid(const View& test, const std::string& file) {
  const std::string bytes = from_hex(text_of(test.find("canonical_bson")));
  const std::string canonical = text_of(test.find("canonical_extjson"));
  const auto view = validate(as_bytes(bytes));
  ASSERT_TRUE(view.has_value()) << view.error().text();
  expect_same_text(to_json(*view, JsonForm::kCanonical), canonical, file);
  const bool lossy = test.find("lossy") && test.find("lossy").boolean();
  if (!lossy) {
    EXPECT_EQ(bytes_of(from_json(canonical)), bytes) << canonical;
  }
  if (const std::string relaxed = text_of(test.find("relaxed_extjson")); !relaxed.empty()) {
    expect_same_text(to_json(*view, JsonForm::kRelaxed), relaxed, file);
    const auto again = from_json(relaxed);
    ASSERT_TRUE(again.has_value()) << again.error().text();
    expect_same_text(to_json(*again, JsonForm::kRelaxed), relaxed, file);
  }
  if (const std::string degenerate = text_of(test.find("degenerate_extjson"));
      !degenerate.empty() && !lossy) {
    EXPECT_EQ(bytes_of(from_json(degenerate)), bytes) << degenerate;
  }
  if (test.find("degenerate_bson")) {
    const std::string degenerate = from_hex(text_of(test.find("degenerate_bson")));
    const auto read = validate(as_bytes(degenerate));
    ASSERT_TRUE(read.has_value()) << read.error().text();
    expect_same_text(to_json(*read, JsonForm::kCanonical), canonical, file);
  }
}

void check_file(const std::filesystem::path& path, Counts& counts) {
  const std::string file = path.filename().string();
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const auto parsed = from_json(text.str());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().text();
  const auto each = [&](std::string_view section, auto check) {
    const Element cases = parsed->find(section);
    if (!cases) return;
    for (const Element& test : cases.array()) {
      SCOPED_TRACE(file + ": " + text_of(test.document().find("description")));
      check(test.document());
    }
  };
  each("valid", [&](const View& test) {
    check_valid(test, file);
    ++counts.valid;
  });
  each("decodeErrors", [&](const View& test) {
    EXPECT_FALSE(validate(as_bytes(from_hex(text_of(test.find("bson"))))).has_value());
    ++counts.decode_errors;
  });
  const bool decimal = text_of(parsed->find("bson_type")) == "0x13";
  each("parseErrors", [&](const View& test) {
    const std::string wrong = text_of(test.find("string"));
    const std::string json =
        decimal ? to_json(Builder()
                              .append("d", Builder().append("$numberDecimal", wrong).finish())
                              .finish())
                : wrong;
    EXPECT_FALSE(from_json(json).has_value()) << json;
    ++counts.parse_errors;
  });
}

TEST(BsonCorpus, EveryCaseOfTheSpecificationPasses) {
  if (!std::filesystem::is_directory(corpus())) {
    GTEST_SKIP() << "THE BSON CORPUS WAS NOT RUN: " << corpus()
                 << " is not there; set NACRE_SPEC_TESTS to a copy of the specifications' tests";
  }
  Counts counts;
  for (const auto& entry : std::filesystem::directory_iterator(corpus())) {
    if (entry.path().extension() == ".json") check_file(entry.path(), counts);
  }
  std::cout << "corpus: " << counts.valid << " valid, " << counts.decode_errors
            << " decode errors, " << counts.parse_errors << " parse errors\n";
  EXPECT_GT(counts.valid, 700);
  EXPECT_GT(counts.decode_errors, 70);
  EXPECT_GT(counts.parse_errors, 170);
}

}  // namespace
}  // namespace nacre::bson
