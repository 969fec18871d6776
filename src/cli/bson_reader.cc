#include "cli/bson_reader.h"

#include <span>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "bson/validate.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kDocumentBytesMin = 5;

}  // namespace

Result<bool> BsonReader::fill(std::size_t size) {
  while (bytes_.size() < size) {
    const std::size_t have = bytes_.size();
    bytes_.resize(size);
    const std::size_t count =
        NACRE_TRY(input_.read(std::as_writable_bytes(std::span(bytes_).subspan(have))));
    bytes_.resize(have + count);
    if (count == 0) return false;
  }
  return true;
}

Result<std::optional<ReadDocument>> BsonReader::next() {
  if (is_lost_) return std::nullopt;
  bytes_.clear();
  ReadDocument read{.document = {}, .place = {.line = ++count_, .offset = offset_}, .reason = {}};
  const bool has_length = NACRE_TRY(fill(kLengthBytes));
  if (!has_length) {
    is_lost_ = true;
    if (bytes_.empty()) return std::nullopt;
    read.reason = "the file ends inside the length of a document";
    return read;
  }
  const std::size_t size = load_le<std::uint32_t>(as_bytes(bytes_).data());
  if (size < kDocumentBytesMin || size > bson::kDocumentBytesMax) {
    is_lost_ = true;
    read.reason = format("the document's length is {}, expected {} to {}", size, kDocumentBytesMin,
                         bson::kDocumentBytesMax);
    return read;
  }
  const bool is_whole = NACRE_TRY(fill(size));
  offset_ += bytes_.size();
  if (!is_whole) {
    is_lost_ = true;
    read.reason = format("the file ends {} bytes into a document of {}", bytes_.size(), size);
    return read;
  }
  const auto valid = bson::validate(as_bytes(bytes_));
  if (!valid) {
    read.reason = valid.error().what();
    return read;
  }
  read.document = bson::Document::trusted(std::move(bytes_));
  return read;
}

}  // namespace nacre::cli
