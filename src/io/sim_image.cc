#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "io/sim_image_internal.h"

namespace nacre::io {
namespace {

// Calls piece(chunk, offset in it, count, offset from `begin`) for each chunk that
// [begin, begin + size) touches.
template <typename Piece>
void for_each_chunk(std::uint64_t chunk_size, std::uint64_t begin, std::uint64_t size,
                    Piece&& piece) {
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t within = (begin + done) % chunk_size;
    const std::uint64_t count = std::min(chunk_size - within, size - done);
    piece((begin + done) / chunk_size, within, count, done);
    done += count;
  }
}

bool is_zeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

SimImage::Chunk& SimImage::writable(std::uint64_t chunk) {
  std::shared_ptr<Chunk>& at = chunks_[chunk];
  if (at == nullptr) {
    at = std::make_shared<Chunk>();
    at->fill('\0');
  } else if (at.use_count() > 1) {
    at = std::make_shared<Chunk>(*at);
  }
  return *at;
}

void SimImage::read(std::uint64_t offset, MutableBytes into) const {
  NACRE_CHECK(offset + into.size() <= size_, "only what is there is read");
  for_each_chunk(
      kChunkSize, offset, into.size(),
      [&](std::uint64_t chunk, std::uint64_t within, std::uint64_t count, std::uint64_t done) {
        const auto& at = chunks_[chunk];
        if (at == nullptr) {
          std::memset(into.data() + done, 0, count);
        } else {
          std::memcpy(into.data() + done, at->data() + within, count);
        }
      });
}

std::string SimImage::text() const {
  std::string bytes(size_, '\0');
  read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

void SimImage::write(std::uint64_t offset, std::string_view bytes) {
  if (offset + bytes.size() > size_) resize(offset + bytes.size());
  for_each_chunk(
      kChunkSize, offset, bytes.size(),
      [&](std::uint64_t chunk, std::uint64_t within, std::uint64_t count, std::uint64_t done) {
        const std::string_view piece = bytes.substr(done, count);
        if (is_zeros(piece)) {
          zero(chunk * kChunkSize + within, chunk * kChunkSize + within + count);
        } else {
          std::memcpy(writable(chunk).data() + within, piece.data(), count);
        }
      });
}

void SimImage::resize(std::uint64_t size) {
  if (size < size_) zero(size, size_);
  size_ = size;
  chunks_.resize((size + kChunkSize - 1) / kChunkSize);
}

void SimImage::zero(std::uint64_t begin, std::uint64_t end) {
  end = std::min(end, size_);
  if (begin >= end) return;
  for_each_chunk(
      kChunkSize, begin, end - begin,
      [&](std::uint64_t chunk, std::uint64_t within, std::uint64_t count, std::uint64_t) {
        if (chunks_[chunk] == nullptr) return;
        if (count == kChunkSize) {
          chunks_[chunk].reset();
        } else {
          std::memset(writable(chunk).data() + within, 0, count);
        }
      });
}

void SimImage::flip(std::uint64_t offset, std::byte mask) {
  NACRE_CHECK(offset < size_, "damage lies inside the file");
  char& byte = writable(offset / kChunkSize)[offset % kChunkSize];
  byte = static_cast<char>(static_cast<std::byte>(byte) ^ mask);
}

}  // namespace nacre::io
