// The files of a log directory: which segments are there, how one is made, read and given up.
//
// <seq>.log is a segment. <seq>.new is a file whose space is being taken, <seq>.free one that was a
// segment and will become another; both are removed when the log is opened, unless they have become
// a segment that a full disk or a power cut kept from its name (LOG-6).
// Errors: as the file system says; kCorrupt for a segment that contradicts its name or its header.
// Threads: free functions; a WindowReader belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/aligned_buffer.h"
#include "io/file_system.h"
#include "log/format.h"

namespace nacre::log {

// A group that a reader may start at, and what it has to know there.
struct GroupMark {
  std::uint64_t offset = kBlockSize;
  Position first{};          // the group's
  std::uint64_t number = 0;  // of the group
  std::uint32_t chain = 0;   // checksum of the header before
  Time before{};             // of position first - 1
};

// One part in so many of the last segment there is room for is kept for what frees space.
inline constexpr std::uint64_t kReserveShare = 4;

inline constexpr std::uint64_t kMarkSpacing = 64 << 10;  // bytes between a segment's marks

// A segment that readers and the writer know. `end` and the marks are guarded by the log's lock.
struct Segment {
  // Where its first group is.
  [[nodiscard]] GroupMark beginning() const {
    return {.offset = kBlockSize,
            .first = header.base,
            .number = header.base_group,
            .chain = header.chain,
            .before = header.base_time};
  }
  // Marks come in rising order; those too close to the one before are left out.
  void note(const GroupMark& mark) {
    const std::uint64_t before = marks.empty() ? kBlockSize : marks.back().offset;
    if (mark.offset >= before + kMarkSpacing) marks.push_back(mark);
  }

  SegmentHeader header;
  std::string path;
  std::uint64_t end = kBlockSize;  // below it, all groups are durable
  // From here on blocks are only allocated: the first write of one waits for the file system's own
  // journal. Not less than where the next group goes.
  std::uint64_t written = kBlockSize;
  std::vector<GroupMark> marks;  // of durable groups, ascending
  bool is_marked = true;         // false: nobody has read it yet, so marks are missing
};

[[nodiscard]] std::string segment_path(std::string_view directory, SegmentSeq seq);
[[nodiscard]] std::string blank_path(std::string_view directory, SegmentSeq seq);
[[nodiscard]] constexpr SegmentSeq next(SegmentSeq seq) {
  return SegmentSeq{static_cast<std::uint64_t>(seq) + 1};
}

struct SegmentFile {
  SegmentSeq seq{};
  std::string path;
};
struct DirectoryListing {
  std::vector<SegmentFile> segments;   // ascending
  std::vector<std::string> leftovers;  // full paths of *.new and *.free
};
[[nodiscard]] Result<DirectoryListing> list_segments(io::FileSystem& fs,
                                                     std::string_view directory);
// Moves those leftovers to the segments that are some of database `uuid` in all but their name.
[[nodiscard]] Result<> find_nameless(io::FileSystem& fs, const Uuid& uuid,
                                     DirectoryListing& listing);

// A file that is not a segment yet. It has the space for all its bytes.
struct BlankFile {
  std::unique_ptr<io::File> file;
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t written = 0;  // of them, from the beginning on
};
// Creates one with its first `ahead` bytes written; removes it again when that fails.
[[nodiscard]] Result<BlankFile> make_blank(io::FileSystem& fs, std::string_view directory,
                                           SegmentSeq seq, std::uint64_t bytes,
                                           std::uint64_t ahead);
// Makes the blank a segment that survives a power cut: header, name, directory. Where the disk has
// no room for the name, it keeps the one it has.
struct Installed {
  std::unique_ptr<io::File> file;
  std::string path;
};
[[nodiscard]] Result<Installed> install(io::FileSystem& fs, std::string_view directory,
                                        BlankFile blank, const SegmentHeader& header);

// Reads and checks the header of segment `seq` against its name, file size and `uuid`.
[[nodiscard]] Result<SegmentHeader> read_segment_header(io::FileSystem& fs, std::string_view path,
                                                        SegmentSeq seq, const Uuid& uuid);

// Parts of a file through a window read ahead.
class WindowReader {
 public:
  explicit WindowReader(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  // Bytes [offset, offset + size), valid until the next call. Reads whole blocks, ahead up to
  // `limit`. Requires: offset and limit on blocks, offset + size <= limit.
  [[nodiscard]] Result<Bytes> at(std::uint64_t offset, std::uint64_t size, std::uint64_t limit);
  [[nodiscard]] io::File& file() { return *file_; }

 private:
  std::unique_ptr<io::File> file_;
  io::AlignedBuffer window_;
  std::uint64_t begin_ = 0;  // of what window_ holds
  std::uint64_t end_ = 0;
};

}  // namespace nacre::log
