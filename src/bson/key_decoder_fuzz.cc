// Keys from anywhere: damage is an error, and what is decoded encodes to the same bytes again.
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "bson/key_encoder.h"
#include "bson/validate.h"

// The first byte says how long the type bits are; they come next, then the key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nacre;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (bytes.empty()) return 0;
  const std::size_t bits = std::min<std::size_t>(static_cast<std::size_t>(bytes[0]), size - 1);
  const std::array<bson::Direction, 2> directions = {bson::Direction::kAscending,
                                                     bson::Direction::kDescending};
  const auto values = bson::decode_key(bytes.subspan(1 + bits), bytes.subspan(1, bits), directions);
  if (!values) return 0;
  if (!bson::validate(as_bytes(values->bytes()))) return 0;  // strings need not be UTF-8
  std::string key;
  std::size_t i = 0;
  for (const bson::Element& value : values->view()) bson::append_key(key, value, directions[i++]);
  const auto again = bson::decode_key(as_bytes(key), bytes.subspan(1, bits), directions);
  NACRE_CHECK(again.has_value(), "what was encoded can be decoded");
  std::string twice;
  i = 0;
  for (const bson::Element& value : again->view()) bson::append_key(twice, value, directions[i++]);
  NACRE_CHECK(key == twice, "and is the same");
  return 0;
}
