#include "query/spill.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"

namespace nacre::query {
namespace {

constexpr std::size_t kHeaderBytes = 8;

}  // namespace

Result<RunFile> RunFile::create(document::TemporaryFiles& files) {
  auto file = NACRE_TRY(files.create());
  return RunFile(std::move(file));
}

Result<> RunFile::add(std::string_view key, std::string_view record) {
  std::string header;
  append_le(header, static_cast<std::uint32_t>(key.size()));
  append_le(header, static_cast<std::uint32_t>(record.size()));
  NACRE_TRY(file_->append(as_bytes(header)));
  NACRE_TRY(file_->append(as_bytes(key)));
  return file_->append(as_bytes(record));
}

Result<> RunReader::fill(std::size_t size) {
  if (buffer_.size() - at_ >= size) return {};
  buffer_.erase(0, at_);
  at_ = 0;
  const std::uint64_t left = run_.file_->size() - loaded_;
  const std::size_t wanted = std::max(size, document::TemporaryFile::kBufferBytes);
  const auto more =
      static_cast<std::size_t>(std::min<std::uint64_t>(left, wanted - buffer_.size()));
  const std::size_t before = buffer_.size();
  buffer_.resize(before + more);
  NACRE_TRY(run_.file_->read(loaded_, std::as_writable_bytes(std::span(buffer_).subspan(before))));
  loaded_ += more;
  if (buffer_.size() >= size) return {};
  return fail(Code::kCorrupt, "a temporary file ends inside a record");
}

Result<bool> RunReader::next() {
  if (at_ == buffer_.size() && loaded_ == run_.file_->size()) return false;
  NACRE_TRY(fill(kHeaderBytes));
  const Bytes header = as_bytes(buffer_).subspan(at_);
  const std::size_t key_size = load_le<std::uint32_t>(header.data());
  const std::size_t record_size = load_le<std::uint32_t>(header.data() + 4);
  NACRE_TRY(fill(kHeaderBytes + key_size + record_size));
  const std::string_view record = std::string_view(buffer_).substr(at_ + kHeaderBytes);
  key_ = record.substr(0, key_size);
  record_ = record.substr(key_size, record_size);
  at_ += kHeaderBytes + key_size + record_size;
  return true;
}

bool RunMerge::later(std::size_t a, std::size_t b) const {
  const auto order = readers_[a]->key() <=> readers_[b]->key();
  return order == 0 ? a > b : order > 0;
}

Result<bool> RunMerge::next() {
  const auto after = [this](std::size_t a, std::size_t b) { return later(a, b); };
  if (!started_) {
    started_ = true;
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      const bool on_record = NACRE_TRY(readers_[i]->next());
      if (on_record) heap_.push_back(i);
    }
    std::ranges::make_heap(heap_, after);
    return !heap_.empty();
  }
  if (heap_.empty()) return false;
  std::ranges::pop_heap(heap_, after);
  const bool on_record = NACRE_TRY(readers_[heap_.back()]->next());
  if (on_record) {
    std::ranges::push_heap(heap_, after);
  } else {
    heap_.pop_back();
  }
  return !heap_.empty();
}

}  // namespace nacre::query
