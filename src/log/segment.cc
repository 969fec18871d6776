#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "log/segment_internal.h"

namespace nacre::log {
namespace {

constexpr std::uint64_t kZerosAtOnce = 1 << 20;    // bytes
constexpr std::uint64_t kWindowBytes = 256 << 10;  // read ahead

std::string path_of(std::string_view directory, SegmentSeq seq, std::string_view kind) {
  return format("{}/{}.{}", directory, static_cast<std::uint64_t>(seq), kind);
}

// Takes the space for `bytes`. Writes the first `ahead` of them, or all where it cannot be had
// otherwise, and says how many.
Result<std::uint64_t> take_space(io::File& file, std::uint64_t bytes, std::uint64_t ahead) {
  auto allocated = file.allocate(bytes);
  if (!allocated.has_value() && allocated.error().code() != Code::kUnsupported) {
    return std::unexpected(std::move(allocated).error());
  }
  if (allocated.has_value()) bytes = std::min(bytes, ahead);
  const io::AlignedBuffer zeros(static_cast<std::size_t>(std::min(bytes, kZerosAtOnce)));
  for (std::uint64_t at = 0; at < bytes; at += zeros.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(zeros.size(), bytes - at);
    NACRE_TRY(file.write(at, zeros.bytes().first(static_cast<std::size_t>(count))));
  }
  NACRE_TRY(file.sync());
  return bytes;
}

}  // namespace

std::string segment_path(std::string_view directory, SegmentSeq seq) {
  return path_of(directory, seq, "log");
}

std::string blank_path(std::string_view directory, SegmentSeq seq) {
  return path_of(directory, seq, "new");
}

Result<DirectoryListing> list_segments(io::FileSystem& fs, std::string_view directory) {
  DirectoryListing listing;
  const std::vector<std::string> names = NACRE_TRY(fs.list(directory));
  for (const std::string& name : names) {
    std::uint64_t seq = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, seq);
    if (parsed.ec != std::errc{}) continue;
    const std::string_view kind(parsed.ptr, end);
    if (kind == ".new" || kind == ".free") {
      listing.leftovers.push_back(format("{}/{}", directory, name));
    } else if (kind == ".log" && segment_path(directory, SegmentSeq{seq}).ends_with("/" + name)) {
      listing.segments.push_back({SegmentSeq{seq}, segment_path(directory, SegmentSeq{seq})});
    }
  }
  std::ranges::sort(listing.segments, {}, &SegmentFile::seq);
  return listing;
}

namespace {

// Of a file that lies under `path`, whatever its number is.
Result<SegmentHeader> read_any_header(io::FileSystem& fs, std::string_view path, const Uuid& uuid) {
  const auto file = NACRE_TRY(fs.open(path, {.mode = io::OpenMode::kReadOnly, .direct = true}));
  const std::uint64_t bytes = NACRE_TRY(file->size());
  if (bytes < kBlockSize) {
    return fail(Code::kCorrupt,
                format("{}: has {} bytes, expected at least {}", path, bytes, kBlockSize));
  }
  io::AlignedBuffer block(kBlockSize);
  NACRE_TRY(file->read(0, block.bytes()));
  const SegmentHeader header = NACRE_TRY(decode_segment_header(block.bytes(), path));
  if (header.uuid != uuid) {
    return fail(Code::kCorrupt, format("{}: belongs to another database", path));
  }
  if (header.file_bytes != bytes || bytes % kBlockSize != 0) {
    return fail(Code::kCorrupt,
                format("{}: has {} bytes, expected {}", path, bytes, header.file_bytes));
  }
  return header;
}

}  // namespace

Result<> find_nameless(io::FileSystem& fs, const Uuid& uuid, DirectoryListing& listing) {
  if (NACRE_PLANTED(nameless_segment_removed)) return {};
  std::vector<std::string> leftovers;
  for (std::string& path : listing.leftovers) {
    const auto header = read_any_header(fs, path, uuid);
    if (!header.has_value() && header.error().code() != Code::kCorrupt) {
      return std::unexpected(header.error().clone());
    }
    // A blank that is made of an old segment still has that one's header and number.
    const std::string old_name =
        header.has_value() ? path_of("", header->seq, "free") : std::string();
    const bool is_nameless = header.has_value() && !path.ends_with(old_name) &&
                             std::ranges::find(listing.segments, header->seq, &SegmentFile::seq) ==
                                 listing.segments.end();
    if (is_nameless) {
      listing.segments.push_back({header->seq, std::move(path)});
    } else {
      leftovers.push_back(std::move(path));
    }
  }
  listing.leftovers = std::move(leftovers);
  std::ranges::sort(listing.segments, {}, &SegmentFile::seq);
  return {};
}

Result<BlankFile> make_blank(io::FileSystem& fs, std::string_view directory, SegmentSeq seq,
                             std::uint64_t bytes, std::uint64_t ahead) {
  BlankFile blank;
  blank.path = blank_path(directory, seq);
  blank.bytes = bytes;
  const io::OpenOptions anew{.mode = io::OpenMode::kCreate, .direct = true};
  auto file = fs.open(blank.path, anew);
  if (!file.has_value() && file.error().code() == Code::kExists) {
    // Left by an attempt that failed in the middle.
    NACRE_TRY(fs.remove(blank.path));
    file = fs.open(blank.path, anew);
  }
  blank.file = NACRE_TRY(std::move(file));
  auto written = take_space(*blank.file, bytes, ahead);
  if (!written.has_value()) {
    blank.file.reset();
    // The space is needed elsewhere; when this fails too, opening the log removes the file.
    [[maybe_unused]] const auto removed = fs.remove(blank.path);
    return std::unexpected(std::move(written).error());
  }
  blank.written = *written;
  return blank;
}

Result<Installed> install(io::FileSystem& fs, std::string_view directory, BlankFile blank,
                          const SegmentHeader& header) {
  io::AlignedBuffer block(kBlockSize);
  encode(header, block.bytes());
  NACRE_TRY(blank.file->write_durably(0, block.bytes()));
  blank.file.reset();
  Installed done{.file = {}, .path = segment_path(directory, header.seq)};
  auto named = fs.rename(blank.path, done.path);
  if (!named.has_value()) {
    if (named.error().code() != Code::kFull) return std::unexpected(std::move(named).error());
    // Commits wait for this segment and cannot be taken back: LOG-6. Refused calls may have worked.
    const bool is_nameless = NACRE_TRY(fs.exists(blank.path));
    if (is_nameless) done.path = blank.path;
  }
  if (!NACRE_PLANTED(new_segment_without_directory_sync)) NACRE_TRY(fs.sync_directory(directory));
  // Opened anew so that its errors name the segment, not what the file was before.
  done.file = NACRE_TRY(fs.open(done.path, {.mode = io::OpenMode::kReadWrite, .direct = true}));
  return done;
}

Result<SegmentHeader> read_segment_header(io::FileSystem& fs, std::string_view path, SegmentSeq seq,
                                          const Uuid& uuid) {
  const SegmentHeader header = NACRE_TRY(read_any_header(fs, path, uuid));
  if (header.seq != seq) {
    return fail(Code::kCorrupt, format("{}: segment number is {}, expected {}", path,
                                       std::to_underlying(header.seq), std::to_underlying(seq)));
  }
  return header;
}

Result<Bytes> WindowReader::at(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  NACRE_CHECK(offset % kBlockSize == 0, "groups start on a block");
  NACRE_CHECK(offset + size <= limit, "the caller knows where the file ends");
  if (offset < begin_ || offset + size > end_) {
    const std::uint64_t wanted = std::max(whole_blocks(size), kWindowBytes);
    const std::uint64_t count = std::min(wanted, limit - offset);
    if (window_.size() < count) window_ = io::AlignedBuffer(static_cast<std::size_t>(count));
    begin_ = end_ = 0;
    NACRE_TRY(file_->read(offset, window_.bytes().first(static_cast<std::size_t>(count))));
    begin_ = offset;
    end_ = offset + count;
  }
  return Bytes(window_.bytes())
      .subspan(static_cast<std::size_t>(offset - begin_), static_cast<std::size_t>(size));
}

}  // namespace nacre::log
