#include "base/md5.h"

#include <algorithm>
#include <bit>

#include "base/codec.h"

namespace nacre {
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

}  // namespace

Md5& Md5::add(Bytes bytes) {
  size_ += bytes.size();
  if (!rest_.empty()) {
    const Bytes head = bytes.first(std::min(bytes.size(), kBlockSize - rest_.size()));
    rest_.append(as_text(head));
    bytes = bytes.subspan(head.size());
    if (rest_.size() < kBlockSize) return *this;
    add_block(state_, as_bytes(rest_).data());
    rest_.clear();
  }
  std::size_t at = 0;
  for (; bytes.size() - at >= kBlockSize; at += kBlockSize) add_block(state_, bytes.data() + at);
  rest_.append(as_text(bytes.subspan(at)));
  return *this;
}

Md5::Digest Md5::digest() {
  rest_.push_back('\x80');
  while (rest_.size() % kBlockSize != kBlockSize - sizeof(std::uint64_t)) rest_.push_back('\0');
  append_le(rest_, size_ * 8);
  for (std::size_t i = 0; i < rest_.size(); i += kBlockSize) {
    add_block(state_, as_bytes(rest_).data() + i);
  }
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(state_[i / 4] >> (8 * (i % 4)));
  }
  return digest;
}

std::string Md5::hex() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const std::uint8_t byte : digest()) {
    digits.push_back(kDigits[byte / 16]);
    digits.push_back(kDigits[byte % 16]);
  }
  return digits;
}

}  // namespace nacre
