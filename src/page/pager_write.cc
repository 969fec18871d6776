// Writing pages to new blocks, and what the next checkpoint's map says about them.
#include <algorithm>

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "io/spare_buffers.h"
#include "page/pager.h"

namespace nacre::page {

namespace {
constexpr std::uint32_t kBlocksPerPage = kPageSize / kBlockSize;
}

Result<> Pager::check_poison() const {
  if (!poison_.has_value()) return {};
  return fail(Code::kClosed, format("{}: no more changes after a failed write ({}); reopen to "
                                    "recover",
                                    path_, poison_->what()));
}

void Pager::poison(const Error& error) {
  if (!poison_.has_value()) poison_ = error.clone();
}

void Pager::note_failed_write(const Error& error) {
  if (error.code() != Code::kFull) return poison(error);
  if (!full_.has_value()) full_ = error.clone();
  is_full_.store(true, std::memory_order_relaxed);
}

void Pager::note_write() {
  if (!full_.has_value()) return;
  full_.reset();
  is_full_.store(false, std::memory_order_relaxed);
}

std::unexpected<Error> Pager::disk_full() const {
  return fail(Code::kFull, format("{}: the disk is full; free space on it, or remove rows: {}",
                                  path_, full_.has_value() ? full_->what() : "no room"));
}

void Pager::begin_writing(std::vector<Writing>& pages) {
  for (Writing& writing : pages) {
    FrameInfo& info = arena_.info(writing.frame);
    NACRE_CHECK(info.state == FrameState::kDirty, "only dirty pages are written");
    info.state = FrameState::kWriting;
    const bool later = cut_.has_value() && generation_of(writing.frame) > *cut_;
    writing.seq = CheckpointSeq{number(next_seq_) + (later ? 1 : 0)};
    writing.block = blocks_.allocate(kBlocksPerPage);
  }
}

Result<> Pager::write_pages(std::vector<Writing>& pages) {
  io::SpareBuffer buffer(pages.size() * kPageSize);
  std::ranges::sort(pages, {}, &Writing::block);
  for (std::size_t i = 0; i < pages.size(); ++i) {
    pages[i].checksum = encode_page(pages[i].frame, pages[i].seq, buffer.data() + i * kPageSize);
  }
  // Neighbours in one write.
  for (std::size_t begin = 0, end = 0; begin < pages.size(); begin = end) {
    end = begin + 1;
    while (end < pages.size() && pages[end].block == pages[end - 1].block + kBlocksPerPage) ++end;
    auto written =
        file_->write(pages[begin].block * kBlockSize,
                     buffer.bytes().subspan(begin * kPageSize, (end - begin) * kPageSize));
    if (!written.has_value() && !NACRE_PLANTED(page_write_error_ignored)) return written;
  }
  return {};
}

void Pager::end_writing(const std::vector<Writing>& pages, bool ok) {
  for (const Writing& writing : pages) {
    FrameInfo& info = arena_.info(writing.frame);
    const Place place{.block = writing.block,
                      .blocks = kBlocksPerPage,
                      .type = type_of(writing.frame),
                      .check16 = static_cast<std::uint16_t>(writing.checksum)};
    const bool newest = (superseded_word(writing.frame) & kNotSuperseded) == kNotSuperseded;
    if (ok && (newest || is_wanted_by_checkpoint(writing.frame))) {
      info.place = MappingWord::disk(place);
      record_place(writing.frame, info.place);
      info.state = FrameState::kClean;
      if (!info.retired) count_dirty(-1);
      ++stats_.pages_written;
      continue;
    }
    // Superseded meanwhile: nobody will ask for these blocks.
    info.state = FrameState::kDirty;
    release_block(place);
  }
  changed_.notify_all();
}

void Pager::record_place(const std::byte* frame, MappingWord word) {
  record_word(arena_.info(frame).id, cut_.has_value() && generation_of(frame) > *cut_, word);
}

void Pager::record_word(PageId id, bool later_checkpoint, MappingWord word) {
  if (later_checkpoint) {
    auto& later = later_[number(id)];
    release_place(id, std::exchange(later, word));
  } else {
    const MappingWord old = image_.get(id);
    image_.set(id, word);
    release_place(id, old);
  }
}

void Pager::release_place(PageId id, MappingWord old) {
  if (old.bits() == 0) return;
  const auto leaving = leaving_.find(number(id));
  if (leaving != leaving_.end()) {
    leaving->second.push_back(old.place());  // somebody may still have to read it from there
  } else {
    release_block(old.place());
  }
}

void Pager::release_block(const Place& place) {
  if (ExtentRun* run = run_at(place); run != nullptr) {
    run->released.push_back(place);  // the run is yet to be written over it
    return;
  }
  if (blocks_.is_durable(place.block) && !NACRE_PLANTED(block_reused_before_superblock)) {
    obsolete_.push_back(place);  // PAGE-5
  } else {
    blocks_.release(place.block, place.blocks);
  }
}

}  // namespace nacre::page
