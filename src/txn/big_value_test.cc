// Values that do not fit a leaf, through a whole database.
#include "store/big_value.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kTable{1};
constexpr std::size_t kChunk = page::kExtentPayloadMax;

std::string bytes_of(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) store_le(reinterpret_cast<std::byte*>(bytes.data()) + i, random());
  for (; i < size; ++i) bytes[i] = static_cast<char>(random());
  return bytes;
}

class BigValue : public testing::Test {
 protected:
  BigValue() { open(); }

  void open() {
    database_.reset();
    auto opened = Database::open("d", {.file_system = &disk_,
                                       .create_if_missing = true,
                                       .cache_bytes = std::size_t{8} << 20,
                                       .history_bytes = history_bytes_,
                                       .background_thread = false});
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    database_ = std::move(*opened);
  }
  void put(const std::string& key, const std::string& value) {
    Transaction txn = database_->begin();
    ASSERT_TRUE(txn.put(kTable, as_bytes(key), as_bytes(value)).has_value());
    const auto committed = txn.commit();
    ASSERT_TRUE(committed.has_value()) << committed.error().text();
  }
  void remove(const std::string& key) {
    Transaction txn = database_->begin();
    ASSERT_TRUE(txn.remove(kTable, as_bytes(key)).has_value());
    ASSERT_TRUE(txn.commit().has_value());
  }
  // As two hashes, so that a failure does not print megabytes.
  void expect(const std::string& key, const std::string& value) {
    expect(database_->snapshot(), key, value);
  }
  static void expect(const Snapshot& snapshot, const std::string& key, const std::string& value) {
    const auto found = snapshot.get(kTable, as_bytes(key));
    ASSERT_TRUE(found.has_value()) << found.error().text();
    ASSERT_TRUE(found->has_value()) << key;
    EXPECT_EQ((*found)->size(), value.size());
    EXPECT_TRUE(**found == value) << key;
  }
  void expect_sound() {
    const auto report = database_->verify();
    ASSERT_TRUE(report.has_value()) << report.error().text();
    EXPECT_EQ(report->problems, std::vector<std::string>());
  }
  // Twice: what the first checkpoint no longer names is free after the second; and what snapshots
  // held is given back when somebody publishes.
  std::uint64_t used_after_checkpoints() {
    for (int i = 0; i < 4; ++i) {
      put("settle", format("{}", i));
      // The history keeps what was replaced until it is forgotten.
      EXPECT_TRUE(database_->set_horizon(database_->stats().position).has_value());
      EXPECT_TRUE(database_->vacuum().has_value());
      EXPECT_TRUE(database_->checkpoint().has_value());
    }
    return database_->stats().used_bytes;
  }

  io::SimFileSystem disk_{1};
  std::uint64_t history_bytes_ = std::uint64_t{1} << 30;
  std::unique_ptr<Database> database_;
};

TEST_F(BigValue, SizesAroundEveryThresholdComeBackBeforeAndAfterACrashAndACheckpoint) {
  const std::size_t kEdges[] = {0,
                                1,
                                store::kInlineValueMax - 1,
                                store::kInlineValueMax,
                                store::kInlineValueMax + 1,
                                4096 - 64,
                                4096 - 63,
                                7000,
                                7001,
                                8192,
                                65'536,
                                kChunk - 1,
                                kChunk,
                                kChunk + 1,
                                2 * kChunk,
                                2 * kChunk + 1};
  const auto expect_all = [&] {
    for (const std::size_t size : kEdges) expect(format("key{}", size), bytes_of(size, size));
  };
  for (const std::size_t size : kEdges) put(format("key{}", size), bytes_of(size, size));
  expect_all();
  database_.reset();
  open();  // from the log
  expect_all();
  ASSERT_TRUE(database_->checkpoint().has_value());
  expect_all();
  expect_sound();
  ASSERT_TRUE(database_->close().has_value());
  open();
  expect_all();
  expect_sound();
}

// STORE-6
TEST_F(BigValue, OverwritingDeletingAndDroppingGivesTheSpaceBack) {
  put("settle", "");
  const std::uint64_t before = used_after_checkpoints();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) put(format("key{}", i), bytes_of(50'000, 1));
    for (int i = 0; i < 20; ++i) put(format("key{}", i), "small");
    for (int i = 0; i < 20; ++i) put(format("key{}", i), bytes_of(30'000, 2));
    expect("key7", bytes_of(30'000, 2));
    EXPECT_GE(used_after_checkpoints(), before + 20 * 30'000);
    expect_sound();
    if (round == 1) {
      Transaction txn = database_->begin();
      ASSERT_TRUE(txn.drop_table(kTable).has_value());
      ASSERT_TRUE(txn.commit().has_value());
    } else {
      for (int i = 0; i < 20; ++i) remove(format("key{}", i));
    }
    EXPECT_LE(used_after_checkpoints(), before + 2 * page::kPageSize);
    expect_sound();
  }
}

// Without history a value goes with the put that replaces it.
TEST_F(BigValue, WithoutHistoryAReplacedValueIsGivenBackAtOnce) {
  history_bytes_ = 0;
  open();
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 10; ++i) put(format("key{}", i), bytes_of(40'000, 1));
    ASSERT_TRUE(database_->checkpoint().has_value());
  }
  expect("key7", bytes_of(40'000, 1));
  expect_sound();
}

TEST_F(BigValue, ASnapshotSeesTheOldValueWhileItIsReplaced) {
  const std::string old = bytes_of(100'000, 1);
  put("a", old);
  const Snapshot snapshot = database_->snapshot();
  for (std::uint64_t i = 0; i < 20; ++i) {
    put("a", bytes_of(100'000, 100 + i));
    if (i % 5 == 0) {
      ASSERT_TRUE(database_->checkpoint().has_value());
    }
    expect(snapshot, "a", old);
    expect("a", bytes_of(100'000, 100 + i));
  }
  remove("a");
  ASSERT_TRUE(database_->checkpoint().has_value());
  expect(snapshot, "a", old);
}

TEST_F(BigValue, CursorsShowWholeValuesOrNoneWhenKeysAreWanted) {
  const std::string big = bytes_of(30'000, 1);
  put("a", "small");
  put("b", big);
  put("c", "small");
  const auto cursor = *database_->snapshot().cursor(kTable);
  ASSERT_TRUE(*cursor->seek_first());
  EXPECT_EQ(as_text(cursor->value()), "small");
  ASSERT_TRUE(*cursor->next());
  EXPECT_TRUE(as_text(cursor->value()) == big);
  ASSERT_TRUE(*cursor->next());
  EXPECT_EQ(as_text(cursor->value()), "small");
  cursor->read_values(false);
  ASSERT_TRUE(*cursor->prev());
  EXPECT_EQ(as_text(cursor->key()), "b");
  EXPECT_TRUE(cursor->value().empty());
}

TEST_F(BigValue, ManyLongValuesAtOnceComeInPartsInBothDirections) {
  for (std::uint64_t i = 0; i < 5; ++i) put(format("key{}", i), bytes_of(500'000, i));
  const auto cursor = *database_->snapshot().cursor(kTable);
  for (const bool backward : {false, true}) {
    std::vector<std::uint64_t> wanted{0, 1, 2, 3, 4};
    if (backward) std::ranges::reverse(wanted);
    bool more = *(backward ? cursor->seek_last() : cursor->seek_first());
    std::size_t at = 0;
    while (more) {
      const auto seen = cursor->read_rows({.backward = backward});
      ASSERT_TRUE(seen.has_value()) << seen.error().text();
      for (const RowView& row : seen->rows) {
        ASSERT_LT(at, wanted.size());
        EXPECT_EQ(to_string(row.prefix) + to_string(row.suffix), format("key{}", wanted[at]));
        EXPECT_TRUE(as_text(row.value) == bytes_of(500'000, wanted[at]));
        ++at;
      }
      more = seen->more;
    }
    EXPECT_EQ(at, wanted.size());
  }
}

TEST_F(BigValue, ValuesStreamInAndOut) {
  const std::string whole = bytes_of(3 * kChunk + 777, 9);
  {
    Transaction txn = database_->begin();
    std::size_t at = 0;
    const ValueSource source = [&](MutableBytes into) -> Result<> {
      EXPECT_LE(into.size(), std::size_t{1} << 20);
      std::ranges::copy(as_bytes(whole).subspan(at, into.size()), into.begin());
      at += into.size();
      return {};
    };
    ASSERT_TRUE(txn.put_stream(kTable, as_bytes("k"), whole.size(), source).has_value());
    const ValueSource broken = [](MutableBytes) -> Result<> { return fail(Code::kIo, "gone"); };
    EXPECT_FALSE(txn.put_stream(kTable, as_bytes("other"), 10'000, broken).has_value());
    ASSERT_TRUE(txn.commit().has_value());
  }
  const Snapshot snapshot = database_->snapshot();
  EXPECT_FALSE(snapshot.get(kTable, as_bytes("other"))->has_value());
  for (const std::size_t offset :
       {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, 2 * kChunk + 5, whole.size() - 1,
        whole.size(), whole.size() + 1}) {
    std::string read;
    const auto size =
        snapshot.read_value(kTable, as_bytes("k"), offset, [&](Bytes piece) -> Result<bool> {
          EXPECT_LE(piece.size(), std::size_t{1} << 20);
          append_bytes(read, piece);
          return true;
        });
    ASSERT_TRUE(size.has_value()) << size.error().text();
    EXPECT_EQ(*size, whole.size());
    EXPECT_TRUE(read == whole.substr(std::min(offset, whole.size()))) << offset;
  }
}

TEST_F(BigValue, AFullDiskLosesNothingThatWasAcknowledged) {
  for (const std::size_t size : {std::size_t{60'000}, kChunk + 5}) {
    disk_.limit_capacity(disk_.contents("d/store.dat").size() + (std::size_t{6} << 20));
    int acknowledged = 0;
    for (; acknowledged < 200; ++acknowledged) {
      Transaction txn = database_->begin();
      const std::string key = format("{}-{}", size, acknowledged);
      const std::string value = bytes_of(size, static_cast<std::uint64_t>(acknowledged));
      ASSERT_TRUE(txn.put(kTable, as_bytes(key), as_bytes(value)).has_value());
      if (!txn.commit().has_value()) break;
    }
    EXPECT_LT(acknowledged, 200);
    const auto expect_acknowledged = [&] {
      for (int i = 0; i < acknowledged; ++i) {
        expect(format("{}-{}", size, i), bytes_of(size, static_cast<std::uint64_t>(i)));
      }
    };
    expect_acknowledged();  // reads go on
    disk_.limit_capacity(UINT64_MAX);
    database_.reset();
    open();
    expect_acknowledged();
    expect_sound();
  }
}

}  // namespace
}  // namespace nacre::txn
