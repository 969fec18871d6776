#include "tree/node_edit.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace nacre::tree {

using page::arrays_end;
using page::kHeadsOffset;
using page::kPageSize;
using page::Node;
using page::PageId;
using page::PageType;
namespace offset = page::offset;

namespace {

void store16(std::byte* page, std::size_t at, std::size_t value) {
  store_le(page + at, static_cast<std::uint16_t>(value));
}

std::size_t rounded_capacity(std::size_t count) {
  const std::size_t step = page::kCapacityStep;
  return std::max(step, (count + step - 1) / step * step);
}

std::size_t common_prefix(Bytes a, Bytes b) {
  const std::size_t limit = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(limit), b.begin()).first -
      a.begin());
}

std::size_t prefix_length(const Shape& shape) {
  return shape.upper.has_value() ? common_prefix(shape.lower, *shape.upper) : 0;
}

std::size_t fence_bytes(const Shape& shape) {
  return shape.lower.size() + (shape.upper.has_value() ? shape.upper->size() : 0);
}

void refresh_hints(std::byte* page) {
  const Node node(page);
  const std::size_t count = node.count();
  for (std::size_t i = 0; i < page::kHintCount; ++i) {
    const std::uint32_t hint =
        count == 0 ? UINT32_MAX : node.head((i + 1) * count / (page::kHintCount + 1));
    store_le(page + page::kHintsOffset + 4 * i, hint);
  }
}

std::size_t cell_size(Node node, std::size_t i) {
  return node.is_leaf() ? node.leaf_cell(i).size() : node.suffix(i).size();
}

// Bytes of the heap that belong to something.
std::size_t live_bytes(Node node) { return kPageSize - node.heap_top() - node.heap_garbage(); }

std::uint32_t make_slot(std::size_t offset, std::size_t suffix_size, page::RowFlags flags) {
  return static_cast<std::uint32_t>(offset | (suffix_size << 16) | std::size_t{flags} << 28);
}

void store_slot(std::byte* page, std::size_t capacity, std::size_t i, std::uint32_t slot) {
  store_le(page + kHeadsOffset + 4 * capacity + 4 * i, slot);
}

void store_head(std::byte* page, std::size_t i, std::uint32_t head) {
  store_le(page + kHeadsOffset + 4 * i, head);
}

void store_child(std::byte* page, std::size_t capacity, std::size_t i, PageId child) {
  store_le(page + kHeadsOffset + 8 * capacity + 8 * i, std::uint64_t{number(child)});
}

// Appends at the low end of the heap of a page under construction.
class HeapWriter {
 public:
  explicit HeapWriter(std::byte* page) : page_(page) {}

  std::size_t put(Bytes bytes) {
    top_ -= bytes.size();
    if (!bytes.empty()) std::memcpy(page_ + top_, bytes.data(), bytes.size());
    return top_;
  }
  [[nodiscard]] std::size_t top() const { return top_; }
  std::byte* reserve(std::size_t size) {
    top_ -= size;
    return page_ + top_;
  }

 private:
  std::byte* page_;
  std::size_t top_ = kPageSize;
};

void write_row(std::byte* to, Bytes value, std::uint64_t word) {
  store_le(to, word);
  to += 8;
  std::size_t length = value.size();
  if (length >= 0x80) {
    *to++ = static_cast<std::byte>((length & 0x7f) | 0x80);
    length >>= 7;
  }
  *to++ = static_cast<std::byte>(length);
  if (!value.empty()) std::memcpy(to, value.data(), value.size());
}

void store_fences(std::byte* page, const Shape& shape, HeapWriter& heap) {
  const bool bounded = shape.upper.has_value();
  store16(page, 128, shape.lower.empty() ? 0 : heap.put(shape.lower));
  store16(page, 130, shape.lower.size());
  store16(page, 132, bounded ? heap.put(*shape.upper) : 0);
  store16(page, 134, bounded ? shape.upper->size() : 0);
  store16(page, page::kPrefixLengthOffset, prefix_length(shape));
}

// A lead shorter than a head leaves the heads something to tell keys apart by.
constexpr std::size_t kLeadMin = 4;

void store_lead(std::byte* page, std::size_t at, std::size_t length) {
  store16(page, page::kLeadOffset, length == 0 ? 0 : at);
  store16(page, page::kLeadOffset + 2, length);
}

// The lead of a page of ascending keys from `first` to `last`; 0 when it would not pay or has no
// room in `room` bytes.
std::size_t lead_of(Bytes first, Bytes last, std::size_t room) {
  const std::size_t length = common_prefix(first, last);
  return length < kLeadMin || length > room ? 0 : length;
}

// Moves all cells together, so that what was erased becomes free space, and leaves `room` for more.
void compact(std::byte* target, std::size_t capacity, std::size_t room) {
  alignas(64) std::array<std::byte, kPageSize> built;
  std::memset(built.data() + page::kHintsOffset, 0,
              arrays_end(true, capacity) - page::kHintsOffset);
  const Node node(target);
  const Shape shape = shape_of(node);
  std::memcpy(built.data(), target, page::kHeaderSize);
  HeapWriter heap(built.data());
  store_fences(built.data(), shape, heap);
  const std::size_t count = node.count();
  const std::size_t end = arrays_end(shape.type != PageType::kLeaf, capacity);
  const std::size_t needed = end + room + live_bytes(node) - node.lead_length();
  const std::size_t lead =
      count < 2 ? 0 : lead_of(node.suffix(0), node.suffix(count - 1), kPageSize - needed);
  if (lead > 0) store_lead(built.data(), heap.put(node.suffix(0).first(lead)), lead);
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes suffix = node.suffix(i);
    const std::size_t at = heap.put(Bytes(suffix.data(), cell_size(node, i)));
    store_head(built.data(), i, page::head_of(suffix.subspan(lead)));
    store_slot(built.data(), capacity, i,
               make_slot(at, suffix.size(), Node::slot_flags(node.slot(i))));
  }
  if (!node.is_leaf()) {
    for (std::size_t i = 0; i <= count; ++i) store_child(built.data(), capacity, i, node.child(i));
  }
  store16(built.data(), offset::kCapacity, capacity);
  store16(built.data(), offset::kHeapTop, heap.top());
  store16(built.data(), offset::kHeapGarbage, 0);
  std::memset(built.data() + end, 0, heap.top() - end);
  copy_node(target, built.data());
  refresh_hints(target);
}

// Makes room for one more cell of `size` bytes.
bool make_room(std::byte* target, std::size_t size) {
  const Node node(target);
  const bool inner = !node.is_leaf();
  const std::size_t capacity = node.capacity();
  const std::size_t least = rounded_capacity(node.count() + 1);
  const std::size_t needed = std::max(capacity, least);
  if (needed == capacity && arrays_end(inner, capacity) + size <= node.heap_top()) return true;
  const std::size_t live = live_bytes(node) - node.lead_length();
  for (const std::size_t fitting : {needed, least}) {
    if (arrays_end(inner, fitting) + live + size > kPageSize) continue;
    compact(target, fitting, size);
    return true;
  }
  return false;
}

// `suffix` is about to join the page: a lead that it does not share is cut short or given up.
void adapt_lead(std::byte* page, Bytes suffix) {
  const Node node(page);
  const std::size_t lead = node.lead_length();
  if (lead == 0) return;
  const std::size_t shared = common_prefix(node.lead(), suffix);
  if (shared == lead) return;
  const std::size_t kept = shared < kLeadMin ? 0 : shared;
  store16(page, offset::kHeapGarbage, node.heap_garbage() + lead - kept);
  store_lead(page, load_le<std::uint16_t>(page + page::kLeadOffset), kept);
  for (std::size_t i = 0; i < node.count(); ++i) {
    store_head(page, i, page::head_of(node.suffix(i).subspan(kept)));
  }
}

// Gives back the cell of slot `i`.
void drop_cell(std::byte* page, std::size_t i) {
  const Node node(page);
  const std::size_t at = Node::cell_offset(node.slot(i));
  const std::size_t size = cell_size(node, i);
  if (at == node.heap_top()) {
    store16(page, offset::kHeapTop, at + size);
  } else {
    store16(page, offset::kHeapGarbage, node.heap_garbage() + size);
  }
}

std::byte* take_cell(std::byte* page, std::size_t size) {
  const std::size_t top = Node(page).heap_top() - size;
  store16(page, offset::kHeapTop, top);
  return page + top;
}

void open_slot(std::byte* page, std::size_t index, Bytes suffix, std::size_t cell,
               page::RowFlags flags) {
  const Node node(page);
  const std::size_t count = node.count();
  const std::size_t capacity = node.capacity();
  std::byte* heads = page + kHeadsOffset;
  std::byte* slots = heads + 4 * capacity;
  std::memmove(heads + 4 * index + 4, heads + 4 * index, 4 * (count - index));
  std::memmove(slots + 4 * index + 4, slots + 4 * index, 4 * (count - index));
  store_head(page, index, page::head_of(suffix.subspan(node.lead_length())));
  store_slot(page, capacity, index, make_slot(cell, suffix.size(), flags));
  store16(page, offset::kCount, count + 1);
}

void close_slot(std::byte* page, std::size_t index) {
  const Node node(page);
  const std::size_t count = node.count();
  std::byte* heads = page + kHeadsOffset;
  std::byte* slots = heads + 4 * node.capacity();
  std::memmove(heads + 4 * index, heads + 4 * index + 4, 4 * (count - index - 1));
  std::memmove(slots + 4 * index, slots + 4 * index + 4, 4 * (count - index - 1));
  store16(page, offset::kCount, count - 1);
}

}  // namespace

// The header's identity (id, checksum, write sequence) and its in-memory half are the pager's.
void copy_node(std::byte* target, const std::byte* source) {
  std::memcpy(target + offset::kTree, source + offset::kTree, offset::kGeneration - offset::kTree);
  std::memcpy(target + page::kHeaderSize, source + page::kHeaderSize,
              kPageSize - page::kHeaderSize);
}

Shape shape_of(Node node) {
  return {.type = page::type_of(node.page()),
          .level = node.level(),
          .tree = page::tree_of(node.page()),
          .lower = node.lower_fence(),
          .upper = node.upper_fence()};
}

std::size_t leaf_cell_size(std::size_t suffix_size, std::size_t value_size) {
  return suffix_size + 8 + page::varint_size(value_size) + value_size;
}

std::size_t built_size(const Shape& shape, std::span<const Cell> cells) {
  const bool leaf = shape.type == PageType::kLeaf;
  const std::size_t prefix = prefix_length(shape);
  std::size_t size = arrays_end(!leaf, rounded_capacity(cells.size())) + fence_bytes(shape);
  for (const Cell& cell : cells) {
    const std::size_t suffix = cell.key_size() - prefix;
    size += leaf ? leaf_cell_size(suffix, cell.value.size()) : suffix;
  }
  return size;
}

namespace {

// Stores the lead of a page under construction, which still has its whole heap; returns its length.
std::size_t store_lead_of(std::byte* built, const Shape& shape, std::span<const Cell> cells,
                          HeapWriter& heap) {
  if (cells.size() < 2) return 0;
  const std::size_t prefix = prefix_length(shape);
  const std::string first = key_of(cells.front());
  const std::string last = key_of(cells.back());
  const Bytes suffix = as_bytes(first).subspan(prefix);
  const std::size_t lead =
      lead_of(suffix, as_bytes(last).subspan(prefix), kPageSize - built_size(shape, cells));
  if (lead > 0) store_lead(built, heap.put(suffix.first(lead)), lead);
  return lead;
}

}  // namespace

void build_node(std::byte* target, const Shape& shape, std::span<const Cell> cells,
                std::span<const PageId> children) {
  NACRE_CHECK(built_size(shape, cells) <= kPageSize, "callers divide cells so that they fit");
  const bool leaf = shape.type == PageType::kLeaf;
  NACRE_CHECK(leaf ? children.empty() : children.size() == cells.size() + 1,
              "an inner page has one child more than separators");
  alignas(64) std::array<std::byte, kPageSize> built{};
  const std::size_t capacity = rounded_capacity(cells.size());
  store_le(built.data() + offset::kTree, shape.tree);
  built[offset::kType] = static_cast<std::byte>(shape.type);
  built[offset::kLevel] = static_cast<std::byte>(shape.level);
  built[offset::kLog2Size] = std::byte{page::kLog2PageSize};
  store_le(built.data() + offset::kMinEnd, UINT64_MAX);
  HeapWriter heap(built.data());
  store_fences(built.data(), shape, heap);
  const std::size_t prefix = prefix_length(shape);
  const std::size_t lead = store_lead_of(built.data(), shape, cells, heap);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const Cell& cell = cells[i];
    NACRE_CHECK(cell.key_size() >= prefix, "keys lie between the fences");
    const std::size_t suffix_size = cell.key_size() - prefix;
    std::byte* to =
        heap.reserve(leaf ? leaf_cell_size(suffix_size, cell.value.size()) : suffix_size);
    const std::size_t from_prefix = cell.prefix.size() > prefix ? cell.prefix.size() - prefix : 0;
    if (from_prefix > 0) std::memcpy(to, cell.prefix.data() + prefix, from_prefix);
    const Bytes rest = cell.suffix.last(suffix_size - from_prefix);
    if (!rest.empty()) std::memcpy(to + from_prefix, rest.data(), rest.size());
    if (leaf) write_row(to + suffix_size, cell.value, cell.word);
    store_head(built.data(), i, page::head_of(Bytes(to, suffix_size).subspan(lead)));
    store_slot(built.data(), capacity, i, make_slot(heap.top(), suffix_size, cell.flags));
  }
  for (std::size_t i = 0; i < children.size(); ++i) {
    store_child(built.data(), capacity, i, children[i]);
  }
  store16(built.data(), offset::kCount, cells.size());
  store16(built.data(), offset::kCapacity, capacity);
  store16(built.data(), offset::kHeapTop, heap.top());
  copy_node(target, built.data());
  refresh_hints(target);
}

void gather(Node node, std::vector<Cell>& cells) {
  for (std::size_t i = 0; i < node.count(); ++i) {
    if (node.is_leaf()) {
      const Node::LeafCell cell = node.leaf_cell(i);
      cells.push_back({node.prefix(), cell.suffix, cell.value, cell.word, cell.flags});
    } else {
      cells.push_back({node.prefix(), node.suffix(i), {}, 0, 0});
    }
  }
}

void gather_children(Node node, std::vector<PageId>& children) {
  for (std::size_t i = 0; i <= node.count(); ++i) children.push_back(node.child(i));
}

bool leaf_insert(std::byte* page, std::size_t index, Bytes suffix, Bytes value, std::uint64_t word,
                 page::RowFlags flags) {
  const std::size_t size = leaf_cell_size(suffix.size(), value.size());
  if (!make_room(page, size)) return false;
  adapt_lead(page, suffix);
  std::byte* cell = take_cell(page, size);
  if (!suffix.empty()) std::memcpy(cell, suffix.data(), suffix.size());
  write_row(cell + suffix.size(), value, word);
  open_slot(page, index, suffix, static_cast<std::size_t>(cell - page), flags);
  refresh_hints(page);
  return true;
}

bool leaf_replace(std::byte* page, std::size_t index, Bytes value, std::uint64_t word,
                  page::RowFlags flags) {
  const Node node(page);
  const Node::LeafCell old = node.leaf_cell(index);
  const std::size_t size = leaf_cell_size(old.suffix.size(), value.size());
  if (size <= old.size()) {
    store16(page, offset::kHeapGarbage, node.heap_garbage() + old.size() - size);
    const auto cell = static_cast<std::size_t>(old.suffix.data() - page);
    write_row(page + cell + old.suffix.size(), value, word);
    if (flags != old.flags) {
      store_slot(page, node.capacity(), index, make_slot(cell, old.suffix.size(), flags));
    }
    return true;
  }
  // The old cell counts as room: compacting leaves it out.
  const std::size_t live = live_bytes(node) - node.lead_length() - old.size();
  const std::size_t least = rounded_capacity(node.count());
  if (arrays_end(false, least) + live + size > kPageSize) return false;
  std::array<std::byte, 4096> key;
  const Bytes suffix(key.data(), old.suffix.size());
  if (!suffix.empty()) std::memcpy(key.data(), old.suffix.data(), suffix.size());
  drop_cell(page, index);
  close_slot(page, index);
  const bool inserted = leaf_insert(page, index, suffix, value, word, flags);
  NACRE_CHECK(inserted, "the room was counted above");
  return true;
}

bool inner_insert(std::byte* page, std::size_t index, Bytes suffix, PageId right) {
  if (!make_room(page, suffix.size())) return false;
  adapt_lead(page, suffix);
  std::byte* cell = take_cell(page, suffix.size());
  if (!suffix.empty()) std::memcpy(cell, suffix.data(), suffix.size());
  const Node node(page);
  const std::size_t capacity = node.capacity();
  std::byte* children = page + kHeadsOffset + 8 * capacity;
  std::memmove(children + 8 * (index + 2), children + 8 * (index + 1), 8 * (node.count() - index));
  store_child(page, capacity, index + 1, right);
  open_slot(page, index, suffix, static_cast<std::size_t>(cell - page), 0);
  refresh_hints(page);
  return true;
}

void leaf_erase(std::byte* page, std::size_t index) {
  drop_cell(page, index);
  close_slot(page, index);
  refresh_hints(page);
}

void inner_erase(std::byte* page, std::size_t index) {
  drop_cell(page, index);
  const Node node(page);
  std::byte* children = page + kHeadsOffset + 8 * node.capacity();
  std::memmove(children + 8 * (index + 1), children + 8 * (index + 2),
               8 * (node.count() - index - 1));
  close_slot(page, index);
  refresh_hints(page);
}

std::string shortest_separator(Bytes below, Bytes above) {
  NACRE_CHECK(compare(below, above) < 0, "a separator lies between two different keys");
  return to_string(above.first(common_prefix(below, above) + 1));
}

std::string key_of(const Cell& cell) {
  std::string key(as_text(cell.prefix));
  key.append(as_text(cell.suffix));
  return key;
}

}  // namespace nacre::tree
