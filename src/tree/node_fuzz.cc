// Edits of a page of a tree. What the pager's check lets pass must be safe to search and to walk;
// what the full check lets pass must find every key it shows.
//
// Input: a byte that picks the page, then edits of four bytes: place (2), what to do, a byte.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/codec.h"
#include "base/text.h"
#include "page/node.h"
#include "page/node_check.h"
#include "page/node_search.h"
#include "tree/node_edit.h"

namespace {

using namespace nacre;
using page::kPageSize;
using page::Node;

struct alignas(64) Page {
  std::array<std::byte, kPageSize> bytes{};
};

// Leaves and inner pages, with and without a common prefix, with equal heads, and empty.
std::vector<Page> make_pages() {
  std::vector<Page> pages;
  for (const int kind : {0, 1, 2, 3, 4}) {
    std::vector<std::string> keys;
    for (int i = 0; i < (kind == 4 ? 0 : 40); ++i) {
      keys.push_back(kind == 1 ? format("common/prefix/{:04}", i) : format("{:03}key", i));
    }
    const bool inner = kind == 2 || kind == 3;
    std::vector<tree::Cell> cells;
    std::vector<page::PageId> children{page::PageId{100}};
    for (const std::string& key : keys) {
      cells.push_back({.prefix = {}, .suffix = as_bytes(key), .value = as_bytes(key), .word = 7});
      children.push_back(page::PageId{200});
    }
    const std::string lower = kind == 1 ? "common/prefix/" : "";
    const std::string upper = kind == 1 ? "common/prefix/9" : "zz";
    tree::Shape shape{.type = inner ? page::PageType::kInner : page::PageType::kLeaf,
                      .level = static_cast<std::uint8_t>(inner ? 1 : 0),
                      .tree = 3,
                      .lower = as_bytes(lower),
                      .upper = as_bytes(upper)};
    Page made;
    tree::build_node(
        made.bytes.data(), shape, cells,
        inner ? std::span<const page::PageId>(children) : std::span<const page::PageId>());
    NACRE_CHECK(page::check_node_bounds(made.bytes.data()).empty(), "what is built is in bounds");
    NACRE_CHECK(page::check_node_order(made.bytes.data()).empty(), "what is built is in order");
    pages.push_back(made);
  }
  return pages;
}

// Reads all there is; addresses are what the sanitizer looks at.
std::size_t walk(Node node) {
  std::size_t sum = node.lower_fence().size() + node.prefix().size() + node.lead().size();
  if (node.upper_fence().has_value()) sum += node.upper_fence()->size();
  for (std::size_t i = 0; i < node.count(); ++i) {
    for (const std::byte b : node.suffix(i)) sum += static_cast<std::size_t>(b);
    if (node.is_leaf()) {
      for (const std::byte b : node.leaf_cell(i).value) sum += static_cast<std::size_t>(b);
    }
  }
  if (!node.is_leaf()) {
    for (std::size_t i = 0; i <= node.count(); ++i) sum += number(node.child(i));
  }
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Page> pages = make_pages();
  if (size == 0) return 0;
  // On the heap, so that a step outside is seen.
  const auto page = std::make_unique<Page>(pages[data[0] % pages.size()]);
  Bytes edits(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  for (; edits.size() >= 4; edits = edits.subspan(4)) {
    const auto place = load_le<std::uint16_t>(edits.data());
    const auto what = static_cast<unsigned>(edits[2]);
    // Most of what matters lies in the first kilobyte.
    std::byte& target = page->bytes[what < 128 ? place % 1024 : place % kPageSize];
    target = what % 2 == 0 ? edits[3] : target ^ edits[3];
  }
  const std::byte* bytes = page->bytes.data();
  if (!page::check_node_bounds(bytes).empty()) return 0;
  const Node node(bytes);
  [[maybe_unused]] static volatile std::size_t sink;
  sink = walk(node);
  for (const char* key : {"", "000key", "020key", "common/prefix/0020", "zzz"}) {
    const page::Found found = page::search(node, as_bytes(key));
    NACRE_CHECK(found.index <= node.count(), "a search ends in the page");
  }
  if (!page::check_node_order(bytes).empty()) return 0;
  for (std::size_t i = 0; i < node.count(); ++i) {
    const page::Found found = page::search(node, node.suffix(i));
    NACRE_CHECK(found.equal && found.index == i, "a key of the page is found where it is");
  }
  return 0;
}
