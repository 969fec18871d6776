// Small steps that tests of documents share.
//
// Threads: as the database they are given.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bson/json.h"
#include "bson/json_testing.h"
#include "document/database.h"
#include "document/writer.h"
#include "io/sim_file_system.h"

namespace nacre::document::testing {

// Kept in memory; one for the whole test program, each test in a directory of its own.
inline io::FileSystem& disk() {
  static io::SimFileSystem disk(1);
  return disk;
}

inline std::string new_path() {
  static std::atomic<int> count{0};
  return "documents-" + std::to_string(count.fetch_add(1));
}

inline bson::Document json(std::string_view text) { return bson::testing::parse_json(text); }

inline std::unique_ptr<Database> open(const std::string& path, std::string name = "db") {
  Options options{
      .engine = {.file_system = &disk(), .create_if_missing = true, .background_thread = false},
      .name = std::move(name)};
  auto database = Database::open(path, options);
  EXPECT_TRUE(database) << database.error().text();
  return database ? *std::move(database) : nullptr;
}

inline Result<> try_insert(Database& database, std::string_view collection, std::string_view text,
                           txn::Durability durability = txn::Durability::kSync) {
  const bson::Document document = json(text);
  const auto body = [&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write(collection));
    return Writer(database, transaction, *info).insert(document);
  };
  NACRE_TRY(database.transact(body, durability));
  return {};
}

inline void insert(Database& database, std::string_view collection, std::string_view text,
                   txn::Durability durability = txn::Durability::kSync) {
  const auto done = try_insert(database, collection, text, durability);
  ASSERT_TRUE(done) << done.error().text();
}

// Puts the document in the place of the one of its _id, which is there.
inline Result<> try_replace(Database& database, std::string_view collection, std::string_view text,
                            txn::Durability durability = txn::Durability::kSync) {
  const bson::Document document = json(text);
  const std::string key = id_key(document.find("_id"));
  const auto body = [&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write(collection));
    const auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(key)));
    EXPECT_TRUE(row.has_value()) << text;
    if (!row) return {};
    NACRE_TRY(
        Writer(database, transaction, *info).replace(as_bytes(key), as_bytes(*row), document));
    return {};
  };
  NACRE_TRY(database.transact(body, durability));
  return {};
}

inline void remove(Database& database, std::string_view collection, std::int32_t id) {
  const bson::Document holder = bson::Builder().append("_id", id).finish();
  const std::string key = id_key(holder.find("_id"));
  const auto body = [&](Transaction& transaction) -> Result<> {
    const CollectionInfo* info = NACRE_TRY(transaction.open_for_write(collection));
    const auto row = NACRE_TRY(transaction.rows().get(info->table, as_bytes(key)));
    if (!row) return {};
    return Writer(database, transaction, *info).remove(as_bytes(key), as_bytes(*row));
  };
  const auto done = database.transact(body, txn::Durability::kAsync);
  ASSERT_TRUE(done) << done.error().text();
}

// The number of what is wrong with an index as createIndexes takes it; 0 when nothing is.
inline std::int32_t refusal(std::string_view specification) {
  const auto spec = parse_index_spec(json(specification));
  return spec ? 0 : spec.error().number();
}

// The index as listIndexes shows it.
inline std::string described(std::string_view specification) {
  const auto spec = parse_index_spec(json(specification));
  EXPECT_TRUE(spec) << specification << ": " << spec.error().what();
  return spec ? bson::to_json(describe(*spec)) : std::string();
}

inline void create_index(Database& database, std::string_view collection,
                         std::string_view specification) {
  const auto spec = parse_index_spec(json(specification));
  ASSERT_TRUE(spec) << spec.error().text();
  const auto built = database.create_indexes(collection, std::span(&*spec, 1));
  ASSERT_TRUE(built) << built.error().text();
}

// How many entries an index has.
inline std::size_t entry_count(Database& database, std::string_view collection,
                               std::string_view index) {
  const auto snapshot = database.snapshot();
  const CollectionInfo* info = snapshot->catalog().find(collection);
  const IndexInfo* found = info == nullptr ? nullptr : info->find_index(index);
  EXPECT_NE(found, nullptr) << index;
  if (found == nullptr) return 0;
  auto cursor = snapshot->rows().cursor(found->table);
  std::size_t count = 0;
  for (auto row = (*cursor)->seek_first(); row && *row; row = (*cursor)->next()) ++count;
  return count;
}

// Each index agrees with its collection both ways, and all else that verify looks at is right.
inline void expect_clean(Database& database) {
  const auto report = database.verify();
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_TRUE(report->clean()) << report->problems.front();
}

// Every document in key order, as JSON.
inline std::vector<std::string> rows(Database& database, std::string_view collection) {
  std::vector<std::string> all;
  const auto snapshot = database.snapshot();
  const CollectionInfo* info = snapshot->catalog().find(collection);
  if (info == nullptr) return all;
  auto cursor = snapshot->rows().cursor(info->table);
  for (bool row = *(*cursor)->seek_first(); row; row = *(*cursor)->next()) {
    all.push_back(bson::to_json(*decode_bson((*cursor)->value())));
  }
  return all;
}

}  // namespace nacre::document::testing
