#include "page/extent.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

constexpr Options kSmall{.cache_bytes = 32 * kPageSize};
constexpr std::uint32_t kTree = 7;

// Bytes that tell where they belong.
std::string payload_of(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::unique_ptr<Pager> make(io::FileSystem& disk, const Options& options = kSmall) {
  auto made = Pager::create(disk, "store.dat", options, {});
  EXPECT_TRUE(made.has_value()) << made.error().text();
  return std::move(*made);
}

PageId write(Pager& pager, const std::string& payload) {
  const auto id = pager.write_extent(kTree, as_bytes(payload));
  EXPECT_TRUE(id.has_value()) << id.error().text();
  return id.has_value() ? *id : kNoPage;
}

Result<std::string> read(Pager& pager, PageId id, View view = View::open()) {
  const ExtentRef extent = NACRE_TRY(pager.read_extent(view, id));
  EXPECT_EQ(extent.tree(), kTree);
  return to_string(extent.payload());
}

Result<> checkpoint(Pager& pager) {
  pager.publish();
  NACRE_TRY(pager.flush_extents());
  return pager.write_checkpoint(pager.cut(), {});
}

TEST(Extent, EverySizeAroundABlockAndTheLargestComeBack) {
  io::SimFileSystem disk(1);
  const std::size_t kEdges[] = {1,
                                kBlockSize - kHeaderSize,
                                kBlockSize - kHeaderSize + 1,
                                10 * kBlockSize - kHeaderSize,
                                kExtentPayloadMax - 1,
                                kExtentPayloadMax};
  std::map<std::uint32_t, std::string> written;
  {
    const auto pager = make(disk);
    for (const std::size_t size : kEdges) {
      std::string payload = payload_of(size, size);
      const PageId id = write(*pager, payload);
      EXPECT_EQ(read(*pager, id), payload) << "before it is written";
      written.emplace(number(id), std::move(payload));
    }
    ASSERT_TRUE(checkpoint(*pager).has_value());
    for (const auto& [id, payload] : written) EXPECT_EQ(read(*pager, PageId{id}), payload);
    EXPECT_EQ(pager->stats().page_count, written.size());
  }
  const auto pager = Pager::open(disk, "store.dat", kSmall);
  ASSERT_TRUE(pager.has_value()) << pager.error().text();
  for (const auto& [id, payload] : written) EXPECT_EQ(read(**pager, PageId{id}), payload);
  const auto checked = (*pager)->check();
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(checked->problems, std::vector<std::string>());
  EXPECT_EQ(checked->pages_checked, written.size());
}

TEST(Extent, ManySmallChunksAreWrittenTogether) {
  io::SimFileSystem disk(1);
  const auto pager = make(disk, {.cache_bytes = std::size_t{64} << 20});
  const std::uint64_t before = disk.operations();
  for (std::uint64_t i = 0; i < 1000; ++i) static_cast<void>(write(*pager, payload_of(10'000, i)));
  ASSERT_TRUE(pager->flush_extents().has_value());
  EXPECT_LE(disk.operations() - before, 12U) << "12 MB in runs of a megabyte";
}

TEST(Extent, AFreedChunkStaysReadableForItsHoldAndThenItsSpaceComesBack) {
  io::SimFileSystem disk(1);
  const auto pager = make(disk);
  ASSERT_TRUE(checkpoint(*pager).has_value());
  const std::uint64_t before = pager->stats().used_bytes;
  const std::string payload = payload_of(50'000, 1);
  const PageId id = write(*pager, payload);
  pager->publish();
  {
    const Hold hold = pager->hold();
    pager->free(id);
    ASSERT_TRUE(checkpoint(*pager).has_value());
    ASSERT_TRUE(checkpoint(*pager).has_value());
    static_cast<void>(write(*pager, payload_of(60'000, 2)));
    EXPECT_EQ(read(*pager, id, hold.view()), payload);
  }
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(checkpoint(*pager).has_value());
  // What is left is the second chunk, 15 blocks, and the map block.
  pager->publish();
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(pager->reserve(1).has_value());
    const Pager::NewPage page = pager->allocate();
    pager->free(page.id);
    pager->publish();  // gives what is retired a chance to be reclaimed
  }
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(checkpoint(*pager).has_value());
  EXPECT_LE(pager->stats().used_bytes, before + 17 * kBlockSize);
}

TEST(Extent, WhatIsNoChunkIsRefusedAndAChunkIsNoPage) {
  io::SimFileSystem disk(1);
  const auto pager = make(disk);
  const PageId id = write(*pager, "bytes");
  ASSERT_TRUE(checkpoint(*pager).has_value());
  const auto loaded = pager->load(id);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code(), Code::kCorrupt);
  const auto nobody = pager->read_extent(View::open(), PageId{77});
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code(), Code::kCorrupt);
}

// PAGE-6
TEST(Extent, ReadChunksAreKeptInsideTheCacheLimit) {
  io::SimFileSystem disk(1);
  constexpr Options kOptions{.cache_bytes = 1024 * kPageSize};
  const auto pager = make(disk, kOptions);
  std::vector<PageId> ids;
  for (std::uint64_t i = 0; i < 800; ++i) ids.push_back(write(*pager, payload_of(9'000, i)));
  ASSERT_TRUE(checkpoint(*pager).has_value());
  for (std::uint64_t i = 0; i < 800; ++i) EXPECT_EQ(read(*pager, ids[i]), payload_of(9'000, i));
  const PagerStats all = pager->stats();
  EXPECT_GT(all.extent_cache_bytes, kOptions.cache_bytes / 2) << "nobody else wants the memory";
  EXPECT_LE(all.extent_cache_bytes, kOptions.cache_bytes / 4 * 3);
  EXPECT_LE(all.cache_bytes, kOptions.cache_bytes);
  EXPECT_GE(all.cache_bytes, all.extent_cache_bytes) << "their memory is that of lent frames";
  EXPECT_EQ(read(*pager, ids[799]), payload_of(9'000, 799));
  EXPECT_EQ(pager->stats().cache_misses, all.cache_misses) << "found in the cache";
  // Pages that come now take their part of it back.
  for (int i = 0; i < 900; ++i) {
    ASSERT_TRUE(pager->reserve(1).has_value());
    std::byte* page = pager->allocate().bytes;
    page[offset::kType] = static_cast<std::byte>(PageType::kLeaf);
    pager->publish();
  }
  EXPECT_LE(pager->stats().extent_cache_bytes, kOptions.cache_bytes / 2);
  EXPECT_LE(pager->stats().cache_bytes, kOptions.cache_bytes);
}

TEST(Extent, AFullDiskIsToldAndTriedAgain) {
  io::SimFileSystem disk(1);
  const auto pager = make(disk);
  ASSERT_TRUE(checkpoint(*pager).has_value());
  const std::string payload = payload_of(300'000, 1);
  const PageId id = write(*pager, payload);
  disk.limit_capacity(100'000);
  const auto full = pager->flush_extents();
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code(), Code::kFull);
  EXPECT_EQ(read(*pager, id), payload) << "readable from memory";
  // More of them, and some gone again, while there is no room for any.
  std::vector<std::pair<PageId, std::string>> more;
  for (std::uint64_t i = 0; i < 12; ++i) {
    more.emplace_back(PageId{}, payload_of(100'000 + 30'000 * i, i + 2));
    more.back().first = write(*pager, more.back().second);
  }
  pager->free(more[3].first);
  more.erase(more.begin() + 3);
  for (const auto& [other, bytes] : more) EXPECT_EQ(read(*pager, other), bytes);
  EXPECT_EQ(checkpoint(*pager).error().code(), Code::kFull);
  disk.limit_capacity(UINT64_MAX);
  ASSERT_TRUE(checkpoint(*pager).has_value());
  EXPECT_EQ(read(*pager, id), payload);
  for (const auto& [other, bytes] : more) EXPECT_EQ(read(*pager, other), bytes);
}

TEST(Extent, EveryFlippedByteOfAChunkIsCorrupt) {
  const std::string payload = payload_of(5'000, 1);
  io::AlignedBuffer buffer(2 * kBlockSize);
  const std::uint32_t checksum = encode_extent(
      {.id = PageId{3}, .seq = CheckpointSeq{1}, .tree = kTree}, as_bytes(payload), buffer.bytes());
  const auto check = [&](PageId id, std::uint16_t check16) {
    return check_extent(buffer.bytes(), id, CheckpointSeq{1}, check16, "store.dat");
  };
  const auto check16 = static_cast<std::uint16_t>(checksum);
  ASSERT_TRUE(check(PageId{3}, check16).has_value());
  EXPECT_FALSE(check(PageId{4}, check16).has_value()) << "misdirected";
  EXPECT_FALSE(check(PageId{3}, check16 ^ 1).has_value()) << "a lost write";
  for (std::size_t at = 0; at < 2 * kBlockSize; ++at) {
    buffer.data()[at] ^= std::byte{0x10};
    const auto checked = check(PageId{3}, check16);
    ASSERT_FALSE(checked.has_value()) << at;
    ASSERT_EQ(checked.error().code(), Code::kCorrupt);
    buffer.data()[at] ^= std::byte{0x10};
  }
}

// Chunks come and go beside checkpoints that are under way; what each checkpoint holds is compared.
// PAGE-7
TEST(Extent, RandomLivesOfChunksAgreeWithAModelAcrossReopening) {
  io::SimFileSystem disk(3);
  std::mt19937_64 random(3);
  std::map<std::uint32_t, std::string> model;
  auto pager = make(disk);
  const auto churn = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      if (!model.empty() && random() % 2 == 0) {
        const auto victim = std::next(model.begin(), static_cast<long>(random() % model.size()));
        pager->free(PageId{victim->first});
        model.erase(victim);
      } else {
        const std::string payload = payload_of(1 + random() % 40'000, random());
        const PageId id = write(*pager, payload);
        EXPECT_TRUE(model.emplace(number(id), payload).second) << "a free id";
      }
      if (random() % 4 == 0) pager->publish();
    }
    pager->publish();
  };
  for (int round = 0; round < 30; ++round) {
    churn(20);
    ASSERT_TRUE(pager->flush_extents().has_value());
    const auto at_cut = model;
    const Cut cut = pager->cut();
    churn(20);  // beside the checkpoint
    ASSERT_TRUE(pager->write_checkpoint(cut, {}).has_value());
    for (const auto& [id, payload] : model) ASSERT_EQ(read(*pager, PageId{id}), payload);
    if (round % 5 != 4) continue;
    pager.reset();
    auto opened = Pager::open(disk, "store.dat", kSmall);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    pager = std::move(*opened);
    model = at_cut;
    for (const auto& [id, payload] : model) ASSERT_EQ(read(*pager, PageId{id}), payload);
    const auto checked = pager->check();
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->problems, std::vector<std::string>());
    EXPECT_EQ(checked->pages_checked, model.size());
  }
}

}  // namespace
}  // namespace nacre::page
