#include "store/catalog.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace nacre::store {
namespace {

// The words of the first ```text block of a document, line by line.
std::vector<std::string> example_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      if (inside) break;
      inside = line == "```text";
      continue;
    }
    std::istringstream words(line);
    std::string bytes;
    for (std::string word; inside && words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
    if (inside) lines.push_back(bytes);
  }
  return lines;
}

TEST(CatalogFormatDoc, ExampleDecodes) {
  const auto lines = example_of(NACRE_SOURCE_DIR "/docs/format/store.md");
  ASSERT_EQ(lines.size(), 2u);
  const auto table = decode_key(as_bytes(lines[0]));
  ASSERT_TRUE(table.has_value()) << table.error().text();
  EXPECT_EQ(table->table, TableId{7});
  EXPECT_EQ(table->dropped, Position{9000});
  const auto row = decode_row(table->table, as_bytes(lines[1]));
  ASSERT_TRUE(row.has_value()) << row.error().text();
  EXPECT_EQ(row->root, page::PageId{12});
  EXPECT_EQ(row->graveyard, page::PageId{31});
  EXPECT_EQ(row->row_count, 170000u);
  EXPECT_EQ(row->graveyard_rows, 5u);
  EXPECT_EQ(row->created, Position{8});
  EXPECT_TRUE(row->has_big_values);
  EXPECT_EQ(encode_key(*table), lines[0]);
  EXPECT_EQ(encode_key({.table = TableId{7}}), lines[0].substr(0, 4));
  EXPECT_EQ(to_string(encode_row(*row)), lines[1]);
}

TEST(CatalogRow, EachBrokenRuleIsCorruptAndNamesTheTable) {
  const auto broken = [](const std::string& bytes, std::string_view rule) {
    const auto row = decode_row(TableId{7}, as_bytes(bytes));
    ASSERT_FALSE(row.has_value()) << rule;
    EXPECT_EQ(row.error().code(), Code::kCorrupt);
    EXPECT_EQ(row.error().what(), "catalog: table 7: " + std::string(rule));
  };
  const std::string good =
      to_string(encode_row({.root = page::PageId{12}, .row_count = 1, .created = Position{1}}));
  broken(good.substr(1), "row has 39 bytes, expected 40");
  std::string never = good;
  never[24] = 0;
  broken(never, "position of its first put is 0");
  std::string reserved = good;
  reserved[33] = 1;
  broken(reserved, "flags are 0x100, expected 0 or 1");
  std::string rootless = good;
  rootless[0] = 0;
  broken(rootless, "root page is 0, expected 1 or more");
  EXPECT_FALSE(decode_key(as_bytes("abc")).has_value());
  EXPECT_FALSE(decode_key(as_bytes(encode_key({.table = TableId{0}}))).has_value());
  std::string undropped = encode_key({.table = TableId{7}, .dropped = Position{1}});
  undropped.back() = '\0';
  EXPECT_FALSE(decode_key(as_bytes(undropped)).has_value());
}

}  // namespace
}  // namespace nacre::store
