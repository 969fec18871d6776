#include "store/batch.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "base/codec.h"

namespace nacre::store {
namespace {

std::string describe(Bytes batch) {
  std::string text;
  BatchReader reader(batch);
  while (true) {
    auto op = reader.next();
    if (!op.has_value()) return text + op.error().text();
    if (!op->has_value()) return text;
    const Op& o = **op;
    text += o.kind == OpKind::kPut ? "put " : o.kind == OpKind::kRemove ? "remove " : "drop ";
    text += std::to_string(number(o.table)) + " " + to_string(o.key) + "=" + to_string(o.value);
    text += "; ";
  }
}

TEST(BatchWriter, WhatItWritesIsReadBackInOrder) {
  BatchWriter writer;
  writer.drop_table(TableId{1});
  writer.put(TableId{1}, as_bytes("a"), as_bytes("1"));
  writer.remove(TableId{1}, as_bytes("b"));
  writer.put(TableId{70000}, as_bytes("a"), {});
  EXPECT_EQ(describe(writer.bytes()), "drop 1 =; put 1 a=1; remove 1 b=; put 70000 a=; ");
}

TEST(BatchReader, EmptyBatchHasNoOperations) { EXPECT_EQ(describe({}), ""); }

std::string op_bytes(int kind, std::uint64_t table, std::string_view key, std::string_view value) {
  std::string bytes(1, static_cast<char>(kind));
  append_varint(bytes, table);
  append_varint(bytes, key.size());
  append_varint(bytes, value.size());
  return bytes.append(key).append(value);
}

TEST(BatchReader, EachBrokenRuleIsCorruptAndNamed) {
  const auto broken = [](const std::string& bytes, std::string_view rule) {
    const auto checked = check_batch(as_bytes(bytes));
    ASSERT_FALSE(checked.has_value()) << rule;
    EXPECT_EQ(checked.error().code(), Code::kCorrupt);
    EXPECT_NE(checked.error().what().find(rule), std::string::npos) << checked.error().text();
  };
  const std::string good = op_bytes(1, 7, "k", "v");
  broken(op_bytes(3, 7, "k", ""), "kind is 3");
  broken(op_bytes(1, 0, "k", ""), "table is 0");
  broken(op_bytes(1, 1ull << 31, "k", ""), "expected less than 2147483648");
  broken(op_bytes(1, 7, "", "v"), "key has 0 bytes");
  broken(op_bytes(1, 7, std::string(1001, 'k'), "v"), "key has 1001 bytes");
  broken(op_bytes(1, 7, "k", std::string(kValueSizeMax + 1, 'v')), "value has 67108865 bytes");
  broken(op_bytes(2, 7, "k", "v"), "value has 1 bytes, expected at most 0");
  broken(op_bytes(4, 7, "k", ""), "drop has a key");
  broken(good + good, "operation 1 at byte 6: table and key do not ascend");  // BATCH-1
  broken(good + op_bytes(1, 6, "z", ""), "do not ascend");
  broken(good + op_bytes(4, 7, "", ""), "do not ascend");
  broken(good + std::string(1, '\1'), "cut short");
}

TEST(BatchReader, EveryPrefixIsAPrefixOfTheOperationsOrCorrupt) {
  BatchWriter writer;
  writer.put(TableId{1}, as_bytes("alpha"), as_bytes("one"));
  writer.remove(TableId{1}, as_bytes("beta"));
  writer.put(TableId{2}, as_bytes("gamma"), as_bytes("three"));
  const std::string whole = describe(writer.bytes());
  for (std::size_t size = 0; size < writer.bytes().size(); ++size) {
    const std::string text = describe(writer.bytes().first(size));
    const std::size_t damage = text.find("corrupt: ");
    EXPECT_TRUE(whole.starts_with(text.substr(0, damage))) << text;
  }
}

TEST(BatchReader, RandomBytesAreReadOrRefusedButNeverOverrun) {
  std::mt19937_64 random(20);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 6);
    const std::unique_ptr<std::byte[]> exact(new std::byte[bytes.size()]);  // ASan sees the end
    if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
    const auto checked = check_batch(Bytes(exact.get(), bytes.size()));
    if (!checked.has_value()) {
      EXPECT_EQ(checked.error().code(), Code::kCorrupt);
    }
  }
}

// The bytes of the first ```text block of a document.
std::string example_of(const std::string& path) {
  std::ifstream file(path);
  std::string bytes;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      if (inside) break;
      inside = line == "```text";
      continue;
    }
    std::istringstream words(line);
    for (std::string word; inside && words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  return bytes;
}

TEST(BatchFormatDoc, ExampleDecodes) {
  const std::string bytes = example_of(NACRE_SOURCE_DIR "/docs/format/batch.md");
  EXPECT_EQ(describe(as_bytes(bytes)), "drop 7 =; put 7 a=hello; remove 300 zz=; ");
}

}  // namespace
}  // namespace nacre::store
