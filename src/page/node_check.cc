#include "page/node_check.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "page/node.h"

namespace nacre::page {
namespace {

std::string check_fences(const std::byte* page) {
  const std::size_t heap_top = load_le<std::uint16_t>(page + offset::kHeapTop);
  const auto outside = [&](std::size_t from, std::size_t length) {
    if (from == 0) return length != 0;
    return from < heap_top || from + length > kPageSize;
  };
  const std::size_t lower = load_le<std::uint16_t>(page + 128);
  const std::size_t lower_length = load_le<std::uint16_t>(page + 130);
  if (outside(lower, lower_length)) return "the lower fence lies outside the heap";
  const std::size_t upper = load_le<std::uint16_t>(page + 132);
  const std::size_t upper_length = load_le<std::uint16_t>(page + 134);
  if (outside(upper, upper_length)) return "the upper fence lies outside the heap";
  const std::size_t prefix = load_le<std::uint16_t>(page + kPrefixLengthOffset);
  if (prefix > lower_length || prefix > upper_length) {
    return format("prefix length is {}, expected at most {}", prefix,
                  std::min(lower_length, upper_length));
  }
  const std::size_t lead = load_le<std::uint16_t>(page + kLeadOffset);
  if (outside(lead, load_le<std::uint16_t>(page + kLeadOffset + 2))) {
    return "the lead lies outside the heap";
  }
  if (load_le<std::uint16_t>(page + 142) != 0) return "bytes 142 and 143 are not zero";
  return {};
}

std::string check_slot(const std::byte* page, std::size_t i) {
  const Node node(page);
  const std::uint32_t slot = node.slot(i);
  const RowFlags known = node.is_leaf() ? kRowFlagsKnown : RowFlags{0};
  if ((Node::slot_flags(slot) & ~known) != 0) {
    return format("slot {}: flags are {}, of which this version knows {}", i,
                  Node::slot_flags(slot), known);
  }
  const std::size_t from = Node::cell_offset(slot);
  const std::size_t suffix_end = from + Node::suffix_length(slot);
  if (from < node.heap_top() || suffix_end > kPageSize) {
    return format("slot {}: its cell at {} lies outside the heap", i, from);
  }
  if (!node.is_leaf()) {
    return {};
  }
  // word, and a length of one or two bytes in its shortest form
  Decoder rest(Bytes(page + suffix_end, kPageSize - suffix_end));
  const auto word = rest.fixed<std::uint64_t>();
  const std::size_t before = rest.rest().size();
  const auto length = word.has_value() ? rest.varint() : std::nullopt;
  if (!length.has_value() || *length > rest.rest().size() ||
      before - rest.rest().size() != varint_size(*length)) {
    return format("slot {}: its cell at {} does not end in the page", i, from);
  }
  return {};
}

std::string check_children(const std::byte* page) {
  const Node node(page);
  for (std::size_t i = 0; i <= node.count(); ++i) {
    if (node.child(i) == kNoPage) return format("child {} is page 0", i);
  }
  return {};
}

}  // namespace

std::string check_node_bounds(const std::byte* page) {
  const Node node(page);
  const bool inner = !node.is_leaf();
  if (inner != (node.level() != 0)) {
    return format("level is {}, expected {}", node.level(), inner ? "above 0" : "0");
  }
  if (page[offset::kFlags] != std::byte{0}) return "flags are set that this version does not know";
  if (node.capacity() == 0 || node.capacity() % kCapacityStep != 0) {
    return format("capacity is {}, expected a multiple of {}", node.capacity(), kCapacityStep);
  }
  if (node.count() > node.capacity() || node.count() > kNodeCountMax) {
    return format("cell count is {}, capacity {}", node.count(), node.capacity());
  }
  if (node.heap_top() > kPageSize || arrays_end(inner, node.capacity()) > node.heap_top()) {
    return format("the heap starts at {}, expected {} to {}", node.heap_top(),
                  arrays_end(inner, node.capacity()), kPageSize);
  }
  if (std::string fences = check_fences(page); !fences.empty()) return fences;
  for (std::size_t i = 0; i < node.count(); ++i) {
    if (std::string slot = check_slot(page, i); !slot.empty()) return slot;
  }
  return inner ? check_children(page) : std::string();
}

namespace {

struct Extent {
  std::size_t begin;
  std::size_t end;
};

std::string check_heap(Node node) {
  std::vector<Extent> extents;
  const auto add = [&](Bytes bytes, std::size_t size) {
    const auto from = static_cast<std::size_t>(bytes.data() - node.page());
    if (size != 0) extents.push_back({from, from + size});
  };
  if (node.lower_fence().data() != node.page()) add(node.lower_fence(), node.lower_fence().size());
  if (const auto upper = node.upper_fence()) add(*upper, upper->size());
  if (node.lead_length() != 0) add(node.lead(), node.lead_length());
  for (std::size_t i = 0; i < node.count(); ++i) {
    const Bytes suffix = node.suffix(i);
    add(suffix, node.is_leaf() ? node.leaf_cell(i).size() : suffix.size());
  }
  std::ranges::sort(extents, {}, &Extent::begin);
  std::size_t total = 0;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    total += extents[i].end - extents[i].begin;
    if (i > 0 && extents[i].begin < extents[i - 1].end) {
      return format("two cells overlap at {}", extents[i].begin);
    }
  }
  const std::size_t garbage = kPageSize - node.heap_top() - total;
  if (garbage != node.heap_garbage()) {
    return format("heap garbage is {}, expected {}", node.heap_garbage(), garbage);
  }
  return {};
}

}  // namespace

std::string check_node_order(const std::byte* page) {
  const Node node(page);
  const std::size_t count = node.count();
  const auto upper = node.upper_fence();
  std::size_t shared = 0;
  if (upper.has_value()) {
    const Bytes lower = node.lower_fence();
    while (shared < std::min(lower.size(), upper->size()) && lower[shared] == (*upper)[shared]) {
      ++shared;
    }
    if (compare(lower, *upper) >= 0) return "the fences are not in order";
  }
  if (shared != node.prefix_length()) {
    return format("prefix length is {}, expected {}", node.prefix_length(), shared);
  }
  const Bytes lower_rest = node.strip(node.lower_fence());
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes suffix = node.suffix(i);
    const std::size_t lead = node.lead_length();
    if (suffix.size() < lead || !equal(suffix.first(lead), node.lead())) {
      return format("key {} does not begin with the lead", i);
    }
    if (node.head(i) != head_of(suffix.subspan(lead)))
      return format("head {} does not match its key", i);
    if (i > 0 && compare(node.suffix(i - 1), suffix) >= 0) {
      return format("key {} is not above key {}", i, i - 1);
    }
  }
  if (count > 0 && compare(node.suffix(0), lower_rest) < 0) return "key 0 is below the lower fence";
  if (count > 0 && upper.has_value() && compare(node.suffix(count - 1), node.strip(*upper)) >= 0) {
    return format("key {} is not below the upper fence", count - 1);
  }
  for (std::size_t i = 0; i < kHintCount; ++i) {
    const std::uint32_t expected =
        count == 0 ? UINT32_MAX : node.head((i + 1) * count / (kHintCount + 1));
    if (load_le<std::uint32_t>(page + kHintsOffset + 4 * i) != expected) {
      return format("hint {} does not match its head", i);
    }
  }
  return check_heap(node);
}

}  // namespace nacre::page
