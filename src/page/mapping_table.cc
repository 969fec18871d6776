#include "page/mapping_table.h"

namespace nacre::page {

Result<> MappingTable::init() {
  directory_memory_ = NACRE_TRY(Reservation::make(kChunkCount * sizeof(std::atomic<Entry*>)));
  // Zeroed memory is an array of null pointers; nothing is touched before it is used.
  directory_ = reinterpret_cast<std::atomic<Entry*>*>(directory_memory_.data());
  return {};
}

Result<> MappingTable::grow(std::uint32_t id_count) {
  const std::uint32_t chunk_count = (id_count + kChunkSize - 1) / kChunkSize;
  while (chunks_.size() < chunk_count) {
    Reservation chunk = NACRE_TRY(Reservation::make(kChunkSize * sizeof(Entry)));
    directory_[chunks_.size()].store(reinterpret_cast<Entry*>(chunk.data()),
                                     std::memory_order_release);
    if (!chunks_.empty()) chunks_.back().note_used(kChunkSize * sizeof(Entry));
    chunks_.push_back(std::move(chunk));
    directory_memory_.note_used(chunks_.size() * sizeof(std::atomic<Entry*>));
  }
  // A quarter full: it is worth a huge page.
  const std::uint32_t in_last = id_count - (chunk_count == 0 ? 0 : chunk_count - 1) * kChunkSize;
  if (chunk_count == chunks_.size()) chunks_.back().note_used(in_last * sizeof(Entry));
  if (in_last >= kChunkSize / 4 && huge_chunks_ < chunk_count) {
    for (; huge_chunks_ < chunk_count; ++huge_chunks_) {
      chunks_[huge_chunks_].use_huge_pages(0, kHugePageSize);
    }
  }
  return {};
}

}  // namespace nacre::page
