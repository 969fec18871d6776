#include "kv/rows.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "base/text.h"

namespace nacre::bench {

std::uint64_t spread(std::uint64_t i) {  // the finalizer of splitmix64
  i += 0x9e3779b97f4a7c15;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
  i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
  return i ^ (i >> 31);
}

Keys make_keys(std::uint64_t count) {
  const std::uint64_t step = 10'000'000'000'000'000'000U / std::max<std::uint64_t>(count, 1);
  std::string bytes;
  bytes.reserve(count * kKeyBytes);
  for (std::uint64_t i = 0; i < count; ++i) {
    bytes += format("user{:019}", i * step + spread(i) % step);
  }
  return Keys(std::move(bytes));
}

Keys Keys::shuffled(std::uint64_t seed, std::uint64_t count) const {
  std::vector<std::uint32_t> order(this->count());
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(seed);
  std::shuffle(order.begin(), order.end(), random);
  std::string bytes;
  bytes.reserve(count * kKeyBytes);
  for (std::uint64_t i = 0; i < count; ++i) bytes += (*this)[order[i % order.size()]];
  return Keys(std::move(bytes));
}

Values::Values(std::size_t value_bytes) : value_bytes_(value_bytes) {
  pool_.resize((std::size_t{1} << 20) + value_bytes);
  for (std::size_t i = 0; i < pool_.size(); ++i) pool_[i] = static_cast<char>(spread(i) & 0xff);
}

std::string_view Values::at(std::uint64_t i) const {
  const std::size_t places = pool_.size() - value_bytes_;
  return std::string_view(pool_).substr(spread(i) % places, value_bytes_);
}

}  // namespace nacre::bench
