// DamagedFile: what can still be read of a file of pages, damage or not.
//
// Why apart from the pager: the pager refuses a file whose map is damaged, and must. This looks at
//   each page for itself, changes nothing, and says what it could not read.
// Invariants: PAGE-1, PAGE-2 and the map's half checksum hold of every page shown, so no older
// state
//   of a page is taken for the one that the checkpoint refers to.
// Errors:  open: when the file cannot be read at all, or no superblock of it holds.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/aligned_buffer.h"
#include "io/file_system.h"
#include "page/extent.h"
#include "page/map_block.h"
#include "page/superblock.h"

namespace nacre::page {

class DamagedFile {
 public:
  struct PageAt {
    PageId id{};
    MappingWord word;
    CheckpointSeq newest{};  // no write of the page is newer

    [[nodiscard]] bool is_chunk() const { return word.place().type == PageType::kValueChunk; }
  };

  [[nodiscard]] static Result<DamagedFile> open(io::FileSystem& files, std::string_view path);

  [[nodiscard]] const Superblock& superblock() const { return superblock_; }
  // Every page that the readable part of the map knows, in no order.
  [[nodiscard]] const std::vector<PageAt>& pages() const { return pages_; }
  // What is wrong with superblocks and map, each with what is lost by it.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  // The bytes of a page of a tree, checked; valid until the next call. kCorrupt otherwise.
  [[nodiscard]] Result<const std::byte*> read(const PageAt& page);
  // A value chunk, checked. kCorrupt otherwise.
  [[nodiscard]] Result<ExtentRef> read_chunk(const PageAt& page);

 private:
  DamagedFile(std::unique_ptr<io::File> file, std::string_view path)
      : file_(std::move(file)), path_(path), buffer_(kPageSize) {}

  [[nodiscard]] Result<> read_superblocks();
  void read_map(std::uint8_t level, std::uint32_t index, MappingWord word);
  [[nodiscard]] Result<MapBlock> read_map_block(std::uint8_t level, std::uint32_t index,
                                                MappingWord word);

  std::unique_ptr<io::File> file_;
  std::string path_;
  Superblock superblock_;
  std::vector<PageAt> pages_;
  std::vector<std::string> problems_;
  io::AlignedBuffer buffer_;
};

}  // namespace nacre::page
