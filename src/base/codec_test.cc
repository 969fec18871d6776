#include "base/codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace nacre {
namespace {

TEST(Codec, VarintsRoundTripAtEveryWidth) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value : {std::uint64_t{1} << shift, (std::uint64_t{1} << shift) - 1,
                                      std::numeric_limits<std::uint64_t>::max() >> shift}) {
      std::string bytes;
      append_varint(bytes, value);
      Decoder decoder(as_bytes(bytes));
      EXPECT_EQ(decoder.varint(), value);
      EXPECT_TRUE(decoder.done());
    }
  }
}

TEST(Codec, CutOrOverlongVarintIsRefusedAndMovesNowhere) {
  Decoder cut(as_bytes("\x80\x80"));
  EXPECT_EQ(cut.varint(), std::nullopt);
  EXPECT_EQ(cut.rest().size(), 2U);
  Decoder overlong(as_bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
  EXPECT_EQ(overlong.varint(), std::nullopt);
}

TEST(Codec, FixedIntegersAreLittleEndianAndBigEndianSortsAsBytes) {
  std::string bytes;
  append_le(bytes, std::uint32_t{0x01020304});
  EXPECT_EQ(bytes, std::string("\x04\x03\x02\x01", 4));
  std::string small;
  std::string large;
  append_be(small, std::uint64_t{255});
  append_be(large, std::uint64_t{256});
  EXPECT_LT(small, large);
  EXPECT_EQ(load_be<std::uint64_t>(as_bytes(large).data()), 256U);
}

TEST(Codec, DecoderNeverReadsPastItsEnd) {
  Decoder decoder(as_bytes("abc"));
  EXPECT_EQ(decoder.fixed<std::uint32_t>(), std::nullopt);
  EXPECT_FALSE(decoder.bytes(4).has_value());
  EXPECT_EQ(as_text(*decoder.bytes(3)), "abc");
  EXPECT_TRUE(decoder.done());
}

}  // namespace
}  // namespace nacre
