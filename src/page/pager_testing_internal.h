// Pages without trees, for tests of the pager.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "io/sim_file_system.h"
#include "page/node.h"
#include "page/pager.h"

namespace nacre::page {

inline constexpr Options kSmall{.cache_bytes = 32 * kPageSize, .held_bytes_max = 8 * kPageSize};

inline std::unique_ptr<Pager> make_pager(io::FileSystem& disk, const Options& options = kSmall) {
  auto made = Pager::create(disk, "store.dat", options, {});
  EXPECT_TRUE(made.has_value()) << made.error().text();
  return std::move(*made);
}

// An empty leaf of tree 1 whose hist_max_end field carries `mark`; no tree is needed to tell
// versions apart.
inline void fill(std::byte* page, std::uint64_t mark) {
  store_le(page + offset::kTree, std::uint32_t{1});
  page[offset::kType] = static_cast<std::byte>(PageType::kLeaf);
  page[offset::kLog2Size] = std::byte{kLog2PageSize};
  store_le(page + offset::kCapacity, std::uint16_t{16});
  store_le(page + offset::kHeapTop, static_cast<std::uint16_t>(kPageSize));
  store_le(page + offset::kHistoryMaxEnd, mark);
}

inline std::uint64_t mark_of(const std::byte* page) {
  return load_le<std::uint64_t>(page + offset::kHistoryMaxEnd);
}

inline PageId add_page(Pager& pager, std::uint64_t mark) {
  EXPECT_TRUE(pager.reserve(1).has_value());
  const Pager::NewPage made = pager.allocate();
  fill(made.bytes, mark);
  return made.id;
}

// Loads the page when it has to. What was loaded is kept, so then it is there, or not at all.
inline Result<std::uint64_t> read_mark(Pager& pager, PageId id, View view) {
  const FramePin loaded = NACRE_TRY(pager.load(id));
  const Pin pin;
  const auto generation = pager.generation(view);
  if (!generation.has_value()) return fail(Code::kTooOld, "cancelled");
  const std::byte* page = pager.find(id, *generation);
  if (page != nullptr) return mark_of(page);
  if (pager.is_absent(id)) return fail(Code::kNotFound, "absent");
  return fail(Code::kCorrupt, "PAGE-4: the version that the view shows is gone");
}

inline Result<> set_mark(Pager& pager, PageId id, std::uint64_t mark) {
  NACRE_TRY(pager.reserve(1));
  const FramePin loaded = NACRE_TRY(pager.load(id));
  const Pin pin;
  const auto generation = pager.generation(View::open());
  fill(pager.writable(pager.find(id, *generation)), mark);
  return {};
}

inline Result<> checkpoint(Pager& pager) { return pager.write_checkpoint(pager.cut(), {}); }

}  // namespace nacre::page
