#include "expression/scratch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/codec.h"

namespace nacre::expression {
namespace {

constexpr std::size_t kChunkMin = 4096;
constexpr std::size_t kChunkMax = std::size_t{1} << 20;
constexpr std::size_t kChunksHeld = 8;

}  // namespace

std::byte* Scratch::next_chunk(std::size_t size) {
  if (!chunks_.empty() && chunk_ < chunks_.size()) ++chunk_;
  // Chunks left over from before a rewind serve again; one that is too small makes way.
  if (chunk_ < chunks_.size() && chunks_[chunk_].size < size) chunks_.resize(chunk_);
  if (chunk_ == chunks_.size()) {
    const std::size_t last = chunks_.empty() ? 0 : chunks_.back().size;
    const std::size_t wanted = std::max(size, std::clamp(2 * last, kChunkMin, kChunkMax));
    chunks_.push_back(
        {.data = std::make_unique_for_overwrite<std::byte[]>(wanted), .size = wanted});
  }
  used_ = size;
  return chunks_[chunk_].data.get();
}

void Scratch::rewind(const Mark& mark) {
  chunk_ = mark.chunk;
  used_ = mark.used;
  bytes_ = mark.bytes;
  while (kept_count() > mark.kept) kept_->pop_back();
  // The memory of one row that needed much is not held for all the small ones behind it.
  if (mark.bytes == 0 && chunks_.size() > kChunksHeld) chunks_.resize(kChunksHeld);
}

bson::Element Scratch::bytes_of(bson::Type type, Bytes value) {
  std::byte* at = begin(type, value.size());
  if (!value.empty()) std::memcpy(at + 2, value.data(), value.size());
  return bson::Element(at);
}

bson::Element Scratch::null() { return bson::Element(begin(bson::Type::kNull, 0)); }

bson::Element Scratch::boolean(bool value) {
  std::byte* at = begin(bson::Type::kBool, 1);
  at[2] = value ? std::byte{1} : std::byte{0};
  return bson::Element(at);
}

bson::Element Scratch::int32(std::int32_t value) {
  std::byte* at = begin(bson::Type::kInt32, 4);
  store_le(at + 2, static_cast<std::uint32_t>(value));
  return bson::Element(at);
}

bson::Element Scratch::int64(std::int64_t value) {
  std::byte* at = begin(bson::Type::kInt64, 8);
  store_le(at + 2, static_cast<std::uint64_t>(value));
  return bson::Element(at);
}

bson::Element Scratch::integer(std::int64_t value) {
  return std::in_range<std::int32_t>(value) ? int32(static_cast<std::int32_t>(value))
                                            : int64(value);
}

bson::Element Scratch::real(double value) {
  std::byte* at = begin(bson::Type::kDouble, 8);
  store_le(at + 2, std::bit_cast<std::uint64_t>(value));
  return bson::Element(at);
}

bson::Element Scratch::decimal(bson::Decimal128 value) {
  std::byte* at = begin(bson::Type::kDecimal128, 16);
  store_le(at + 2, value.low);
  store_le(at + 10, value.high);
  return bson::Element(at);
}

bson::Element Scratch::string(std::string_view value) {
  std::byte* at = begin(bson::Type::kString, value.size() + 5);
  store_le(at + 2, static_cast<std::uint32_t>(value.size() + 1));
  if (!value.empty()) std::memcpy(at + 6, value.data(), value.size());
  at[6 + value.size()] = std::byte{0};
  return bson::Element(at);
}

bson::Element Scratch::date(std::int64_t milliseconds) {
  std::byte* at = begin(bson::Type::kDate, 8);
  store_le(at + 2, static_cast<std::uint64_t>(milliseconds));
  return bson::Element(at);
}

bson::Element Scratch::object_id(const bson::ObjectId& value) {
  return bytes_of(bson::Type::kObjectId, value.bytes);
}

bson::Element Scratch::binary(std::uint8_t subtype, Bytes bytes) {
  std::byte* at = begin(bson::Type::kBinary, bytes.size() + 5);
  store_le(at + 2, static_cast<std::uint32_t>(bytes.size()));
  at[6] = static_cast<std::byte>(subtype);
  if (!bytes.empty()) std::memcpy(at + 7, bytes.data(), bytes.size());
  return bson::Element(at);
}

bson::Element Scratch::document(const bson::View& value) {
  return bytes_of(bson::Type::kDocument, value.bytes());
}

bson::Element Scratch::array(const bson::View& value) {
  return bytes_of(bson::Type::kArray, value.bytes());
}

bson::Element Scratch::copy(const bson::Element& value) {
  return value ? bytes_of(value.type(), value.value_bytes()) : value;
}

bson::Element Scratch::keep(bson::Document holder) {
  bytes_ += holder.bytes().size();
  if (kept_ == nullptr) kept_ = std::make_unique<std::deque<bson::Document>>();
  kept_->push_back(std::move(holder));
  return *kept_->back().view().begin();
}

}  // namespace nacre::expression
