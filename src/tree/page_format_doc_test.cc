// The example of docs/format/page.md, taken from the document.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>
#include <string>

#include "base/text.h"
#include "page/node_check.h"
#include "page/node_search.h"
#include "page/page_header.h"
#include "tree/node_edit.h"

namespace nacre::tree {
namespace {

using PageBytes = std::array<std::byte, page::kPageSize>;

// Lines "0040: 12 34 ..."; bytes not shown are zero.
PageBytes example_of(const std::string& path) {
  PageBytes bytes{};
  std::ifstream file(path);
  std::string line;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line.starts_with("```")) inside = line == "```text";
    if (!inside || line.size() < 6 || line[4] != ':') continue;
    std::size_t at = std::stoul(line.substr(0, 4), nullptr, 16);
    std::istringstream numbers(line.substr(5));
    for (std::string byte; numbers >> byte;) {
      bytes.at(at++) = static_cast<std::byte>(std::stoul(byte, nullptr, 16));
    }
  }
  return bytes;
}

// As the document would show them.
std::string lines_of(const PageBytes& bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    std::string line = format("{:04x}:", at);
    bool zero = true;
    for (std::size_t i = at; i < at + 16; ++i) {
      line += format(" {:02x}", static_cast<unsigned>(bytes[i]));
      zero = zero && bytes[i] == std::byte{0};
    }
    if (!zero) text += line + "\n";
  }
  return text;
}

PageBytes make_example() {
  alignas(64) PageBytes page{};
  store_le(page.data() + page::offset::kId, std::uint32_t{7});
  const std::array cells{
      Cell{as_bytes("ap"), as_bytes("ple"), as_bytes("red"), (41ULL << 16) | 1},
      Cell{as_bytes("ap"), as_bytes("ricot"), as_bytes("orange"), (42ULL << 16) | 1}};
  build_node(page.data(), {.tree = 3, .lower = as_bytes("ap"), .upper = as_bytes("aq")}, cells, {});
  PageBytes encoded{};
  page::encode_page(page.data(), page::CheckpointSeq{0x1a}, encoded.data());
  return encoded;
}

TEST(PageFormatDoc, ExampleDecodes) {
  const PageBytes bytes = example_of(NACRE_SOURCE_DIR "/docs/format/page.md");
  EXPECT_EQ(lines_of(bytes), lines_of(make_example()));
  const auto checksum = load_le<std::uint32_t>(bytes.data());
  const auto checked = page::check_page(bytes.data(), page::PageId{7}, page::CheckpointSeq{0x1a},
                                        static_cast<std::uint16_t>(checksum), "store.dat");
  ASSERT_TRUE(checked.has_value()) << checked.error().text();
  EXPECT_EQ(page::check_node_bounds(bytes.data()), "");
  EXPECT_EQ(page::check_node_order(bytes.data()), "");
  const page::Node node(bytes.data());
  ASSERT_EQ(node.count(), 2U);
  EXPECT_EQ(as_text(node.prefix()), "a");
  const page::Found found = page::search(node, node.strip(as_bytes("apricot")));
  ASSERT_TRUE(found.equal);
  EXPECT_EQ(as_text(node.leaf_cell(found.index).value), "orange");
  EXPECT_EQ(node.leaf_cell(found.index).word, (42ULL << 16) | 1);
}

}  // namespace
}  // namespace nacre::tree
