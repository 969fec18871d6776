// Scratch: where the values that an evaluation makes live until their owner is done with the row.
//
// Why: an expression hands Elements from operator to operator. What it finds in the document or in
//   itself it only points at; what it computes it writes here, a few bytes behind one another. A
//   plain path, a constant or a comparison so never allocates, and a sum takes a dozen bytes of a
//   chunk that the next document uses again.
// Invariants: an element is whole BSON under the empty name; it stays where it is until release()
//             or until a rewind() to a mark from before it.
// Cost:       a bump of a pointer; chunks double from 4 KB.
// Threads:    one thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::expression {

class Scratch {
 public:
  struct Mark {
    std::size_t chunk = 0;
    std::size_t used = 0;
    std::size_t kept = 0;
    std::size_t bytes = 0;
  };

  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) noexcept = default;

  [[nodiscard]] bson::Element null();
  [[nodiscard]] bson::Element boolean(bool value);
  [[nodiscard]] bson::Element int32(std::int32_t value);
  [[nodiscard]] bson::Element int64(std::int64_t value);
  // An int32 when it fits, otherwise an int64.
  [[nodiscard]] bson::Element integer(std::int64_t value);
  [[nodiscard]] bson::Element real(double value);
  [[nodiscard]] bson::Element decimal(bson::Decimal128 value);
  [[nodiscard]] bson::Element string(std::string_view value);
  [[nodiscard]] bson::Element date(std::int64_t milliseconds);
  [[nodiscard]] bson::Element object_id(const bson::ObjectId& value);
  [[nodiscard]] bson::Element binary(std::uint8_t subtype, Bytes bytes);
  [[nodiscard]] bson::Element document(const bson::View& value);
  [[nodiscard]] bson::Element array(const bson::View& value);
  // What is not missing; a missing one stays missing.
  [[nodiscard]] bson::Element copy(const bson::Element& value);

  // The first element of a document that somebody built, without a copy of it.
  [[nodiscard]] bson::Element keep(bson::Document holder);

  [[nodiscard]] Mark mark() const {
    return {.chunk = chunk_, .used = used_, .kept = kept_count(), .bytes = bytes_};
  }
  void rewind(const Mark& mark);
  void release() { rewind({}); }

  // Bytes in use.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Chunk {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
  };

  [[nodiscard]] std::size_t kept_count() const { return kept_ == nullptr ? 0 : kept_->size(); }
  // Uninitialised bytes.
  [[nodiscard]] std::byte* allocate(std::size_t size) {
    bytes_ += size;
    if (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ >= size) {
      std::byte* at = chunks_[chunk_].data.get() + used_;
      used_ += size;
      return at;
    }
    return next_chunk(size);
  }
  [[nodiscard]] std::byte* next_chunk(std::size_t size);
  // Room for a value of that size behind type and empty name.
  [[nodiscard]] std::byte* begin(bson::Type type, std::size_t size) {
    std::byte* at = allocate(size + 2);
    at[0] = static_cast<std::byte>(type);
    at[1] = std::byte{0};
    return at;
  }
  [[nodiscard]] bson::Element bytes_of(bson::Type type, Bytes value);

  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;  // the one being filled
  std::size_t used_ = 0;   // bytes of it
  std::size_t bytes_ = 0;
  // Documents stay where they are; most evaluations keep none, so that it is made when needed.
  std::unique_ptr<std::deque<bson::Document>> kept_;
};

}  // namespace nacre::expression
