// How a log goes from one segment to the next, and what becomes of the old ones.
#include <algorithm>

#include "base/buggify.h"
#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "io/random.h"
#include "io/spare_buffers.h"
#include "log/group_internal.h"
#include "log/local_log.h"
#include "log/segment_internal.h"

namespace nacre::log {
namespace {

constexpr std::uint64_t kWholeWriteMin = 128 << 10;  // bytes of a group
constexpr std::uint64_t kWrittenAhead = 1 << 20;     // bytes

}  // namespace

std::uint64_t LocalLog::next_segment_bytes() const {
  const std::uint64_t current = segments_.back()->header.file_bytes;
  return std::clamp(2 * current, options_.segment_bytes_min, options_.segment_bytes_max);
}

SegmentHeader LocalLog::next_header(std::uint64_t file_bytes) const {
  io::Clock& clock = options_.clock != nullptr ? *options_.clock : io::system_clock();
  SegmentHeader header;
  header.uuid = options_.database_uuid;
  header.seq = segments_.empty() ? SegmentSeq{1} : next(segments_.back()->header.seq);
  header.nonce = NACRE_PLANTED(recycled_segment_keeps_nonce) ? 1 : io::system_random();
  // Everything before the oldest open group is in the segments so far.
  header.base = open_.empty() ? nacre::next(last_position()) : open_.front()->first;
  header.base_group = next_group_;
  header.base_time = sealed_time_;
  header.chain = chain_;
  header.created = clock.now();
  header.file_bytes = file_bytes;
  return header;
}

Result<> LocalLog::rotate() {
  rotating_ = true;  // nobody seals a group meanwhile
  auto installed = install_next();
  rotating_ = false;
  installing_bytes_ = 0;
  rotated_.notify_all();
  if (installed.has_value()) return {};
  if (failure_) return stopped();
  poison(installed.error());
  return installed;
}

Result<> LocalLog::install_next() {
  while (preparing_) rotated_.wait(mutex_);
  if (failure_) return stopped();
  NACRE_CHECK(blank_ != nullptr, "no commit is appended before there is a place for it");  // LOG-4
  BlankFile blank = std::move(*blank_);
  blank_.reset();
  installing_bytes_ = blank.bytes;
  auto segment = std::make_shared<Segment>();
  segment->header = next_header(blank.bytes);
  segment->written = std::max<std::uint64_t>(kBlockSize, blank.written);
  mutex_.unlock();
  auto installed = install(*options_.file_system, directory_, std::move(blank), segment->header);
  mutex_.lock();
  if (!installed.has_value()) return std::unexpected(std::move(installed).error());
  if (failure_) return stopped();
  segment->path = std::move(installed->path);
  segments_.push_back(std::move(segment));
  active_ = std::move(installed->file);
  offset_ = kBlockSize;
  return {};
}

bool LocalLog::wants_blocks() const {
  const MutexLock lock(mutex_);
  if (failure_ || closed_ || rotating_ || writing_ahead_ || !is_in_small_groups_) return false;
  const Segment& segment = *segments_.back();
  return segment.written < groups_end(segment.header.file_bytes) &&
         (segment.written < offset_ + kWrittenAhead || NACRE_BUGGIFY("log.early_blocks"));
}

Result<> LocalLog::write_blocks() {
  const MutexLock lock(mutex_);
  NACRE_TRY(check_usable());
  if (rotating_ || writing_ahead_) return {};
  return write_some_ahead();
}

Result<> LocalLog::write_some_ahead() {
  const std::shared_ptr<Segment> segment = segments_.back();  // and it is not trimmed meanwhile
  const std::shared_ptr<io::File> file = active_;
  const std::uint64_t from = segment->written;
  const std::uint64_t to = std::min(from + kWrittenAhead, groups_end(segment->header.file_bytes));
  if (from >= to) return {};
  writing_ahead_ = true;  // no group is sealed that goes beyond `from`
  mutex_.unlock();
  auto written = [&] {
    io::SpareBuffer zeros(static_cast<std::size_t>(to - from));
    std::ranges::fill(zeros.bytes(), std::byte{0});
    return file->write(from, zeros.bytes());
  }();
  mutex_.lock();
  writing_ahead_ = false;
  rotated_.notify_all();
  segment->written = to;
  if (failure_) return stopped();
  // Without room for it nothing is lost but time: the groups have theirs.
  if (written.has_value() || written.error().code() == Code::kFull) return {};
  poison(written.error());
  return written;
}

Result<> LocalLog::open_blocks(std::uint64_t bytes) {
  const auto is_beyond = [&]() NACRE_REQUIRES(mutex_) {
    return offset_ + bytes > segments_.back()->written && !NACRE_PLANTED(zeros_over_a_group);
  };
  while (writing_ahead_ && is_beyond()) rotated_.wait(mutex_);
  if (failure_) return stopped();
  Segment& segment = *segments_.back();
  const bool is_mark = open_.front()->commits == 0;  // nobody waits for it
  if (!is_mark) is_in_small_groups_ = bytes < kWholeWriteMin;
  if (offset_ + bytes <= segment.written) return {};
  if (is_in_small_groups_ && !is_mark) NACRE_TRY(write_some_ahead());
  segment.written = std::max(segment.written, offset_ + bytes);
  return {};
}

Result<> LocalLog::make_blank_of(std::uint64_t bytes) {
  while (preparing_ || rotating_) rotated_.wait(mutex_);
  NACRE_TRY(check_usable());
  if (blank_ != nullptr && blank_->bytes >= bytes) return {};
  if (blank_ != nullptr && place_of(0).is_next) return {};  // it is spoken for
  // A smaller one is kept, with its name, until the larger is there; and a segment may have had to
  // keep the name of its blank (LOG-6).
  SegmentSeq seq = next(segments_.back()->header.seq);
  const auto is_taken = [&](const std::string& path) NACRE_REQUIRES(mutex_) {
    return (blank_ != nullptr && blank_->path == path) ||
           std::ranges::any_of(segments_, [&](const auto& other) { return other->path == path; });
  };
  while (is_taken(blank_path(directory_, seq))) seq = next(seq);
  preparing_ = true;
  const std::uint64_t ahead = is_in_small_groups_ ? kWrittenAhead : 0;
  mutex_.unlock();
  auto made = make_blank(*options_.file_system, directory_, seq, bytes, ahead);
  mutex_.lock();
  is_short_ = !made.has_value() && made.error().code() == Code::kFull;
  Result<> done;
  if (made.has_value()) {
    auto other = std::make_unique<BlankFile>(std::move(*made));
    if (blank_ == nullptr || !place_of(0).is_next) blank_.swap(other);
    if (other != nullptr) {
      // Still preparing: the next to make one might give it the name that goes away here.
      mutex_.unlock();
      other->file.reset();
      done = options_.file_system->remove(other->path);
      mutex_.lock();
    }
  } else {
    done = std::unexpected(std::move(made).error());
  }
  preparing_ = false;
  rotated_.notify_all();
  return done;
}

Result<> LocalLog::prepare_segment() {
  MutexLock lock(mutex_);
  NACRE_TRY(check_usable());
  if (rotating_ || preparing_) return {};
  return make_blank_of(next_segment_bytes());
}

Result<> LocalLog::make_room(std::uint64_t bytes) {
  const std::uint64_t record_bytes = kRecordHeaderSize + bytes;
  const std::uint64_t used = 2 * kBlockSize + whole_blocks(kGroupHeaderSize + record_bytes);
  const std::uint64_t least = whole_blocks(used * kReserveShare / (kReserveShare - 1)) + kBlockSize;
  NACRE_TRY(wait_durable(last_position()));
  const MutexLock lock(mutex_);
  NACRE_TRY(check_usable());
  if (check_room(record_bytes, Room::kOrdinary).has_value()) return {};
  auto made = make_blank_of(std::max(next_segment_bytes(), least));
  if (made.has_value() || made.error().code() != Code::kFull) return made;
  // A smaller one may still be to be had.
  const std::uint64_t smaller = std::max(options_.segment_bytes_min, least);
  if (smaller < next_segment_bytes()) made = make_blank_of(smaller);
  if (made.has_value() || made.error().code() != Code::kFull) return made;
  return std::unexpected(std::move(made).error().while_doing("making the next segment of the log"));
}

Result<> LocalLog::trim(Position needed, Position wanted) {
  const Position floor = std::min(needed, wanted);
  const MutexLock one_at_a_time(trim_mutex_);
  MutexLock lock(mutex_);
  NACRE_TRY(check_usable());
  while (marks_.size() > 1 && marks_[1].first < needed) marks_.pop_front();
  if (marks_.front().first < needed) {
    trimmed_bytes_ = std::max(trimmed_bytes_, marks_.front().second);
  }
  if (needed > last_position()) trimmed_bytes_ = total_bytes_;

  std::vector<std::shared_ptr<Segment>> dropped;
  while (segments_.size() > 1 && segments_[1]->header.base <= floor &&
         segments_[1]->header.base <= nacre::next(durable_position()) &&
         segments_.front().use_count() == 1) {
    dropped.push_back(std::move(segments_.front()));
    segments_.pop_front();
  }
  lock.unlock();
  if (dropped.empty()) return {};
  auto recycled = [&]() -> Result<> {
    for (const auto& segment : dropped) NACRE_TRY(recycle(*segment));
    return options_.file_system->sync_directory(directory_);
  }();
  if (recycled.has_value()) return {};
  // What a failed sync of the directory lost may be the name of the segment being written.
  lock.lock();
  poison(recycled.error());
  return recycled;
}

// Keeps the file for the next segment when one is wanted and it is large enough.
Result<> LocalLog::recycle(const Segment& segment) {
  io::FileSystem& fs = *options_.file_system;
  MutexLock lock(mutex_);
  const bool wanted =
      !failure_ && !rotating_ && !preparing_ && blank_ == nullptr &&
      segment.header.file_bytes >= (is_short_ ? options_.segment_bytes_min : next_segment_bytes());
  if (!wanted) {
    lock.unlock();
    return fs.remove(segment.path);
  }
  preparing_ = true;
  lock.unlock();
  bool has_no_name = false;
  const auto reuse = [&]() -> Result<BlankFile> {
    BlankFile blank;
    blank.path = format("{}/{}.free", directory_, static_cast<std::uint64_t>(segment.header.seq));
    blank.bytes = segment.header.file_bytes;
    blank.written = segment.written;
    auto renamed = fs.rename(segment.path, blank.path);
    has_no_name = !renamed.has_value() && renamed.error().code() == Code::kFull;
    if (!renamed.has_value()) return std::unexpected(std::move(renamed).error());
    // Before its header is overwritten, or a power cut could leave the old name on the new segment.
    NACRE_TRY(fs.sync_directory(directory_));
    blank.file = NACRE_TRY(fs.open(blank.path, {.mode = io::OpenMode::kReadWrite, .direct = true}));
    return blank;
  };
  auto blank = reuse();
  lock.lock();
  preparing_ = false;
  rotated_.notify_all();
  if (blank.has_value()) {
    blank_ = std::make_unique<BlankFile>(std::move(*blank));
    return {};
  }
  if (!has_no_name) return std::unexpected(std::move(blank).error());
  // Where there is no room for another name, the file is of more use gone.
  lock.unlock();
  return fs.remove(segment.path);
}

}  // namespace nacre::log
