// Reading commits back from the segments while others append.
#include <algorithm>
#include <optional>

#include "base/crc32c.h"
#include "base/text.h"
#include "log/group_internal.h"
#include "log/local_log.h"
#include "log/segment_internal.h"

namespace nacre::log {

// Reads only what is durable, which never changes again; its segment is kept from being trimmed by
// the reference it holds.
class LocalReader final : public Reader {
 public:
  LocalReader(const LocalLog& log, std::shared_ptr<const Segment> segment, Position first)
      : log_(log), first_(first) {
    enter(std::move(segment));
  }

  Result<std::optional<Commit>> next() override;

 private:
  // Goes to the next group that has commits for the caller; false: there is none yet.
  Result<bool> load_group();
  Result<> take_group(std::uint64_t end);
  void enter(std::shared_ptr<const Segment> segment);
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;

  const LocalLog& log_;
  const Position first_;                    // what the caller asked for
  std::shared_ptr<const Segment> segment_;  // shared with the log
  std::optional<WindowReader> window_;
  std::uint64_t offset_ = 0;  // of the next group
  Position expected_{};       // its first position
  std::uint64_t group_ = 0;
  std::uint32_t chain_ = 0;
  Time previous_time_{};
  Bytes payload_;  // records not yet given out; in window_
};

void LocalReader::enter(std::shared_ptr<const Segment> segment) {
  segment_ = std::move(segment);
  window_.reset();
  offset_ = kBlockSize;
  expected_ = segment_->header.base;
  group_ = segment_->header.base_group;
  chain_ = segment_->header.chain;
  previous_time_ = segment_->header.base_time;
}

std::unexpected<Error> LocalReader::damaged(std::string_view what) const {
  return fail(Code::kCorrupt, format("{}: at offset {}, position {}: {}", segment_->path, offset_,
                                     number(expected_), what));
}

Result<std::optional<Commit>> LocalReader::next() {
  while (true) {
    while (!payload_.empty()) {
      const auto commit = decode_record(payload_);
      if (!commit) return damaged("a record of the group before does not decode");
      if (commit->position >= first_) return commit;
    }
    const bool more = NACRE_TRY(load_group());
    if (!more) return std::optional<Commit>();
  }
}

Result<bool> LocalReader::load_group() {
  while (payload_.empty()) {
    std::shared_ptr<const Segment> following;
    std::uint64_t end = 0;
    {
      const MutexLock lock(log_.mutex_);
      end = segment_->end;
      const auto later = std::ranges::find_if(log_.segments_, [&](const auto& segment) {
        return segment->header.seq > segment_->header.seq;
      });
      if (later != log_.segments_.end() && (*later)->header.base == expected_) following = *later;
    }
    if (following != nullptr) {
      enter(std::move(following));
      continue;
    }
    if (offset_ >= end) return false;
    if (!window_) {
      window_.emplace(NACRE_TRY(log_.options_.file_system->open(
          segment_->path, {.mode = io::OpenMode::kReadOnly, .direct = true})));
    }
    NACRE_TRY(take_group(end));
  }
  return true;
}

Result<> LocalReader::take_group(std::uint64_t end) {
  const Bytes head = NACRE_TRY(window_->at(offset_, kBlockSize, end));
  const auto header = decode_group_header(head);
  if (!header) return damaged("no group header");
  if (header->nonce != segment_->header.nonce || header->number != group_ ||
      header->first != expected_ || header->chain != chain_) {
    return damaged("the group header is of another group");
  }
  if (header->extent() > end - offset_) return damaged("the group exceeds its file");
  const std::uint32_t crc = stored_checksum(head);
  if (header->last() >= first_ && header->commits > 0) {
    const Bytes group = NACRE_TRY(window_->at(offset_, header->extent(), end));
    const Bytes payload = group.subspan(kGroupHeaderSize, header->payload_bytes);
    if (crc32c(payload) != header->payload_crc) {
      return damaged("the checksum of the group differs");
    }
    const std::string wrong = check_payload(*header, payload, previous_time_);
    if (!wrong.empty()) return damaged(wrong);
    payload_ = payload;
  }
  offset_ += header->extent();
  expected_ = nacre::next(header->last());
  group_ = header->number + 1;
  chain_ = crc;
  previous_time_ = header->last_time;
  return {};
}

Result<std::unique_ptr<Reader>> LocalLog::read_from(Position first) {
  const MutexLock lock(mutex_);
  if (first < segments_.front()->header.base) {
    return fail(Code::kTooOld, format("position {} is no longer in the log, the oldest is {}",
                                      number(first), number(segments_.front()->header.base)));
  }
  auto segment = segments_.front();
  for (const auto& candidate : segments_) {
    if (candidate->header.base <= first) segment = candidate;
  }
  return std::make_unique<LocalReader>(*this, std::move(segment), first);
}

}  // namespace nacre::log
