#include <gtest/gtest.h>

#include "bson/json.h"
#include "bson/key_encoder.h"
#include "bson/random_values_testing.h"
#include "bson/validate.h"

namespace nacre::bson {
namespace {

TEST(KeyDecoder, GivesBackWhatWasEncoded) {
  const std::uint64_t seed = testing::seed_or(6);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  testing::RandomValues random(seed);
  for (int step = 0; step < 20000; ++step) {
    const Value a = random.value();
    const Value b = random.value();
    const Direction directions[] = {
        random.one_in(2) ? Direction::kAscending : Direction::kDescending,
        random.one_in(2) ? Direction::kAscending : Direction::kDescending};
    const auto key =
        KeyBuilder().append(a.element(), directions[0]).append(b.element(), directions[1]).finish();
    if (!key.exact) continue;
    const auto decoded = decode_key(as_bytes(key.bytes), as_bytes(key.type_bits), directions);
    const Document expected = Builder::array().push(a.element()).push(b.element()).finish();
    ASSERT_TRUE(decoded.has_value())
        << decoded.error().text() << to_json(expected, JsonForm::kCanonical);
    ASSERT_EQ(decoded->bytes(), expected.bytes())
        << to_json(*decoded, JsonForm::kCanonical) << " instead of "
        << to_json(expected, JsonForm::kCanonical);
  }
}

TEST(KeyDecoder, EveryFlippedByteIsAnErrorOrAnotherValue) {
  testing::RandomValues random(testing::seed_or(8));
  const Direction directions[] = {Direction::kAscending};
  for (int step = 0; step < 300; ++step) {
    const auto key = encode_key(random.value().element());
    for (std::size_t at = 0; at < key.bytes.size(); ++at) {
      std::string bytes = key.bytes;
      bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 + random.below(255)));
      const auto decoded = decode_key(as_bytes(bytes), as_bytes(key.type_bits), directions);
      if (decoded.has_value()) {
        EXPECT_FALSE(to_json(*decoded).empty());
      } else {
        EXPECT_EQ(decoded.error().code(), Code::kCorrupt);
      }
      EXPECT_FALSE(decode_key(as_bytes(key.bytes).first(at), as_bytes(key.type_bits), directions)
                       .has_value());
    }
  }
}

}  // namespace
}  // namespace nacre::bson
