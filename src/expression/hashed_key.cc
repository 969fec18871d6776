#include "expression/hashed_key.h"

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "base/codec.h"
#include "bson/decimal.h"

namespace nacre::expression {
namespace {

// The whole parts of |sin(1)| to |sin(64)| times 2^32.
constexpr std::array<std::uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
// How far each step of a round turns, four by four.
constexpr std::array<std::array<int, 4>, 4> kTurns = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};
constexpr std::size_t kBlockSize = 64;

using State = std::array<std::uint32_t, 4>;

void add_block(State& state, const std::byte* block) {
  auto [a, b, c, d] = state;
  for (std::uint32_t step = 0; step < kBlockSize; ++step) {
    std::uint32_t mixed = 0;
    std::uint32_t word = 0;
    switch (step / 16) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = step;
        break;
      case 1:
        mixed = (d & b) | (~d & c);
        word = (5 * step + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = (3 * step + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = (7 * step) % 16;
        break;
    }
    mixed += a + kSines[step] + load_le<std::uint32_t>(block + std::size_t{4} * word);
    a = d;
    d = c;
    c = b;
    b += std::rotl(mixed, kTurns[step / 16][step % 4]);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

// MongoDB's classes of types, which also order them.
std::int32_t class_of(bson::Type type) {
  switch (type) {
    case bson::Type::kMinKey:
      return -1;
    case bson::Type::kMaxKey:
      return 127;
    case bson::Type::kNull:
      return 5;
    case bson::Type::kDouble:
    case bson::Type::kInt32:
    case bson::Type::kInt64:
    case bson::Type::kDecimal128:
      return 10;
    case bson::Type::kString:
    case bson::Type::kSymbol:
      return 15;
    case bson::Type::kDocument:
      return 20;
    case bson::Type::kArray:
      return 25;
    case bson::Type::kBinary:
      return 30;
    case bson::Type::kObjectId:
      return 35;
    case bson::Type::kBool:
      return 40;
    case bson::Type::kDate:
      return 45;
    case bson::Type::kTimestamp:
      return 47;
    case bson::Type::kRegex:
      return 50;
    case bson::Type::kDbPointer:
      return 55;
    case bson::Type::kCode:
      return 60;
    case bson::Type::kCodeWithScope:
      return 65;
    default:
      return 0;
  }
}

std::int64_t whole_part(const bson::Element& number) {
  if (const auto exact = number.as_int64()) return *exact;
  if (number.is(bson::Type::kDecimal128)) {
    const auto whole =
        bson::decimal::to_int64(number.decimal128(), bson::decimal::Rounding::kTowardZero);
    if (whole) return *whole;
  }
  const double real = number.as_double().value_or(0);
  if (std::isnan(real)) return 0;
  if (real >= 0x1p63) return std::numeric_limits<std::int64_t>::max();
  if (real < -0x1p63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(real);
}

enum class Named : bool { kNo, kYes };

// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
void append(std::string& to, const bson::Element& value, Named named) {
  append_le(to, static_cast<std::uint32_t>(class_of(value.type())));
  if (named == Named::kYes) to.append(value.name()).push_back('\0');
  if (value.is_number()) {
    append_le(to, static_cast<std::uint64_t>(whole_part(value)));
    return;
  }
  bson::View inside;
  if (value.is(bson::Type::kDocument) || value.is(bson::Type::kArray)) {
    inside = value.document();
  } else if (value.is(bson::Type::kCodeWithScope)) {
    to.append(value.code_with_scope().code).push_back('\0');
    inside = value.code_with_scope().scope;
  } else {
    to.append(as_text(value.bytes().subspan(2 + value.name().size())));
    return;
  }
  for (const bson::Element& each : inside) append(to, each, Named::kYes);
  append_le(to, std::uint32_t{0});
}

}  // namespace

std::array<std::uint8_t, 16> md5(Bytes bytes) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::size_t at = 0;
  for (; bytes.size() - at >= kBlockSize; at += kBlockSize) add_block(state, bytes.data() + at);
  std::string rest(as_text(bytes.subspan(at)));
  rest.push_back('\x80');
  while (rest.size() % kBlockSize != kBlockSize - sizeof(std::uint64_t)) rest.push_back('\0');
  append_le(rest, static_cast<std::uint64_t>(bytes.size()) * 8);
  for (std::size_t i = 0; i < rest.size(); i += kBlockSize) {
    add_block(state, as_bytes(rest).data() + i);
  }
  std::array<std::uint8_t, 16> digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (8 * (i % 4)));
  }
  return digest;
}

std::int64_t hashed_index_key(const bson::Element& value) {
  std::string text(sizeof(std::uint32_t), '\0');
  append(text, value, Named::kNo);
  const std::array<std::uint8_t, 16> digest = md5(as_bytes(text));
  std::uint64_t key = 0;
  for (std::size_t i = sizeof(key); i-- > 0;) key = key << 8 | digest[i];
  return static_cast<std::int64_t>(key);
}

}  // namespace nacre::expression
