#include "log/damaged_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "base/text.h"
#include "log/segment_internal.h"

namespace nacre::log {
namespace {

class Reading {
 public:
  Reading(io::FileSystem& files, std::string_view directory, const Uuid& uuid, Position after,
          const SeenCommit& seen)
      : files_(files), directory_(directory), uuid_(uuid), seen_(seen) {
    found_.last = after;
    found_.durable = after;
  }

  Result<DamagedLog> run() {
    auto listing = list_segments(files_, directory_);
    if (!listing.has_value()) {
      found_.problems.push_back(listing.error().text());
      return std::move(found_);
    }
    const auto searched = find_nameless(files_, uuid_, *listing);
    if (!searched.has_value()) found_.problems.push_back(searched.error().text());
    for (const auto& [seq, path] : listing->segments) NACRE_TRY(read_segment(seq, path));
    if (found_.last < found_.durable) {
      found_.problems.push_back(format("{}: commits {} to {} were durable and cannot be read",
                                       directory_, number(found_.last) + 1,
                                       number(found_.durable)));
    }
    return std::move(found_);
  }

 private:
  Result<> read_segment(SegmentSeq seq, const std::string& path) {
    const auto header = read_segment_header(files_, path, seq, uuid_);
    if (!header.has_value()) {
      found_.problems.push_back(header.error().text());
      return {};
    }
    auto file = files_.open(path, {.mode = io::OpenMode::kReadOnly, .direct = true});
    if (!file.has_value()) {
      found_.problems.push_back(file.error().text());
      return {};
    }
    WindowReader reader(*std::move(file));
    for (std::uint64_t at = kBlockSize; at + kBlockSize <= header->file_bytes;) {
      const auto extent = read_group(reader, *header, at);
      if (!extent.has_value() && extent.error().code() != Code::kIo) {
        return std::unexpected(extent.error().clone());
      }
      if (!extent.has_value()) found_.problems.push_back(extent.error().text());
      at += extent.has_value() ? *extent : kBlockSize;
    }
    return {};
  }

  // Returns how far it goes; one block where there is no whole group.
  Result<std::uint64_t> read_group(WindowReader& reader, const SegmentHeader& segment,
                                   std::uint64_t at) {
    const Bytes head = NACRE_TRY(reader.at(at, kBlockSize, segment.file_bytes));
    const auto header = decode_group_header(head);
    if (!header || header->nonce != segment.nonce) return kBlockSize;
    found_.durable = std::max(found_.durable, header->durable);
    if (header->extent() > segment.file_bytes - at) return kBlockSize;
    const Bytes group = NACRE_TRY(reader.at(at, header->extent(), segment.file_bytes));
    Bytes payload = group.subspan(kGroupHeaderSize, header->payload_bytes);
    if (crc32c(payload) != header->payload_crc) return kBlockSize;
    while (!payload.empty()) {
      const auto commit = decode_record(payload);
      if (!commit) break;
      NACRE_TRY(take(*commit));
    }
    return header->extent();
  }

  Result<> take(const Commit& commit) {
    if (commit.position <= found_.last) return {};
    if (commit.position != nacre::next(found_.last)) {
      ++found_.lost;
      return {};
    }
    NACRE_TRY(seen_(commit));
    found_.last = commit.position;
    return {};
  }

  io::FileSystem& files_;
  const std::string directory_;
  const Uuid uuid_;
  const SeenCommit& seen_;
  DamagedLog found_;
};

}  // namespace

Result<DamagedLog> read_damaged_log(io::FileSystem& files, std::string_view directory,
                                    const Uuid& uuid, Position after, const SeenCommit& seen) {
  return Reading(files, directory, uuid, after, seen).run();
}

}  // namespace nacre::log
