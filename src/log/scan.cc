#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/planted.h"
#include "base/text.h"
#include "log/scan_internal.h"

namespace nacre::log {
namespace {

// A group known whole but not known durable. One without commits counts too: what follows hangs on
// it by the chain.
struct Doubtful {
  std::size_t segment;  // index
  std::uint64_t offset;
  std::uint64_t extent;
  Position proof;  // when this is durable, the group is
};

class Scanner {
 public:
  Scanner(io::FileSystem& fs, std::string_view directory, const ScanOptions& options)
      : fs_(fs), directory_(directory), options_(options), durable_(options.durable) {}

  Result<Tail> run();

 private:
  Result<> remove_leftovers(const DirectoryListing& listing);
  // Headers of all segments that matter; picks the one to start in.
  Result<> read_headers(const std::vector<SegmentFile>& files);
  // Whether the log was closed and nothing of it is needed: then the tail is known without a look
  // at the groups.
  Result<bool> take_closing();
  Result<std::optional<ClosingRecord>> closing_of(std::size_t index);
  // Before the first commit that comes after the close (LOG-5).
  Result<> wipe_closing();
  // Follows the groups from the start to the first that does not hold.
  Result<> follow();
  Result<bool> take_group(WindowReader& reader, std::size_t index);
  [[nodiscard]] bool continues(std::size_t index) const;
  // Looks behind the tail for whatever raises durable_ and for what must be wiped.
  Result<> look_behind();
  Result<> search(std::size_t index, std::uint64_t from);
  [[nodiscard]] Result<> judge() const;
  Result<> wipe_behind();
  Result<> remove_later_segments();
  Result<> write_doubtful_again();
  Result<> write_again(std::size_t index, std::uint64_t offset, std::uint64_t extent);
  Result<> name_again(std::size_t index);

  [[nodiscard]] Position expected() const { return nacre::next(tail_.last); }
  [[nodiscard]] std::unexpected<Error> damaged(std::size_t index, std::uint64_t offset,
                                               std::string_view what) const;
  Result<std::unique_ptr<io::File>> open(std::size_t index, io::OpenMode mode);
  void raise_durable(Position durable);

  io::FileSystem& fs_;
  const std::string directory_;
  const ScanOptions options_;
  std::vector<std::shared_ptr<Segment>> segments_;
  std::size_t start_ = 0;    // index of the segment that holds first_needed
  std::size_t current_ = 0;  // index of the tail's segment
  Tail tail_;
  Position durable_{};          // the highest position anything says is durable
  std::string reason_;          // why the first group that does not hold does not
  std::uint64_t wipe_end_ = 0;  // in the tail's segment; 0: nothing to wipe
  std::deque<Doubtful> doubtful_;
};

std::unexpected<Error> Scanner::damaged(std::size_t index, std::uint64_t offset,
                                        std::string_view what) const {
  return fail(Code::kCorrupt, format("{}: at offset {}, position {}: {}", segments_[index]->path,
                                     offset, number(expected()), what));
}

Result<std::unique_ptr<io::File>> Scanner::open(std::size_t index, io::OpenMode mode) {
  return fs_.open(segments_[index]->path, {.mode = mode, .direct = true});
}

void Scanner::raise_durable(Position durable) {
  durable_ = std::max(durable_, durable);
  while (!doubtful_.empty() && doubtful_.front().proof <= durable_) doubtful_.pop_front();
}

Result<Tail> Scanner::run() {
  DirectoryListing listing = NACRE_TRY(list_segments(fs_, directory_));
  NACRE_TRY(find_nameless(fs_, options_.uuid, listing));
  NACRE_TRY(remove_leftovers(listing));
  NACRE_TRY(read_headers(listing.segments));
  const bool is_closed = NACRE_TRY(take_closing());
  if (!is_closed) {
    NACRE_TRY(follow());
    NACRE_TRY(look_behind());
    NACRE_TRY(judge());
    NACRE_TRY(wipe_behind());
    NACRE_TRY(remove_later_segments());
    NACRE_TRY(write_doubtful_again());
  }
  NACRE_TRY(wipe_closing());
  tail_.marked = std::min(durable_, tail_.last);
  segments_[current_]->end = tail_.offset;
  tail_.segments = std::move(segments_);
  return std::move(tail_);
}

Result<> Scanner::remove_leftovers(const DirectoryListing& listing) {
  for (const std::string& path : listing.leftovers) NACRE_TRY(fs_.remove(path));
  // A process that died may have left names that only the kernel knows.
  return fs_.sync_directory(directory_);
}

Result<> Scanner::read_headers(const std::vector<SegmentFile>& files) {
  const Position first = options_.first_needed;
  Result<> intact;  // or the damage to a segment that may turn out not to be needed
  for (const auto& [seq, path] : files) {
    auto segment = std::make_shared<Segment>();
    segment->path = path;
    auto header = read_segment_header(fs_, segment->path, seq, options_.uuid);
    if (!header.has_value()) {
      if (header.error().code() != Code::kCorrupt)
        return std::unexpected(std::move(header).error());
      // Only what comes before the start may be damaged, and nothing is kept across a gap.
      segments_.clear();
      if (intact.has_value()) intact = std::unexpected(std::move(header).error());
      continue;
    }
    segment->header = *header;
    segment->end = groups_end(header->file_bytes);
    segment->is_marked = false;
    if (header->base <= first) intact = {};
    const bool follows = segments_.empty() || next(segments_.back()->header.seq) == seq;
    if (!follows && header->base <= first) segments_.clear();
    segments_.push_back(std::move(segment));
  }
  NACRE_TRY(std::move(intact));
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i]->header.base <= first) start_ = i;
  }
  if (segments_.empty() || segments_[start_]->header.base > first) {
    return fail(Code::kCorrupt,
                format("{}: no segment holds position {}", directory_, number(first)));
  }
  return {};
}

Result<std::optional<ClosingRecord>> Scanner::closing_of(std::size_t index) {
  const SegmentHeader& segment = segments_[index]->header;
  const auto file = NACRE_TRY(open(index, io::OpenMode::kReadOnly));
  io::AlignedBuffer block(kBlockSize);
  NACRE_TRY(file->read(groups_end(segment.file_bytes), block.bytes()));
  auto closing = decode_closing_record(block.bytes());
  if (closing && closing->nonce != segment.nonce) closing.reset();
  return closing;
}

Result<bool> Scanner::take_closing() {
  const std::size_t index = segments_.size() - 1;
  const SegmentHeader& segment = segments_[index]->header;
  const std::uint64_t end = groups_end(segment.file_bytes);
  const auto closing = NACRE_TRY(closing_of(index));
  const bool counts = closing && options_.first_needed == nacre::next(closing->last) &&
                      options_.durable <= closing->last && segment.base <= options_.first_needed &&
                      closing->offset % kBlockSize == 0 && closing->offset >= kBlockSize &&
                      closing->offset <= end && closing->next_group >= segment.base_group &&
                      closing->last_time >= segment.base_time;
  if (!counts) return false;
  if (closing->offset < end) {
    // What follows a close proves that its record should have been wiped.
    WindowReader reader(NACRE_TRY(open(index, io::OpenMode::kReadOnly)));
    const Bytes head =
        NACRE_TRY(reader.at(closing->offset, kBlockSize, closing->offset + kBlockSize));
    const auto header = decode_group_header(head);
    if (header && header->nonce == segment.nonce) return false;
  }
  start_ = current_ = index;
  durable_ = closing->last;
  tail_.last = closing->last;
  tail_.last_time = closing->last_time;
  tail_.group = closing->next_group;
  tail_.chain = closing->chain;
  tail_.offset = closing->offset;
  return true;
}

Result<> Scanner::wipe_closing() {
  const auto closing = NACRE_TRY(closing_of(current_));
  if (!closing) return {};
  const auto file = NACRE_TRY(open(current_, io::OpenMode::kReadWrite));
  const io::AlignedBuffer zeros(kBlockSize);
  return file->write_durably(groups_end(segments_[current_]->header.file_bytes), zeros.bytes());
}

Result<> Scanner::follow() {
  current_ = start_;
  const SegmentHeader& header = segments_[start_]->header;
  tail_.last = Position{number(header.base) - 1};
  tail_.last_time = header.base_time;
  tail_.group = header.base_group;
  tail_.chain = header.chain;
  while (true) {
    WindowReader reader(NACRE_TRY(open(current_, io::OpenMode::kReadOnly)));
    tail_.offset = kBlockSize;
    segments_[current_]->is_marked = true;
    while (NACRE_TRY(take_group(reader, current_))) {
    }
    if (!continues(current_)) return {};
    segments_[current_]->end = tail_.offset;
    ++current_;
  }
}

bool Scanner::continues(std::size_t index) const {
  if (index + 1 == segments_.size()) return false;
  const SegmentHeader& header = segments_[index + 1]->header;
  return header.seq == next(segments_[index]->header.seq) && header.base == expected() &&
         header.base_group == tail_.group && header.chain == tail_.chain &&
         header.base_time == tail_.last_time;
}

// Takes the group at the tail, or says in reason_ why it is none.
Result<bool> Scanner::take_group(WindowReader& reader, std::size_t index) {
  const SegmentHeader& segment = segments_[index]->header;
  const std::uint64_t offset = tail_.offset;
  const std::uint64_t end = groups_end(segment.file_bytes);
  const auto refuse = [&](std::string_view why) {
    reason_ = why;
    return false;
  };
  if (offset + kBlockSize > end) return refuse("the segment ends");
  const Bytes head = NACRE_TRY(reader.at(offset, kBlockSize, end));
  const auto header = decode_group_header(head);
  if (!header || header->nonce != segment.nonce) return refuse("no group header");
  if (header->number != tail_.group || header->first != expected()) {
    return refuse("the group header is of another group");
  }
  const bool follows = header->chain == tail_.chain || NACRE_PLANTED(broken_chain_accepted);
  if (!follows) return refuse("the group does not continue the chain");
  if (header->extent() > end - offset) return refuse("the group exceeds its file");
  const std::uint32_t crc = stored_checksum(head);
  const Bytes group = NACRE_TRY(reader.at(offset, header->extent(), end));
  const Bytes payload = group.subspan(kGroupHeaderSize, header->payload_bytes);
  const bool is_whole = crc32c(payload) == header->payload_crc;
  if (!is_whole && !NACRE_PLANTED(log_checksum_not_checked))
    return refuse("the checksum of the group differs");
  const std::string wrong = check_payload(*header, payload, tail_.last_time);
  // Whole and wrong is not what a power cut makes.
  if (!wrong.empty()) return damaged(index, offset, wrong);

  segments_[index]->note({.offset = offset,
                          .first = header->first,
                          .number = header->number,
                          .chain = header->chain,
                          .before = tail_.last_time});
  if (header->last() >= options_.first_needed) tail_.bytes += header->extent();
  const Position proof = header->commits > 0 ? header->last() : header->first;
  if (proof > durable_) doubtful_.push_back({index, offset, header->extent(), proof});
  raise_durable(header->durable);
  tail_.last = header->last();
  tail_.last_time = header->last_time;
  tail_.group = header->number + 1;
  tail_.chain = crc;
  tail_.offset = offset + header->extent();
  return true;
}

Result<> Scanner::look_behind() {
  NACRE_TRY(search(current_, tail_.offset));
  for (std::size_t i = current_ + 1; i < segments_.size(); ++i) {
    // A later segment exists only because everything before its base was handed to it in order;
    // what its groups say is looked at like any other.
    NACRE_TRY(search(i, kBlockSize));
  }
  return {};
}

Result<> Scanner::search(std::size_t index, std::uint64_t from) {
  const SegmentHeader& segment = segments_[index]->header;
  const std::uint64_t end = groups_end(segment.file_bytes);
  WindowReader reader(NACRE_TRY(open(index, io::OpenMode::kReadOnly)));
  for (std::uint64_t at = from; at + kBlockSize <= end; at += kBlockSize) {
    const Bytes head = NACRE_TRY(reader.at(at, kBlockSize, end));
    const auto header = decode_group_header(head);
    if (!header || header->nonce != segment.nonce) continue;
    raise_durable(header->durable);
    if (index != current_) continue;
    wipe_end_ = std::max(wipe_end_, std::min(at + header->extent(), end));
  }
  return {};
}

Result<> Scanner::judge() const {
  if (expected() > durable_ || NACRE_PLANTED(damaged_tail_truncated)) return {};
  return damaged(current_, tail_.offset,
                 format("{}, though commits up to {} were durable", reason_, number(durable_)));
}

Result<> Scanner::wipe_behind() {
  if (wipe_end_ == 0) return {};
  const auto file = NACRE_TRY(open(current_, io::OpenMode::kReadWrite));
  const io::AlignedBuffer zeros(std::size_t{1} << 20);
  for (std::uint64_t at = tail_.offset; at < wipe_end_; at += zeros.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(zeros.size(), wipe_end_ - at);
    NACRE_TRY(file->write(at, zeros.bytes().first(static_cast<std::size_t>(count))));
  }
  return file->sync();
}

// From the last backwards, so that a power cut in between leaves no gap.
Result<> Scanner::remove_later_segments() {
  if (current_ + 1 == segments_.size()) return {};
  while (segments_.size() > current_ + 1) {
    NACRE_TRY(fs_.remove(segments_.back()->path));
    segments_.pop_back();
  }
  return fs_.sync_directory(directory_);
}

// What was read may be known to a cache alone: a write whose sync failed reads back well until the
// power goes.
Result<> Scanner::write_doubtful_again() {
  if (NACRE_PLANTED(cached_tail_trusted)) return {};
  // Before its first group nothing proves that the segment was installed: neither the header nor
  // the name. The header comes first, for while the name changes the segment is found by it.
  if (tail_.offset == kBlockSize) {
    NACRE_TRY(write_again(current_, 0, kBlockSize));
    NACRE_TRY(name_again(current_));
  }
  for (const Doubtful& group : doubtful_) {
    NACRE_TRY(write_again(group.segment, group.offset, group.extent));
  }
  return {};
}

Result<> Scanner::write_again(std::size_t index, std::uint64_t offset, std::uint64_t extent) {
  const auto file = NACRE_TRY(open(index, io::OpenMode::kReadWrite));
  io::AlignedBuffer bytes(static_cast<std::size_t>(extent));
  NACRE_TRY(file->read(offset, bytes.bytes()));
  return file->write_durably(offset, bytes.bytes());
}

// Away and back: a sync of the directory saves what changed since the one that failed, and no more.
// The other name is one that a segment is found under, too (LOG-6), wherever the power goes.
Result<> Scanner::name_again(std::size_t index) {
  const std::string& path = segments_[index]->path;
  SegmentSeq seq = segments_[index]->header.seq;
  // Another segment may have had to keep the name of its blank.
  while (NACRE_TRY(fs_.exists(blank_path(directory_, seq)))) seq = next(seq);
  const std::string other = blank_path(directory_, seq);
  NACRE_TRY(fs_.rename(path, other));
  NACRE_TRY(fs_.rename(other, path));
  return fs_.sync_directory(directory_);
}

}  // namespace

Result<Tail> recover_tail(io::FileSystem& fs, std::string_view directory,
                          const ScanOptions& options) {
  return Scanner(fs, directory, options).run();
}

}  // namespace nacre::log
