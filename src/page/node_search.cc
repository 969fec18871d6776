#include "page/node_search.h"

#include <algorithm>
#include <compare>

#include "base/planted.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nacre::page {
namespace {

struct Window {
  std::size_t begin;
  std::size_t end;
};

// `below` hints are smaller than the head: the answer lies in this window.
Window window_of(std::size_t below, std::size_t count) {
  const std::size_t begin = below * count / (kHintCount + 1);
  const std::size_t end = (below + 1) * count / (kHintCount + 1);
  return {begin, below == kHintCount ? count : end};
}

#if defined(__x86_64__)
__attribute__((target("avx2,popcnt"))) std::size_t count_heads_avx2(const std::byte* page,
                                                                    std::uint32_t head) {
  // AVX2 compares signed numbers only; flipping the top bit turns one order into the other.
  const __m256i flip = _mm256_set1_epi32(static_cast<int>(0x80000000U));
  const __m256i sought = _mm256_xor_si256(_mm256_set1_epi32(static_cast<int>(head)), flip);
  const auto below = [&](const std::byte* from) __attribute__((target("avx2,popcnt"))) {
    const __m256i eight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    const __m256i less = _mm256_cmpgt_epi32(sought, _mm256_xor_si256(eight, flip));
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(less)));
  };
  const std::byte* hints = page + kHintsOffset;
  const std::uint32_t mask = below(hints) | (below(hints + 32) << 8);
  const auto hint_count = static_cast<std::size_t>(__builtin_popcount(mask));
  const Window window = window_of(hint_count, load_le<std::uint16_t>(page + offset::kCount));
  std::size_t i = window.begin;
  while (i < window.end) {
    const std::size_t left = window.end - i;
    const std::uint32_t valid = left >= 8 ? 0xff : (1U << left) - 1;
    // May read past the last head, never past the page: the slots follow.
    const std::uint32_t less = below(page + kHeadsOffset + 4 * i) & valid;
    i += static_cast<std::size_t>(__builtin_popcount(less));
    if (less != 0xff) break;
  }
  return i;
}

__attribute__((target("avx512f,popcnt"))) std::size_t count_heads_avx512(const std::byte* page,
                                                                         std::uint32_t head) {
  const __m512i sought = _mm512_set1_epi32(static_cast<int>(head));
  const __m512i hints = _mm512_loadu_si512(page + kHintsOffset);
  const auto hint_count =
      static_cast<std::size_t>(__builtin_popcount(_mm512_cmplt_epu32_mask(hints, sought)));
  const Window window = window_of(hint_count, load_le<std::uint16_t>(page + offset::kCount));
  std::size_t i = window.begin;
  while (i < window.end) {
    const std::size_t left = window.end - i;
    const auto valid = static_cast<__mmask16>(left >= 16 ? 0xffff : (1U << left) - 1);
    const __m512i heads = _mm512_maskz_loadu_epi32(valid, page + kHeadsOffset + 4 * i);
    const std::uint32_t less = _mm512_mask_cmplt_epu32_mask(valid, heads, sought);
    i += static_cast<std::size_t>(__builtin_popcount(less));
    if (less != 0xffff) break;
  }
  return i;
}
#endif

const CountHeads kCountHeads = [] {
  const CountHeadsList list = runnable_count_heads();
  return list.items[list.size - 1].count;
}();

// Among the equal heads from `first` on, the first key that is not below `suffix`.
Found search_equal_heads(Node node, Bytes suffix, std::size_t first, std::uint32_t head) {
  std::strong_ordering order = compare(node.suffix(first), suffix);
  if (order >= 0 || NACRE_PLANTED(equal_heads_not_searched)) return {first, order == 0};
  const std::size_t count = node.count();
  std::size_t low = first + 1;
  if (low == count || node.head(low) != head) return {low, false};
  const std::size_t end = head == UINT32_MAX ? count : kCountHeads(node.page(), head + 1);
  std::size_t high = end;
  bool equal = false;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    order = compare(node.suffix(middle), suffix);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
      equal = order == 0;
      if (equal) return {middle, true};
    }
  }
  return {low, false};
}

}  // namespace

std::size_t count_heads_scalar(const std::byte* page, std::uint32_t head) {
  std::size_t hint_count = 0;
  for (std::size_t i = 0; i < kHintCount; ++i) {
    hint_count += load_le<std::uint32_t>(page + kHintsOffset + 4 * i) < head ? 1 : 0;
  }
  const Window window = window_of(hint_count, load_le<std::uint16_t>(page + offset::kCount));
  std::size_t i = window.begin;
  while (i < window.end && load_le<std::uint32_t>(page + kHeadsOffset + 4 * i) < head) ++i;
  return i;
}

CountHeadsList runnable_count_heads() {
  CountHeadsList list{};
  list.items[list.size++] = {"scalar", count_heads_scalar};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) list.items[list.size++] = {"avx2", count_heads_avx2};
  if (__builtin_cpu_supports("avx512f")) list.items[list.size++] = {"avx512", count_heads_avx512};
#endif
  return list;
}

void prefetch_cell(Node node, Bytes suffix) {
  const Bytes rest = suffix.subspan(std::min(node.lead_length(), suffix.size()));
  const std::size_t index = kCountHeads(node.page(), head_of(rest));
  if (index == node.count()) return;
  const std::byte* cell = node.page() + Node::cell_offset(node.slot(index));
  // How long it is stands in itself, so as much is asked for as the cells of the page are long.
  constexpr std::size_t kSizeMax = 768;
  const std::size_t size = std::min((kPageSize - node.heap_top()) / node.count(), kSizeMax);
  for (std::size_t at = 0; at < size + 64; at += 64) __builtin_prefetch(cell + at);
}

Found search(Node node, Bytes suffix) {
  const std::size_t lead = node.lead_length();
  if (lead != 0) {
    const auto order = compare(suffix.first(std::min(lead, suffix.size())), node.lead());
    if (order != 0) {
      return {order < 0 || NACRE_PLANTED(prefix_compared_wrongly) ? 0 : node.count(), false};
    }
  }
  const std::uint32_t head = head_of(suffix.subspan(lead));
  const std::size_t index = kCountHeads(node.page(), head);
  if (index == node.count() || node.head(index) != head) return {index, false};
  // The cell and what follows its key: all of it is about to be read.
  const std::byte* cell = node.page() + Node::cell_offset(node.slot(index));
  __builtin_prefetch(cell);
  __builtin_prefetch(cell + 64);
  return search_equal_heads(node, suffix, index, head);
}

}  // namespace nacre::page
