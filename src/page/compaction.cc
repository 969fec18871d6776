// Compaction: pages and value chunks from the end of the file move to free space further down.
//
// Why it is simple: nobody but the map knows where a page lies. A copy of its bytes and a changed
//   word are a moved page; the old place stays as the last durable checkpoint has it until the next
//   is durable (PAGE-5), so a power cut at any moment leaves the one or the other.
// Rule:    PAGE-10: the bytes are moved as they are, checked on the way: damage is neither hidden
// nor spread.
//   What the applier is changing anyway is left to the next checkpoint, which writes it low.
#include <algorithm>

#include "base/check.h"
#include "io/aligned_buffer.h"
#include "page/pager.h"

namespace nacre::page {
namespace {

// Of the blocks in use: what the moving itself needs, and gaps that nothing fits into.
constexpr std::uint64_t kSlackShare = 50;
constexpr std::uint64_t kSlackMin = 16;  // blocks

}  // namespace

Result<Pager::Compaction> Pager::begin_compaction(std::uint64_t from) {
  while (!NACRE_TRY(derive_free_space(kMapFanout))) {
  }
  const MutexLock lock(mutex_);
  NACRE_TRY(check_poison());
  reclaim();
  std::uint64_t used = blocks_.used();
  for (const Place& place : obsolete_) used -= place.blocks;
  Compaction pass;
  pass.target = used + used / kSlackShare + kSlackMin;
  pass.from = std::max(from, pass.target);
  image_.mark_above(pass.from);
  return pass;
}

Result<> Pager::compact_step(Compaction& pass, std::size_t bytes) {
  std::vector<Move> moves;
  {
    const MutexLock lock(mutex_);
    NACRE_TRY(check_poison());
    NACRE_CHECK(!cut_.has_value(), "checkpoints and compaction take turns");
    pass.is_done = !collect_moves(pass, bytes, moves);
  }
  Result<> copied = copy_moves(moves, pass);
  const MutexLock lock(mutex_);
  if (!copied.has_value()) note_failed_write(copied.error());
  for (const Move& move : moves) finish_move(move, copied.has_value(), pass);
  return copied;
}

// Returns whether there may be more.
bool Pager::collect_moves(Compaction& pass, std::size_t bytes, std::vector<Move>& moves) {
  const std::uint32_t map_end = (next_page_id_ - 1) / kMapFanout + 1;
  std::size_t size = 0;
  for (; pass.next_map < map_end; ++pass.next_map) {
    if (size >= bytes) return true;
    const MapBlock* map = image_.find(0, pass.next_map);
    if (map == nullptr) continue;
    for (std::uint32_t i = 0; i < kMapFanout; ++i) {
      const MappingWord word = map->words[i];
      const Place place = word.place();
      if (word.bits() == 0 || place.block + place.blocks <= pass.from) continue;
      const PageId id{pass.next_map * kMapFanout + i};
      if (!is_movable(id, word)) continue;
      const auto to = blocks_.allocate_below(place.blocks, pass.target);
      if (!to.has_value()) continue;  // no room for it below
      moves.push_back({.id = id, .from = word, .block = *to, .at = size});
      size += place.blocks * kBlockSize;
    }
  }
  return false;
}

// Whether the newest version of `id` is the one that lies at `from`. What is not is being written,
// or will be.
bool Pager::is_movable(PageId id, MappingWord from) const {
  if (has_run_at(from.place())) return false;
  const MappingWord word = table_.word(id);
  if (word.tag() != Tag::kFrame) return word == from;
  const FrameInfo& info = arena_.info(word.frame());
  return info.state == FrameState::kClean && info.place == from;
}

bool Pager::check_moved(PageId id, const Place& from, Bytes bytes, CheckpointSeq newest) const {
  return from.type == PageType::kValueChunk
             ? check_extent(bytes, id, newest, from.check16, path_).has_value()
             : check_page(bytes.data(), id, newest, from.check16, path_).has_value();
}

Result<> Pager::copy_moves(std::vector<Move>& moves, Compaction& pass) {
  if (moves.empty()) return {};
  CheckpointSeq newest;
  {
    const MutexLock lock(mutex_);
    newest = next_seq_;
  }
  const Move& last = moves.back();
  io::AlignedBuffer buffer(last.at + last.from.place().blocks * kBlockSize);
  for (Move& move : moves) {
    const Place from = move.from.place();
    const MutableBytes bytes = buffer.bytes().subspan(move.at, from.blocks * kBlockSize);
    const Result<> read = file_->read(from.block * kBlockSize, bytes);
    move.is_intact = read.has_value() && check_moved(move.id, from, bytes, newest);
    pass.damaged += move.is_intact ? 0 : 1;
  }
  for (std::size_t begin = 0, end = 0; begin < moves.size(); begin = end) {
    std::uint64_t blocks = 0;
    // Neighbours in one write.
    for (end = begin; end < moves.size() && moves[end].block == moves[begin].block + blocks;
         ++end) {
      blocks += moves[end].from.place().blocks;
    }
    NACRE_TRY(file_->write(moves[begin].block * kBlockSize,
                           buffer.bytes().subspan(moves[begin].at, blocks * kBlockSize)));
  }
  return {};
}

void Pager::finish_move(const Move& move, bool is_copied, Compaction& pass) {
  const Place from = move.from.place();
  Place to = from;
  to.block = move.block;
  // Who reads it now reads the old place, which must not be given to others meanwhile.
  while (table_.word(move.id).tag() == Tag::kLoading) changed_.wait(mutex_);
  const bool is_current =
      !cut_.has_value() && image_.get(move.id) == move.from && is_movable(move.id, move.from);
  if (!is_copied || !move.is_intact || !is_current) return blocks_.release(to.block, to.blocks);
  const MappingWord word = MappingWord::disk(to);
  const MappingWord now = table_.word(move.id);
  if (now.tag() == Tag::kFrame) {
    arena_.info(now.frame()).place = word;
  } else {
    table_.set(move.id, word);
  }
  record_word(move.id, /*later_checkpoint=*/false, word);
  pass.bytes_moved += from.blocks * kBlockSize;
}

}  // namespace nacre::page
