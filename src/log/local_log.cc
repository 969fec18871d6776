#include "log/local_log.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/buggify.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/planted.h"
#include "base/spinning_lock.h"
#include "base/text.h"
#include "io/aligned_buffer.h"
#include "io/random.h"
#include "log/group_internal.h"
#include "log/scan_internal.h"
#include "log/segment_internal.h"

namespace nacre::log {
namespace {

constexpr std::uint64_t kMarkEvery = 64 << 10;  // bytes between the marks that bytes() is told by

}  // namespace

LocalLog::LocalLog(std::string_view directory, const LocalLogOptions& options)
    : directory_(directory), options_(options) {}

LocalLog::~LocalLog() = default;

Result<> LocalLog::check_options(const LocalLogOptions& options) {
  NACRE_CHECK(options.file_system != nullptr, "a log needs a file system");
  const bool sizes_fit = options.segment_bytes_min % kBlockSize == 0 &&
                         options.segment_bytes_max % kBlockSize == 0 &&
                         options.segment_bytes_min >= 3 * kBlockSize &&
                         options.segment_bytes_min <= options.segment_bytes_max;
  if (!sizes_fit) {
    return fail(
        Code::kInvalid,
        format("segment sizes are {} to {}, expected multiples of {} from {} on",
               options.segment_bytes_min, options.segment_bytes_max, kBlockSize, 3 * kBlockSize));
  }
  if (options.inflight_max == 0) {
    return fail(Code::kInvalid, "inflight_max is 0, expected 1 or more");
  }
  return {};
}

Result<std::unique_ptr<LocalLog>> LocalLog::create(std::string_view directory,
                                                   const LocalLogOptions& options) {
  NACRE_TRY(check_options(options));
  io::FileSystem& fs = *options.file_system;
  if (!NACRE_TRY(fs.exists(directory))) NACRE_TRY(fs.make_directory(directory));
  DirectoryListing old = NACRE_TRY(list_segments(fs, directory));
  for (const std::string& path : old.leftovers) NACRE_TRY(fs.remove(path));
  for (const SegmentFile& file : old.segments) NACRE_TRY(fs.remove(file.path));

  std::unique_ptr<LocalLog> log(new LocalLog(directory, options));
  BlankFile blank =
      NACRE_TRY(make_blank(fs, directory, SegmentSeq{1}, options.segment_bytes_min, 0));
  auto segment = std::make_shared<Segment>();
  {
    const MutexLock lock(log->mutex_);
    segment->header = log->next_header(blank.bytes);
    segment->written = std::max<std::uint64_t>(kBlockSize, blank.written);
  }
  Installed installed = NACRE_TRY(install(fs, directory, std::move(blank), segment->header));
  segment->path = std::move(installed.path);
  Tail tail;
  tail.segments.push_back(std::move(segment));
  log->adopt(std::move(tail), std::move(installed.file));
  return log;
}

Result<std::unique_ptr<LocalLog>> LocalLog::open(std::string_view directory,
                                                 const LocalLogOptions& options, Resume resume) {
  NACRE_TRY(check_options(options));
  io::FileSystem& fs = *options.file_system;
  Tail tail = NACRE_TRY(recover_tail(fs, directory,
                                     {.uuid = options.database_uuid,
                                      .first_needed = resume.first_needed,
                                      .durable = resume.durable}));
  auto file = NACRE_TRY(
      fs.open(tail.segments.back()->path, {.mode = io::OpenMode::kReadWrite, .direct = true}));
  std::unique_ptr<LocalLog> log(new LocalLog(directory, options));
  log->adopt(std::move(tail), std::move(file));
  NACRE_TRY(log->mark_durable());
  return log;
}

void LocalLog::adopt(Tail tail, std::unique_ptr<io::File> active) {
  const MutexLock lock(mutex_);
  segments_.assign(tail.segments.begin(), tail.segments.end());
  active_ = std::move(active);
  offset_ = tail.offset;
  // What an earlier process wrote behind its last group is not known.
  for (const auto& segment : segments_) segment->written = segment->end;
  segments_.back()->written = offset_;
  next_group_ = tail.group;
  chain_ = tail.chain;
  last_ = number(tail.last);
  durable_ = number(tail.last);
  announced_ = number(tail.last);
  last_time_ = number(tail.last_time);
  sealed_time_ = tail.last_time;
  durable_time_ = tail.last_time;
  marked_durable_ = tail.marked;
  total_bytes_ = tail.bytes;
  marks_.emplace_back(tail.last, total_bytes_);
}

std::unexpected<Error> LocalLog::stopped() const {
  return fail(Code::kClosed,
              format("the log stopped and has to be opened again, because {}", failure_->what()));
}

Result<> LocalLog::check_usable() const {
  if (failure_) return stopped();
  if (closed_) return fail(Code::kClosed, format("{}: the log is closed", directory_));
  return {};
}

void LocalLog::poison(const Error& error) {
  if (!failure_) failure_ = error.clone();
  for (const auto* queue : {&in_flight_, &open_}) {
    for (const GroupPtr& group : *queue) group->finish();
  }
  advanced_.notify_all();
}

LocalLog::Group& LocalLog::open_group(std::uint64_t record_bytes) {
  if (!joins(record_bytes)) {
    open_.push_back(std::make_shared<Group>());
    open_.back()->first = nacre::next(last_position());
  }
  open_.back()->reserve(record_bytes);
  return *open_.back();
}

std::uint64_t LocalLog::room_in_segment() const {
  return groups_end(segments_.back()->header.file_bytes) - offset_;
}

std::uint64_t LocalLog::bytes_of_next() const {
  const BlankFile* const blank = blank_.get();
  return blank != nullptr ? blank->bytes : installing_bytes_;
}

std::uint64_t LocalLog::room_in_next() const {
  const std::uint64_t bytes = bytes_of_next();
  return bytes == 0 ? 0 : groups_end(bytes) - kBlockSize;
}

bool LocalLog::joins(std::uint64_t record_bytes) const {
  return !open_.empty() && !open_.back()->full &&
         open_.back()->used + record_bytes <= options_.group_bytes_max;
}

// Goes through the groups as seal will.
LocalLog::Place LocalLog::place_of(std::uint64_t record_bytes) const {
  Place place{.room = room_in_segment()};
  const std::uint64_t room_in_next = this->room_in_next();
  const auto put = [&](std::uint64_t extent) {
    if (extent > place.room && !place.is_next) {
      place.is_next = true;
      place.room = room_in_next;
    }
    place.fits = place.fits && extent <= place.room;
    place.room -= std::min(place.room, extent);
  };
  const bool joins_last = record_bytes > 0 && joins(record_bytes);
  for (const GroupPtr& group : open_) {
    const bool grows = joins_last && group == open_.back();
    put(whole_blocks(group->used + (grows ? record_bytes : 0)));
  }
  if (record_bytes > 0 && !joins_last) put(whole_blocks(kGroupHeaderSize + record_bytes));
  return place;
}

Result<> LocalLog::check_room(std::uint64_t record_bytes, Room room) const {
  const Place place = place_of(record_bytes);
  const std::uint64_t next_bytes = bytes_of_next();
  const bool is_last = place.is_next || next_bytes == 0;
  const std::uint64_t bytes = place.is_next ? next_bytes : segments_.back()->header.file_bytes;
  const std::uint64_t reserve = is_last && room == Room::kOrdinary ? bytes / kReserveShare : 0;
  if (place.fits && place.room >= reserve) return {};
  return fail(Code::kFull, format("{}: a commit of {} bytes has no room before the next segment is "
                                  "made",
                                  directory_, record_bytes - kRecordHeaderSize));
}

Result<Position> LocalLog::append(Time time, Bytes ops, Room room) {
  if (ops.size() > kOpsSizeMax) {
    return fail(Code::kFull,
                format("a commit has {} bytes, expected at most {}", ops.size(), kOpsSizeMax));
  }
  const std::uint32_t ops_crc = crc32c(ops);  // outside the lock: the long part
  const std::uint64_t record_bytes = kRecordHeaderSize + ops.size();
  const SpinningLock lock(mutex_);
  NACRE_TRY(check_usable());
  if (time <= last_time()) {
    return fail(Code::kInvalid, format("the time of a commit is {}, expected more than {}",
                                       number(time), number(last_time())));
  }
  if (last_position() == kPositionMax) return fail(Code::kFull, "all positions are used");
  const bool is_full = buffered_bytes_ + record_bytes > options_.buffer_bytes_max ||
                       NACRE_BUGGIFY("log.buffer_full");
  if (buffered_bytes_ > 0 && is_full) {
    return fail(Code::kFull, format("{} bytes wait to be written to the log, expected at most {}",
                                    buffered_bytes_, options_.buffer_bytes_max));
  }
  NACRE_TRY(check_room(record_bytes, room));  // LOG-4
  Group& group = open_group(record_bytes);
  const Position position = nacre::next(last_position());
  const MutableBytes record = group.extend(record_bytes);
  encode_record(position, time, ops, ops_crc, record.first(kRecordHeaderSize));
  if (!ops.empty()) std::memcpy(record.data() + kRecordHeaderSize, ops.data(), ops.size());
  ++group.commits;
  group.last_time = time;
  buffered_bytes_ += record_bytes;
  last_ = number(position);
  last_time_ = number(time);
  return position;
}

// Null when it is announced already: to sleep in a later group would take the turn of one who has
// to write it.
LocalLog::GroupPtr LocalLog::group_of(Position position) const {
  for (const auto* queue : {&unannounced_, &in_flight_, &open_}) {
    for (const GroupPtr& group : *queue) {
      if (group->first <= position && position <= group->last()) return group;
    }
  }
  return nullptr;
}

bool LocalLog::can_seal() const {
  return !failure_ && !open_.empty() && !rotating_ && !opening_blocks_ &&
         writes_under_way_ < options_.inflight_max;
}

bool LocalLog::is_due() const {
  if (!can_seal()) return false;
  const Group& oldest = *open_.front();
  return writes_under_way_ == 0 || oldest.full || oldest.commits >= commits_under_way_;
}

Result<> LocalLog::check_appended(Position position) const {
  if (position <= last_position()) return {};
  return fail(Code::kInvalid, format("position {} was not appended, the last is {}",
                                     number(position), number(last_position())));
}

Result<> LocalLog::wait_announced(Position position) {
  while (number(position) > announced_.load()) {
    MutexLock lock(mutex_);
    NACRE_TRY(check_appended(position));
    const bool durable = position <= durable_position();
    if (!durable && failure_) return stopped();
    if (!durable && is_due()) {
      NACRE_TRY(write_oldest());
      continue;
    }
    const GroupPtr group = group_of(position);
    if (group == nullptr) continue;  // announced meanwhile
    group->waiters.fetch_add(1);
    lock.unlock();
    group->sleep();
  }
  return {};
}

Result<> LocalLog::wait_durable(Position position) {
  if (position <= durable_position()) return {};
  const MutexLock lock(mutex_);
  NACRE_TRY(check_appended(position));
  while (position > durable_position()) {
    if (failure_) return stopped();
    if (is_due()) {
      NACRE_TRY(write_oldest());
      continue;
    }
    ++durable_waiters_;
    advanced_.wait(mutex_);
    --durable_waiters_;
  }
  return {};
}

LocalLog::GroupPtr LocalLog::find_writer() {
  if (!is_due()) return nullptr;
  for (const GroupPtr& group : open_) {
    if (group->waiters.load() > 0) return group;
  }
  if (durable_waiters_ > 0) advanced_.notify_one();
  return nullptr;
}

Result<LocalLog::GroupPtr> LocalLog::seal() {
  NACRE_CHECK(can_seal(), "only with something to write and room to write it");
  open_.front()->full = true;
  const std::uint64_t needed = open_.front()->extent();
  if (needed > room_in_segment()) NACRE_TRY(rotate());
  opening_blocks_ = true;  // nobody else seals a group meanwhile
  auto opened = open_blocks(needed);
  opening_blocks_ = false;
  if (!opened.has_value()) return std::unexpected(std::move(opened).error());

  GroupPtr group = std::move(open_.front());
  open_.pop_front();
  buffered_bytes_ -= group->used - kGroupHeaderSize;
  group->segment = segments_.back();
  group->file = active_;
  group->mark = {.offset = offset_,
                 .first = group->first,
                 .number = next_group_,
                 .chain = chain_,
                 .before = sealed_time_};
  group->pad();
  const Bytes payload = group->payload();
  if (group->commits == 0) group->last_time = sealed_time_;
  chain_ = encode(GroupHeader{.nonce = group->segment->header.nonce,
                              .number = next_group_,
                              .first = group->first,
                              .commits = group->commits,
                              .payload_bytes = static_cast<std::uint32_t>(payload.size()),
                              .payload_crc = crc32c(payload),
                              .chain = chain_,
                              .durable = durable_position(),
                              .term = 0,
                              .last_time = group->last_time},
                  group->buffer.bytes());
  ++next_group_;
  offset_ += group->extent();
  sealed_time_ = group->last_time;
  marked_durable_ = durable_position();
  note_bytes(group->last(), group->extent());
  in_flight_.push_back(group);
  ++writes_under_way_;
  commits_under_way_ += group->commits;
  return group;
}

// What goes wrong is the answer, the log's first failure with its own code.
Result<> LocalLog::write_oldest() {
  const GroupPtr group = NACRE_TRY(seal());
  // Whoever is to write is woken without the lock, which is what he will want first.
  GroupPtr other = find_writer();
  mutex_.unlock();
  if (other != nullptr) other->give_turn();
  Result<> written = write(*group);
  mutex_.lock();
  if (failure_) written = stopped();
  if (!written.has_value() && NACRE_PLANTED(log_write_retried)) written = write(*group);
  complete(group, written);
  other = find_writer();
  if (other != nullptr) {
    mutex_.unlock();
    other->give_turn();
    mutex_.lock();
  }
  announce();
  return written;
}

Result<> LocalLog::write(const Group& group) {
  const Bytes whole = group.buffer.bytes().first(static_cast<std::size_t>(group.extent()));
  if (NACRE_PLANTED(log_acknowledged_before_sync)) {
    return group.file->write(group.mark.offset, whole);
  }
  if (NACRE_PLANTED(log_write_error_ignored)) {
    [[maybe_unused]] const auto ignored = group.file->write_durably(group.mark.offset, whole);
    return {};
  }
  auto written = group.file->write_durably(group.mark.offset, whole);
  if (written.has_value()) return {};
  return std::unexpected(
      std::move(written).error().while_doing(format("writing position {}", number(group.first))));
}

void LocalLog::complete(const GroupPtr& group, const Result<>& written) {
  --writes_under_way_;
  commits_under_way_ -= group->commits;
  if (!written.has_value()) poison(written.error());
  if (failure_) return;
  group->written = true;
  while (!in_flight_.empty() &&
         (in_flight_.front()->written || NACRE_PLANTED(later_log_write_counts_for_earlier))) {
    GroupPtr durable = std::move(in_flight_.front());
    in_flight_.pop_front();
    durable->segment->end = durable->mark.offset + durable->extent();
    durable->segment->note(durable->mark);
    durable_time_ = durable->last_time;
    durable_ = number(durable->last());
    durable->segment.reset();  // or a sleeper who is slow to wake would keep it from being trimmed
    durable->file.reset();
    if (durable->written) durable->give_buffer_back();
    unannounced_.push_back(std::move(durable));
  }
  if (durable_waiters_ > 0) advanced_.notify_all();
}

// One thread announces, also what becomes durable meanwhile.
void LocalLog::announce() {
  if (announcing_) return;
  announcing_ = true;
  while (!unannounced_.empty()) {
    const std::size_t count = unannounced_.size();
    const Position last = unannounced_.back()->last();
    mutex_.unlock();
    if (listener_ != nullptr) listener_->durable_advanced();
    mutex_.lock();
    std::vector<GroupPtr> groups(
        std::make_move_iterator(unannounced_.begin()),
        std::make_move_iterator(unannounced_.begin() + static_cast<std::ptrdiff_t>(count)));
    unannounced_.erase(unannounced_.begin(),
                       unannounced_.begin() + static_cast<std::ptrdiff_t>(count));
    announced_ = number(last);
    mutex_.unlock();
    for (const GroupPtr& group : groups) group->finish();
    mutex_.lock();
  }
  announcing_ = false;
}

bool LocalLog::wants_segment() const {
  const MutexLock lock(mutex_);
  if (failure_ || closed_ || rotating_ || preparing_) return false;
  if (blank_ != nullptr && blank_->bytes >= next_segment_bytes()) return false;
  return offset_ > segments_.back()->header.file_bytes / 2 || NACRE_BUGGIFY("log.early_segment");
}

void LocalLog::note_bytes(Position last, std::uint64_t extent) {
  total_bytes_ += extent;
  if (total_bytes_ - marks_.back().second >= kMarkEvery) marks_.emplace_back(last, total_bytes_);
}

Position LocalLog::first_position() const {
  const MutexLock lock(mutex_);
  return segments_.front()->header.base;
}

std::uint64_t LocalLog::buffered_bytes() const {
  const MutexLock lock(mutex_);
  return buffered_bytes_;
}

std::uint64_t LocalLog::bytes() const {
  const MutexLock lock(mutex_);
  return total_bytes_ - trimmed_bytes_;
}

std::uint64_t LocalLog::kept_bytes() const {
  const MutexLock lock(mutex_);
  std::uint64_t bytes = blank_ != nullptr ? blank_->bytes : 0;
  for (const auto& segment : segments_) bytes += segment->header.file_bytes;
  return bytes;
}

Result<> LocalLog::mark_durable() {
  MutexLock lock(mutex_);
  NACRE_TRY(check_usable());
  const bool idle = open_.empty() && in_flight_.empty() && !rotating_;
  if (!idle || marked_durable_ == durable_position()) return {};
  // Not worth a segment that may not even be to be had.
  if (room_in_segment() < kBlockSize && room_in_next() == 0) return {};
  open_.push_back(std::make_shared<Group>());
  open_.back()->first = nacre::next(last_position());
  open_.back()->full = true;
  return write_oldest();
}

Result<> LocalLog::write_closing() {
  io::AlignedBuffer block(kBlockSize);
  encode(ClosingRecord{.nonce = segments_.back()->header.nonce,
                       .next_group = next_group_,
                       .last = last_position(),
                       .last_time = last_time(),
                       .offset = offset_,
                       .chain = chain_},
         block.bytes());
  const std::uint64_t at = groups_end(segments_.back()->header.file_bytes);
  const std::shared_ptr<io::File> file = active_;
  mutex_.unlock();
  auto written = file->write_durably(at, block.bytes());
  mutex_.lock();
  return written;
}

Result<> LocalLog::close() {
  NACRE_TRY(wait_durable(last_position()));
  NACRE_TRY(mark_durable());
  const MutexLock lock(mutex_);
  NACRE_TRY(check_usable());
  closed_ = true;
  return write_closing();
}

}  // namespace nacre::log
