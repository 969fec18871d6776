#include "page/page_header.h"

#include <gtest/gtest.h>

#include <array>

#include "base/codec.h"

namespace nacre::page {
namespace {

struct alignas(64) Page {
  std::array<std::byte, kPageSize> bytes{};
};

// PAGE-1, PAGE-3: whole, with the checksum the map expects, and still not what was asked for.
// PAGE-1, PAGE-2, PAGE-3
TEST(PageHeader, IntactPageInTheWrongPlaceOrTimeIsDamage) {
  Page page;
  store_le(page.bytes.data() + offset::kId, std::uint32_t{7});
  page.bytes[offset::kType] = std::byte{1};
  page.bytes[offset::kLog2Size] = std::byte{kLog2PageSize};
  Page written;
  const auto checksum = static_cast<std::uint16_t>(
      encode_page(page.bytes.data(), CheckpointSeq{5}, written.bytes.data()));
  const auto check = [&](std::uint32_t id, std::uint64_t newest, std::uint16_t check16) {
    return check_page(written.bytes.data(), PageId{id}, CheckpointSeq{newest}, check16, "f");
  };
  const auto right = check(7, 5, checksum);
  ASSERT_TRUE(right.has_value()) << right.error().text();
  EXPECT_FALSE(check(8, 5, checksum).has_value()) << "another page's place";
  EXPECT_FALSE(check(7, 4, checksum).has_value()) << "newer than the checkpoint";
  EXPECT_FALSE(check(7, 5, checksum ^ 1).has_value()) << "an older state";
}

}  // namespace
}  // namespace nacre::page
