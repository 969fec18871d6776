// check(): the last durable checkpoint, read from the file and compared with every rule.
#include <algorithm>

#include "base/text.h"
#include "io/aligned_buffer.h"
#include "page/node_check.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

class CheckpointCheck {
 public:
  CheckpointCheck(io::File& file, std::string_view path, const Superblock& superblock,
                  PagerCheck& report)
      : file_(file),
        path_(path),
        superblock_(superblock),
        report_(report),
        seen_(kSuperblockCount) {
    report_.used.resize(superblock.next_page_id);
  }

  Result<> run() {
    const MapRoot root{.word = superblock_.map_root,
                       .height = superblock_.map_height,
                       .seq = superblock_.seq,
                       .file_blocks = superblock_.file_blocks};
    if (root.height > 0) take(root.word.place(), "the top map block");
    return walk_map(file_, path_, root, [this](const MapBlock& map) -> Result<> {
      ++report_.map_blocks_checked;
      for (std::uint32_t i = 0; i < kMapFanout; ++i) check_word(map, i);
      return {};
    });
  }

 private:
  void problem(std::string text) { report_.problems.push_back(std::move(text)); }

  bool take(const Place& place, const std::string& who) {
    if (place.block + place.blocks > superblock_.file_blocks) {
      problem(format("{}: {}: block {} lies outside the file", path_, who, place.block));
      return false;
    }
    if (!seen_.adopt(place.block, place.blocks)) {
      problem(format("{}: {}: block {} belongs to another page too", path_, who, place.block));
    }
    return true;
  }

  void check_word(const MapBlock& map, std::uint32_t i) {
    const MappingWord word = map.words[i];
    if (word.bits() == 0) return;
    if (map.level > 0) {
      take(word.place(), format("map block {} of level {}: word {}", map.index, map.level, i));
      return;
    }
    const std::uint64_t id = std::uint64_t{map.index} * kMapFanout + i;
    if (id == 0 || id >= superblock_.next_page_id) {
      problem(format("{}: map block {}: page id {} was never given out", path_, map.index, id));
      return;
    }
    report_.used[id] = true;
    if (take(word.place(), format("page {}", id)))
      check_page_of(map, PageId{static_cast<std::uint32_t>(id)}, word);
  }

  void check_page_of(const MapBlock& map, PageId id, MappingWord word) {
    ++report_.pages_checked;
    const Place place = word.place();
    if (place.type == PageType::kValueChunk) return check_extent_of(map, id, place);
    const Result<> read = file_.read(place.block * kBlockSize, page_.bytes());
    if (!read.has_value()) return problem(read.error().what());
    const Result<> checked = check_page(page_.data(), id, map.seq, place.check16, path_);
    if (!checked.has_value()) return problem(checked.error().what());
    if (type_of(page_.data()) != place.type) {
      problem(format("{}: page {}: its type is not the class in the map", path_, number(id)));
    }
    const std::string bounds = check_node_bounds(page_.data());
    if (!bounds.empty()) problem(format("{}: page {}: {}", path_, number(id), bounds));
  }

  void check_extent_of(const MapBlock& map, PageId id, const Place& place) {
    if (extent_.size() == 0) extent_ = io::AlignedBuffer(kExtentBlocksMax * kBlockSize);
    const MutableBytes bytes = extent_.bytes().first(place.blocks * kBlockSize);
    const Result<> read = file_.read(place.block * kBlockSize, bytes);
    if (!read.has_value()) return problem(read.error().what());
    const Result<> checked = check_extent(bytes, id, map.seq, place.check16, path_);
    if (!checked.has_value()) problem(checked.error().what());
  }

  io::File& file_;
  std::string path_;
  const Superblock& superblock_;
  PagerCheck& report_;
  FreeBlocks seen_;
  io::AlignedBuffer page_{kPageSize};
  io::AlignedBuffer extent_;  // made for the first value chunk
};

}  // namespace

Result<PagerCheck> Pager::check() {
  const MutexLock alone(checkpoint_mutex_);  // the checkpoint we read stays the durable one
  Superblock durable;
  {
    const MutexLock lock(mutex_);
    durable = durable_;
  }
  PagerCheck report;
  const auto read = read_superblock(*file_, path_);
  if (!read.has_value()) {
    if (read.error().code() == Code::kIo) return std::unexpected(read.error().clone());
    report.problems.push_back(read.error().what());
  } else {
    report.problems = read->problems;
    if (!(read->newest == durable)) {
      report.problems.push_back(
          format("{}: the superblock in the file is of checkpoint {}, "
                 "expected {}",
                 path_, number(read->newest.seq), number(durable.seq)));
    }
  }
  const Result<> walked = CheckpointCheck(*file_, path_, durable, report).run();
  if (!walked.has_value()) report.problems.push_back(walked.error().what());
  return report;
}

}  // namespace nacre::page
