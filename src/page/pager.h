// Pager: the pages of one database by logical id, in as many versions as somebody still looks at.
//
// Why logical ids: a changed page gets a new version, and later a new place in the file, without
//   its parent changing. Why versions: a published page never changes, so readers take no locks
//   and a checkpoint runs beside them and beside the applier.
// Words:   the applier is the one thread at a time that changes pages; its changes are its own
// until
//   publish() makes them visible as the next Generation. A Pin is short and protects pointers into
//   pages. A Hold is long and keeps one generation readable. A FramePin keeps one page in memory.
// Invariants (docs/invariants.md):
//   PAGE-4  what is reachable at a published generation is immutable
//   PAGE-5  a block of the last durable checkpoint is not overwritten before the next one is
//   durable PAGE-6  memory for pages never exceeds Options::cache_bytes
// Errors:  kCorrupt names the file, the page and the first rule it breaks. kFull: no page in memory
//   can be given up, or the disk is full. kTooOld: the view's hold was cancelled. After one failed
//   write or sync of the file every later change answers kClosed and names that failure (reads of
//   what is intact go on).
// Cost:    pin and unpin about 1 ns each; find() of a resident page two dependent loads; a miss is
//   one 8 KB read.
// Threads: hold(), load(), stats(), check() and reading: any thread. The applier's functions: one
//   thread at a time, serialised by the caller. write_checkpoint: one thread at a time, beside all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file_system.h"
#include "page/root_record.h"
#include "page/types.h"

namespace nacre::page {

class Pager;

// What a reader looks at. Copies are free. A view of a Hold must not outlive it.
class View {
 public:
  // Whatever is published when a call begins; each call may see a later generation.
  [[nodiscard]] static View newest() { return View(kNewest, nullptr); }
  // The applier's own changes too. Applier only.
  [[nodiscard]] static View open() { return View(kOpen, nullptr); }

 private:
  friend class Hold;
  friend class Pager;
  static constexpr std::uint64_t kNewest = 0;
  static constexpr std::uint64_t kOpen = (std::uint64_t{1} << 56) - 1;
  View(std::uint64_t generation, const void* hold) : generation_(generation), hold_(hold) {}
  std::uint64_t generation_;
  const void* hold_;  // HoldState, null without one
};

// Keeps everything visible at one generation readable until destroyed or cancelled. Costs no memory
// until pages change; then one old version of each changed page. When the superseded versions kept
// for holds exceed Options::held_bytes_max, the oldest hold is cancelled: reads through its view
// answer kTooOld from then on. Must not outlive the pager.
class Hold {
 public:
  Hold() = default;  // holds nothing
  Hold(Hold&& other) noexcept;
  Hold& operator=(Hold&& other) noexcept;
  ~Hold();

  [[nodiscard]] View view() const;
  [[nodiscard]] Generation generation() const;
  [[nodiscard]] bool is_cancelled() const;

 private:
  friend class Pager;
  Hold(Pager& pager, void* state) : pager_(&pager), state_(state) {}
  Pager* pager_ = nullptr;
  void* state_ = nullptr;  // HoldState, owned by the pager
};

struct Options {
  std::size_t cache_bytes = std::size_t{256} << 20;     // at least 32 pages are taken
  std::size_t held_bytes_max = std::size_t{128} << 20;  // superseded versions kept for holds
};

// What cut() fixed: the generation a checkpoint will hold.
struct Cut {
  Generation generation{};
  CheckpointSeq seq{};
  std::uint32_t next_page_id = 0;
};

struct PagerStats {
  std::uint64_t page_count = 0;     // pages in use
  std::uint64_t file_bytes = 0;     // up to the last block in use
  std::uint64_t used_bytes = 0;     // blocks in use
  std::uint64_t cache_bytes = 0;    // memory taken for pages so far
  std::uint64_t dirty_pages = 0;    // not yet written anywhere
  std::uint64_t held_bytes = 0;     // superseded versions still in memory
  std::uint64_t cache_misses = 0;   // pages read from the file
  std::uint64_t evictions = 0;      // pages given up for others
  std::uint64_t pages_written = 0;  // by checkpoints and for evictions
  std::uint64_t map_blocks_written = 0;
  std::uint64_t checkpoint_count = 0;  // since open
  std::uint64_t holds_cancelled = 0;
};

// What check() saw. Each problem names file, place and rule.
struct PagerCheck {
  std::uint64_t pages_checked = 0;
  std::uint64_t map_blocks_checked = 0;
  std::vector<bool> used;  // by page id: in use in the checkpoint that was checked
  std::vector<std::string> problems;
};

class Pager {
 public:
  // Makes the file with an empty first checkpoint that carries `root`; durable on return, and
  // after a crash either not there or whole. kExists when `path` is there.
  [[nodiscard]] static Result<std::unique_ptr<Pager>> create(io::FileSystem& file_system,
                                                             std::string_view path,
                                                             const Options& options,
                                                             const RootRecord& root);
  // Opens at the last durable checkpoint. kNotFound when there is no such file.
  [[nodiscard]] static Result<std::unique_ptr<Pager>> open(io::FileSystem& file_system,
                                                           std::string_view path,
                                                           const Options& options);
  ~Pager();  // writes nothing: what no checkpoint holds is lost
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  // Of the last durable checkpoint.
  [[nodiscard]] RootRecord root() const;
  [[nodiscard]] CheckpointSeq checkpoint_seq() const;

  // The newest published generation, kept from now on.
  [[nodiscard]] Hold hold();

  // --- the applier ---

  // Makes all changes since the last call visible at once.
  Generation publish();

  // --- checkpoints ---

  // Fixes what the next checkpoint will hold: everything published. Called in the applier's role
  // with nothing unpublished; about 1 us. Each cut must be followed by its write_checkpoint before
  // the next cut.
  [[nodiscard]] Cut cut();
  // Writes the pages of `cut` that the file does not hold yet, the map and the superblock with
  // `root`. Returns when the checkpoint would survive a power cut.
  [[nodiscard]] Result<> write_checkpoint(const Cut& cut, const RootRecord& root);

  [[nodiscard]] PagerStats stats() const;
  // Reads and checks the last durable checkpoint in the file: superblocks, map, every page, and
  // that no two share a block. Beside everything but write_checkpoint. An error only when the check
  // itself could not run.
  [[nodiscard]] Result<PagerCheck> check();

 private:
  Pager();
};

}  // namespace nacre::page
