#include "bson/key_encoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "bson/hash128_internal.h"
#include "bson/json.h"
#include "bson/random_values_testing.h"

namespace nacre::bson {
namespace {

std::string encoded(const Element& value, Direction direction = Direction::kAscending) {
  std::string key;
  append_key(key, value, direction);
  return key;
}

int sign(std::weak_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }
int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

std::string shown(const Value& value) { return to_json(value.element(), JsonForm::kCanonical); }

void expect_same_order(const Value& a, const Value& b) {
  const int expected = sign(compare(a.element(), b.element()));
  const std::string left = encoded(a.element());
  const std::string right = encoded(b.element());
  ASSERT_EQ(sign(left.compare(right)), expected) << shown(a) << " and " << shown(b);
  ASSERT_EQ(sign(encoded(a.element(), Direction::kDescending)
                     .compare(encoded(b.element(), Direction::kDescending))),
            -expected)
      << "descending " << shown(a) << " and " << shown(b);
  if (expected != 0) {
    ASSERT_FALSE(left.starts_with(right)) << "KEY-3: " << shown(a) << " and " << shown(b);
    ASSERT_FALSE(right.starts_with(left)) << "KEY-3: " << shown(a) << " and " << shown(b);
  }
}

// KEY-1, KEY-2
TEST(KeyEncoder, EncodedOrderIsComparisonOrder) {
  const std::uint64_t seed = testing::seed_or(2);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  for (int step = 0; step < 20000; ++step) expect_same_order(random.value(), random.value());
}

TEST(KeyEncoder, EncodedOrderOfNumbersIsComparisonOrder) {
  const std::uint64_t seed = testing::seed_or(3);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  int equal_of_two_types = 0;
  for (int step = 0; step < 30000; ++step) {
    Builder builder;
    random.number(builder, "a");
    random.number(builder, "b");
    const Document pair = builder.finish();
    const Value a(pair.find("a"));
    const Value b(pair.find("b"));
    expect_same_order(a, b);
    if (a.type() != b.type() && compare(a.element(), b.element()) == 0) ++equal_of_two_types;
  }
  EXPECT_GT(equal_of_two_types, 100) << "the generator must reach equal values of different types";
}

TEST(KeyEncoder, CompoundOrderIsTheOrderOfTheComponents) {
  const std::uint64_t seed = testing::seed_or(4);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  for (int step = 0; step < 10000; ++step) {
    const Value a[] = {random.value(1), random.value(1)};
    const Value b[] = {random.one_in(2) ? a[0] : random.value(1), random.value(1)};
    const auto first = compare(a[0].element(), b[0].element());
    const auto second = 0 <=> compare(a[1].element(), b[1].element());
    const auto key = [](const Value(&pair)[2]) {
      return KeyBuilder()
          .append(pair[0].element())
          .append(pair[1].element(), Direction::kDescending)
          .finish()
          .bytes;
    };
    ASSERT_EQ(sign(key(a).compare(key(b))), sign(first != 0 ? first : second))
        << shown(a[0]) << shown(a[1]) << " and " << shown(b[0]) << shown(b[1]);
  }
}

// KEY-4
TEST(KeyEncoder, LongValuesKeepAPrefixAndAHash) {
  const std::string text(2000, 'x');
  const auto a = encode_key(Value(text).element());
  const auto b = encode_key(Value(text + "y").element());
  EXPECT_EQ(a.bytes.size(), kKeyBytesMax);
  EXPECT_FALSE(a.exact);
  EXPECT_NE(a.bytes, b.bytes);
  EXPECT_EQ(a.bytes, encode_key(Value(text).element()).bytes);
  EXPECT_TRUE(encode_key(Value(std::string(800, 'x')).element()).exact);
  EXPECT_LT(a.bytes, encode_key(Value("y").element()).bytes);

  const std::string encoding = encoded(Value(text).element());
  EXPECT_TRUE(is_widened(encoding));
  EXPECT_LE(lower_bound_key(encoding), a.bytes);
  EXPECT_GT(upper_bound_key(encoding), a.bytes);
}

TEST(KeyEncoder, KeysOfARankHoldItsValuesAndNoOthers) {
  const std::uint64_t seed = testing::seed_or(5);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  for (int step = 0; step < 5000; ++step) {
    const Value value = random.value(1);
    const std::optional<double> number = value.element().as_double();
    for (const Direction direction : {Direction::kAscending, Direction::kDescending}) {
      const std::string key = encoded(value.element(), direction);
      for (std::uint8_t other = 1; other <= rank(Type::kMaxKey); ++other) {
        const RankRange range = keys_of_rank(other, direction);
        const bool inside = range.first <= key && key < range.last;
        const bool nan = number.has_value() && std::isnan(*number);
        ASSERT_EQ(inside, other == rank(value.type()) && !nan) << shown(value);
      }
    }
  }
}

TEST(KeyEncoder, TypeBitsAreEmptyForTheCommonTypes) {
  EXPECT_TRUE(encode_key(Value(5).element()).type_bits.empty());
  EXPECT_TRUE(encode_key(Value("text").element()).type_bits.empty());
  EXPECT_EQ(encode_key(Value(5.0).element()).type_bits, "\x02");
  EXPECT_EQ(encode_key(Value(std::int64_t{5}).element()).type_bits, "\x01");
}

// The vectors that the function's authors publish: key 00..0f, input 00 01 02 ...
TEST(Hash128, GivesThePublishedVectors) {
  std::string input;
  const auto of = [&] { return hash128(as_bytes(input), 0x0706050403020100, 0x0f0e0d0c0b0a0908); };
  EXPECT_EQ(of(), (Hash128{.high = 0xe6a825ba047f81a3, .low = 0x930255c71472f66d}));
  input.push_back('\0');
  EXPECT_EQ(of(), (Hash128{.high = 0x44af996bd8c187da, .low = 0x45fc229b11597634}));
}

// docs/format/keys.md holds lines "| `<canonical JSON value>` | `<hex>` |" and is checked here.
TEST(KeyFormatDoc, ExamplesAreWhatIsEncoded) {
  std::ifstream file(std::string(NACRE_SOURCE_DIR) + "/docs/format/keys.md");
  ASSERT_TRUE(file.good()) << "docs/format/keys.md is missing";
  int examples = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `[")) continue;
    const std::size_t value_end = line.find("` | `");
    ASSERT_NE(value_end, std::string::npos) << line;
    const std::size_t hex_start = value_end + 5;
    const auto array = array_from_json(line.substr(3, value_end - 3));
    ASSERT_TRUE(array.has_value()) << line;
    std::string key;
    for (const Element& value : array->view()) append_key(key, value, Direction::kAscending);
    std::ostringstream hex;
    for (const char byte : key) {
      static constexpr char kDigits[] = "0123456789abcdef";
      if (hex.tellp() > 0) hex << ' ';
      hex << kDigits[static_cast<unsigned char>(byte) >> 4] << kDigits[byte & 0xf];
    }
    EXPECT_EQ(line.substr(hex_start, line.find('`', hex_start) - hex_start), hex.str()) << line;
    ++examples;
  }
  EXPECT_GE(examples, 20);
}

}  // namespace
}  // namespace nacre::bson
