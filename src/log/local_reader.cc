// Reading commits back from the segments while others append.
#include <algorithm>
#include <optional>

#include "base/check.h"
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
  // Starts at `mark`, of a group in `segment` that is not after the one with `first`.
  LocalReader(const LocalLog& log, std::shared_ptr<const Segment> segment, const GroupMark& mark,
              Position first)
      : log_(log), first_(first) {
    enter(std::move(segment), mark);
  }

  Result<std::optional<Commit>> next() override;

 private:
  // Goes to the next group that has commits for the caller; false: there is none yet.
  Result<bool> load_group();
  Result<> take_group(std::uint64_t end);
  void enter(std::shared_ptr<const Segment> segment, const GroupMark& mark);
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

void LocalReader::enter(std::shared_ptr<const Segment> segment, const GroupMark& mark) {
  segment_ = std::move(segment);
  window_.reset();
  offset_ = mark.offset;
  expected_ = mark.first;
  group_ = mark.number;
  chain_ = mark.chain;
  previous_time_ = mark.before;
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
      const GroupMark beginning = following->beginning();
      enter(std::move(following), beginning);
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

std::unexpected<Error> LocalLog::too_old(std::string_view what) const {
  return fail(Code::kTooOld, format("{} is no longer in the log, the oldest position is {}", what,
                                    number(segments_.front()->header.base)));
}

// The group headers alone, from the first to the last; whatever is wrong with them is met again,
// and told, by whoever reads on from the last mark.
Result<> LocalLog::mark_groups(const std::shared_ptr<Segment>& segment) {
  WindowReader window(NACRE_TRY(options_.file_system->open(
      segment->path, {.mode = io::OpenMode::kReadOnly, .direct = true})));
  Segment found;
  GroupMark mark = segment->beginning();
  const std::uint64_t end = groups_end(segment->header.file_bytes);
  while (mark.offset + kBlockSize <= end) {
    const Bytes head = NACRE_TRY(window.at(mark.offset, kBlockSize, end));
    const auto header = decode_group_header(head);
    const bool follows = header && header->nonce == segment->header.nonce &&
                         header->number == mark.number && header->first == mark.first &&
                         header->chain == mark.chain && header->extent() <= end - mark.offset;
    if (!follows) break;
    found.note(mark);
    mark = {.offset = mark.offset + header->extent(),
            .first = nacre::next(header->last()),
            .number = header->number + 1,
            .chain = stored_checksum(head),
            .before = header->last_time};
  }
  const MutexLock lock(mutex_);
  segment->marks = std::move(found.marks);
  segment->is_marked = true;
  return {};
}

Result<std::unique_ptr<Reader>> LocalLog::read_from(Position first) {
  std::shared_ptr<Segment> segment;
  bool is_marked = false;
  {
    const MutexLock lock(mutex_);
    if (first < segments_.front()->header.base)
      return too_old(format("position {}", number(first)));
    for (const auto& candidate : segments_) {
      if (candidate->header.base <= first) segment = candidate;
    }
    is_marked = segment->is_marked;
  }
  if (!is_marked) NACRE_TRY(mark_groups(segment));
  GroupMark start = segment->beginning();
  const MutexLock lock(mutex_);
  for (const GroupMark& mark : segment->marks) {
    if (mark.first <= first) start = mark;
  }
  return std::make_unique<LocalReader>(*this, std::move(segment), start, first);
}

Position LocalLog::position_in_memory(Time time) const {
  Position position = durable_position();
  for (const auto* queue : {&in_flight_, &open_}) {
    for (const GroupPtr& group : *queue) {
      Bytes records = group->payload();
      while (!records.empty()) {
        const auto commit = decode_record(records);
        NACRE_CHECK(commit.has_value(), "what append encoded decodes");
        if (commit->time > time) return position;
        position = commit->position;
      }
    }
  }
  return position;
}

Result<Position> LocalLog::position_at(Time time) {
  std::shared_ptr<Segment> segment;
  bool is_marked = false;
  {
    const MutexLock lock(mutex_);
    if (time >= last_time()) return last_position();
    if (time >= durable_time_) return position_in_memory(time);
    const SegmentHeader& oldest = segments_.front()->header;
    if (time < oldest.base_time) return too_old(format("time {}", number(time)));
    for (const auto& candidate : segments_) {
      if (candidate->header.base_time <= time) segment = candidate;
    }
    is_marked = segment->is_marked;
  }
  if (!is_marked) NACRE_TRY(mark_groups(segment));
  GroupMark start = segment->beginning();
  {
    const MutexLock lock(mutex_);
    for (const GroupMark& mark : segment->marks) {
      if (mark.before <= time) start = mark;
    }
  }
  Position position{number(start.first) - 1};
  LocalReader reader(*this, std::move(segment), start, start.first);
  while (true) {
    const auto commit = NACRE_TRY(reader.next());
    if (!commit || commit->time > time) return position;
    position = commit->position;
  }
}

}  // namespace nacre::log
