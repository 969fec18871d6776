#include "txn/write_set.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace nacre::txn {
namespace {

std::string describe(const WriteSet& writes) {
  store::BatchWriter batch;
  writes.encode(batch);
  EXPECT_LE(batch.bytes().size(), writes.encoded_bytes_max());
  std::string text;
  store::BatchReader reader(batch.bytes());
  while (true) {
    const auto op = reader.next();
    if (!op.has_value()) return text + op.error().text();
    if (!op->has_value()) return text;
    const store::Op& o = **op;
    const char* kind = o.kind == store::OpKind::kPut      ? "put "
                       : o.kind == store::OpKind::kRemove ? "remove "
                                                          : "drop ";
    text += kind + std::to_string(number(o.table)) + " " + to_string(o.key) + "=" +
            to_string(o.value) + "; ";
  }
}

TEST(WriteSet, BatchHoldsTheLastWriteOfEachKeyInOrder) {
  WriteSet writes;
  writes.put(TableId{2}, as_bytes("b"), as_bytes("old"));
  writes.put(TableId{1}, as_bytes("z"), as_bytes("1"));
  writes.remove(TableId{2}, as_bytes("a"));
  writes.put(TableId{2}, as_bytes("b"), as_bytes("new"));
  EXPECT_EQ(describe(writes), "put 1 z=1; remove 2 a=; put 2 b=new; ");  // BATCH-1
  EXPECT_EQ(writes.count(), 3u);
}

TEST(WriteSet, DropForgetsEarlierWritesOfTheTableAndKeepsLaterOnes) {
  WriteSet writes;
  writes.put(TableId{3}, as_bytes("gone"), as_bytes("1"));
  writes.put(TableId{4}, as_bytes("stays"), as_bytes("1"));
  writes.drop_table(TableId{3});
  writes.drop_table(TableId{9});
  writes.put(TableId{3}, as_bytes("new"), as_bytes("2"));
  writes.remove(TableId{3}, as_bytes("never"));
  EXPECT_EQ(describe(writes), "drop 3 =; put 3 new=2; put 4 stays=1; drop 9 =; ");
  EXPECT_TRUE(writes.find(TableId{3}, as_bytes("gone"))->removed());
}

TEST(WriteSet, FindsWhatAMapFindsWhateverTheOrderOfWriting) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const bool rising = seed % 2 == 0;
    WriteSet writes;
    std::map<std::pair<std::uint32_t, std::string>, std::string> model;
    for (std::uint64_t i = 0; i < 500; ++i) {
      const auto table = static_cast<std::uint32_t>(rising ? 1 + i / 100 : 1 + random() % 4);
      std::string key = std::to_string(rising && random() % 8 != 0 ? 1000 + i : random() % 2000);
      const std::string value = std::to_string(i);
      writes.put(TableId{table}, as_bytes(key), as_bytes(value));
      model[{table, key}] = value;
    }
    EXPECT_EQ(writes.count(), model.size());
    const WriteSet::Entry* entry = writes.first();
    for (const auto& [where, value] : model) {
      ASSERT_NE(entry, nullptr);
      EXPECT_EQ(number(entry->table()), where.first);
      EXPECT_EQ(as_text(entry->key()), where.second);
      EXPECT_EQ(as_text(entry->value()), value);
      EXPECT_EQ(writes.find(TableId{where.first}, as_bytes(where.second)), entry);
      entry = entry->next();
    }
    EXPECT_EQ(entry, nullptr);
  }
}

TEST(WriteSet, SmallTransactionTakesNoHeapMemory) {
  WriteSet writes;
  writes.put(TableId{1}, as_bytes("key"), as_bytes(std::string(200, 'v')));
  EXPECT_EQ(writes.heap_bytes(), 0u);
}

}  // namespace
}  // namespace nacre::txn
