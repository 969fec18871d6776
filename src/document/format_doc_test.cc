// The examples of docs/format/documents.md, taken from the document: what stands there is what is
// written, and is understood when read.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "document/capped.h"
#include "document/database_testing.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

// The hex blocks of the document in order, as bytes.
std::vector<std::string> blocks() {
  std::ifstream file(NACRE_SOURCE_DIR "/docs/format/documents.md");
  std::vector<std::string> all;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = !inside && line == "```text";
      if (inside) all.emplace_back();
      continue;
    }
    if (!inside) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      all.back().push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  return all;
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(byte);
    text.append({kDigits[value >> 4], kDigits[value & 15], ' '});
  }
  return text;
}

CollectionInfo example_collection() {
  CollectionInfo info;
  info.name = "cities";
  for (std::size_t i = 0; i < info.uuid.size(); ++i) info.uuid[i] = static_cast<std::byte>(i);
  info.table = TableId{16};
  const auto spec = parse_index_spec(testing::json(R"({"key": {"country": 1}})"));
  info.indexes.push_back({.name = spec->name,
                          .fields = spec->fields,
                          .table = TableId{17},
                          .multikey = {false},
                          .specification = describe(*spec)});
  return info;
}

TEST(DocumentsFormatDoc, ExamplesAreWhatIsWrittenAndAreUnderstood) {
  const std::vector<std::string> block = blocks();
  ASSERT_EQ(block.size(), 14U);

  const CollectionInfo info = example_collection();
  EXPECT_EQ(hex_of(catalog_key("cities")), hex_of(block[0]));
  EXPECT_EQ(hex_of(encode(info).bytes()), hex_of(block[1]));
  const auto decoded = decode_collection("cities", as_bytes(block[1]));
  ASSERT_TRUE(decoded) << decoded.error().text();
  EXPECT_EQ(decoded->indexes.front().fields, info.indexes.front().fields);

  const bson::Document document = testing::json(R"({"_id": 7, "country": "CH"})");
  std::string row;
  encode({.version = 2,
          .created = Time{1'700'000'000'000'000},
          .updated = Time{1'700'000'000'000'001}},
         document, row);
  EXPECT_EQ(hex_of(row), hex_of(block[2]));
  const auto stored = decode(as_bytes(block[2]));
  ASSERT_TRUE(stored) << stored.error().text();
  EXPECT_EQ(stored->envelope.version, 2U);
  EXPECT_EQ(bson::to_json(stored->bson), R"({"_id":7,"country":"CH"})");

  const std::string key = id_key(document.find("_id"));
  IndexEntries entries;
  ASSERT_TRUE(index_entries(info.indexes.front(), document, as_bytes(key), entries));
  EXPECT_EQ(hex_of(entries.entries.front().key), hex_of(block[3]));
  EXPECT_EQ(hex_of(entries.entries.front().value), hex_of(block[4]));
  const auto belongs = id_key_of_entry(as_bytes(block[3]), as_bytes(block[4]));
  ASSERT_TRUE(belongs);
  EXPECT_EQ(as_text(*belongs), key);
}

IndexEntries entries_of(std::string_view specification, std::string_view json) {
  const auto spec = parse_index_spec(testing::json(specification));
  EXPECT_TRUE(spec) << spec.error().text();
  IndexInfo index;
  index.fields = spec->fields;
  index.multikey.resize(index.fields.size());
  index.options = spec->options;
  const bson::Document document = testing::json(json);
  const std::string key = id_key(document.find("_id"));
  IndexEntries entries;
  EXPECT_TRUE(index_entries(index, document, as_bytes(key), entries));
  return entries;
}

TEST(DocumentsFormatDoc, ExamplesOfOtherKindsAreWhatIsWritten) {
  const std::vector<std::string> block = blocks();
  ASSERT_EQ(block.size(), 14U);
  constexpr std::string_view kDocument = R"({"_id": 7, "country": "CH"})";
  const IndexEntries text = entries_of(R"({"key": {"country": "text"}})", kDocument);
  ASSERT_EQ(text.entries.size(), 2U);
  EXPECT_EQ(hex_of(text.entries[1].key), hex_of(block[5]));
  EXPECT_EQ(hex_of(text.entries[1].value), hex_of(block[6]));
  const IndexEntries wildcard = entries_of(R"({"key": {"$**": 1}})", kDocument);
  ASSERT_EQ(wildcard.entries.size(), 1U);
  EXPECT_EQ(hex_of(wildcard.entries[0].key), hex_of(block[7]));
  const IndexEntries hashed = entries_of(R"({"key": {"country": "hashed"}})", kDocument);
  ASSERT_EQ(hashed.entries.size(), 1U);
  EXPECT_EQ(hex_of(hashed.entries[0].key), hex_of(block[8]));
  const IndexEntries beside = entries_of(
      R"({"key": {"country": 1, "$**": 1}, "wildcardProjection": {"country": 0}})", kDocument);
  ASSERT_EQ(beside.entries.size(), 1U);
  EXPECT_EQ(hex_of(beside.entries[0].key), hex_of(block[9]));
  constexpr std::string_view kPlace = R"({"_id": 7, "at": [8, 47]})";
  const IndexEntries sphere = entries_of(R"({"key": {"at": "2dsphere"}})", kPlace);
  ASSERT_EQ(sphere.entries.size(), 1U);
  EXPECT_EQ(hex_of(sphere.entries[0].key), hex_of(block[10]));
  const IndexEntries grid = entries_of(R"({"key": {"at": "2d", "country": 1}})", kPlace);
  ASSERT_EQ(grid.entries.size(), 1U);
  EXPECT_EQ(hex_of(grid.entries[0].key), hex_of(block[11]));
}

TEST(DocumentsFormatDoc, TheTotalsOfACappedCollection) {
  auto database = testing::open(testing::new_path());
  ASSERT_TRUE(
      database->create_collection("c", testing::json(R"({"capped":true,"size":4096,"max":1})")));
  for (const char* document : {R"({"_id": 5})", R"({"_id": 7})"}) {
    const bson::Document whole = testing::json(document);
    ASSERT_TRUE(database->transact([&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.open_for_write("c"));
      return Writer(*database, transaction, *info).insert(whole);
    }));
  }
  const Snapshot snapshot = *database->snapshot();
  const TableId order = *snapshot.catalog().find("c")->order;
  const auto totals = snapshot.rows().get(order, as_bytes(kCappedTotalsKey));
  ASSERT_TRUE(totals && *totals);
  EXPECT_EQ(hex_of(**totals), hex_of(blocks()[12]));
}

TEST(DocumentsFormatDoc, AMeasurementLiesUnderItsTimeAndATail) {
  const std::string key = blocks()[13];
  const bson::Document options = testing::json(R"({"timeseries": {"timeField": "t"}})");
  const auto series = TimeSeries::parse(options.find("timeseries"));
  const bson::Document document = testing::json(R"({"t": {"$date": "2026-01-01T00:00:01Z"}})");
  EXPECT_TRUE(series->belongs_under(as_bytes(key), document));
  const auto made = series->new_key(document);
  ASSERT_TRUE(made);
  EXPECT_EQ(hex_of(made->substr(0, 10)), hex_of(key.substr(0, 10)));
  EXPECT_EQ(made->size(), key.size());
}

TEST(DocumentsFormat, DamagedRowsAreCorruptAndNeverRead) {
  const std::string collection = encode(example_collection()).bytes();
  for (std::size_t size = 0; size < collection.size(); ++size) {
    const auto decoded =
        decode_collection("c", as_bytes(std::string_view(collection).substr(0, size)));
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), Code::kCorrupt);
  }
  std::string row;
  encode({}, testing::json(R"({"_id": 7})"), row);
  for (std::size_t size = 0; size < row.size(); ++size) {
    const auto decoded = decode(as_bytes(std::string_view(row).substr(0, size)));
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), Code::kCorrupt);
  }
  EXPECT_FALSE(id_key_of_entry(as_bytes("abc"), as_bytes("\x04")));
  EXPECT_FALSE(id_key_of_entry(as_bytes("abc"), {}));
}

}  // namespace
}  // namespace nacre::document
