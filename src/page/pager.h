// Pager: the pages of one database by logical id, in as many versions as somebody still looks at.
//
// Why logical ids: a changed page gets a new version, and later a new place in the file, without
//   its parent changing. Why versions: a published page never changes, so readers take no locks
//   and a checkpoint runs beside them and beside the applier.
// Words:   the applier is the one thread at a time that changes pages; publish() makes its changes
//   visible as the next Generation. A Pin is short and protects pointers into pages. A Hold is long
//   and keeps one generation readable. A FramePin keeps one page in memory.
// Invariants (docs/invariants.md):
//   PAGE-4  what is reachable at a published generation is immutable
//   PAGE-5  no block of the last durable checkpoint is overwritten before the next is durable
//   PAGE-6  memory for pages and kept value chunks never exceeds Options::cache_bytes, nor that of
//           all databases of a MemoryBudget the budget
//   PAGE-7  value chunks are written before the cut of the checkpoint that refers to them
// Errors:  kCorrupt names the file, the page and the first rule it breaks. kFull: no page in memory
//   can be given up, or the disk is full; the latter ends when there is space. kTooOld: the view's
//   hold was cancelled. After any other failed write, or a failed sync, of the file every later
//   change answers kClosed and names that failure (reads of what is intact go on).
// Cost:    pin and unpin about 1 ns each; find() of a resident page two dependent loads; a miss is
//   one 8 KB read.
// Threads: hold(), load(), stats(), check() and reading: any thread. The applier's functions: one
//   thread at a time, serialised by the caller. write_checkpoint: one thread at a time, beside all.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/file_system.h"
#include "page/extent.h"
#include "page/extent_cache.h"
#include "page/frame_arena.h"
#include "page/free_blocks.h"
#include "page/map_block.h"
#include "page/mapping_table.h"
#include "page/page_header.h"
#include "page/pin.h"
#include "page/root_record.h"
#include "page/superblock.h"
#include "page/types.h"

namespace nacre::page {

class Pager;

// docs/locks.md
inline constexpr int kCheckpointRank = 60;
inline constexpr int kPagerRank = 62;

// One held generation, shared by the Holds taken at it. The pager's.
struct HoldState {
  std::uint64_t generation = 0;
  std::uint64_t tag = 0;               // the owner's name for the generation
  std::uint32_t holders = 0;           // under the pager's lock
  std::atomic<bool> cancelled{false};  // release when set: what was kept goes only afterwards
};

// What a reader looks at. Copies are free. A view of a Hold must not outlive it.
class View {
 public:
  // Whatever is published when a call begins; each call may see a later generation.
  [[nodiscard]] static View newest() { return View(kNewest, nullptr); }
  // The applier's own changes too. Applier only.
  [[nodiscard]] static View open() { return View(kOpen, nullptr); }
  // What is visible at `generation`, of which the caller knows that it stays readable under the pin
  // it has taken.
  [[nodiscard]] static View at(std::uint64_t generation) { return View(generation, nullptr); }

 private:
  friend class Hold;
  friend class Pager;
  static constexpr std::uint64_t kNewest = 0;
  static constexpr std::uint64_t kOpen = (std::uint64_t{1} << 56) - 1;
  View(std::uint64_t generation, const HoldState* hold) : generation_(generation), hold_(hold) {}
  std::uint64_t generation_;
  const HoldState* hold_;  // null without one
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
  Hold(Pager& pager, HoldState& state) : pager_(&pager), state_(&state) {}
  Pager* pager_ = nullptr;
  HoldState* state_ = nullptr;  // null: holds nothing
};

// Keeps one version of a page in memory; for those that may not pin for long.
class FramePin {
 public:
  FramePin() = default;
  // Requires a Pin under which `frame` was found.
  FramePin(FrameInfo& info, const std::byte* page) : info_(&info), page_(page) {
    // relaxed: the pin of the caller keeps the frame until it is counted
    info.pins.fetch_add(1, std::memory_order_relaxed);
  }
  FramePin(FramePin&& other) noexcept
      : info_(std::exchange(other.info_, nullptr)), page_(std::exchange(other.page_, nullptr)) {}
  FramePin& operator=(FramePin&& other) noexcept {
    std::swap(info_, other.info_);
    std::swap(page_, other.page_);
    return *this;
  }
  ~FramePin() { reset(); }
  void reset() {
    // release: pairs with the acquire of whoever reuses the frame; our reads are done
    if (info_ != nullptr) info_->pins.fetch_sub(1, std::memory_order_release);
    info_ = nullptr;
    page_ = nullptr;
  }
  [[nodiscard]] const std::byte* page() const { return page_; }  // null: pins nothing

 private:
  FrameInfo* info_ = nullptr;
  const std::byte* page_ = nullptr;
};

struct Options {
  // At most for this database; at least 32 pages are taken, and always to be had.
  std::size_t cache_bytes = std::size_t{256} << 20;
  // Where the memory comes from, shared by databases; outlives the pager. Null: one of its own of
  // cache_bytes.
  MemoryBudget* memory = nullptr;
  std::size_t held_bytes_max = std::size_t{128} << 20;  // superseded versions kept for holds
};

// Called between the writes of a checkpoint with how long the last one took; it may wait, so that
// others come to the disk.
using Pace = std::function<void(std::chrono::microseconds)>;

// What cut() fixed: the generation a checkpoint will hold.
struct Cut {
  Generation generation{};
  CheckpointSeq seq{};
  std::uint32_t next_page_id = 0;
};

struct PagerStats {
  std::uint64_t page_count = 0;     // pages in use; at most, until free space is derived
  std::uint64_t file_bytes = 0;     // up to the last block in use
  std::uint64_t used_bytes = 0;     // blocks in use; at most, until free space is derived
  std::uint64_t cache_bytes = 0;    // memory taken for pages so far
  std::uint64_t dirty_pages = 0;    // not yet written anywhere
  std::uint64_t held_bytes = 0;     // superseded versions still in memory
  std::uint64_t cache_misses = 0;   // pages read from the file
  std::uint64_t evictions = 0;      // pages given up for others
  std::uint64_t pages_written = 0;  // by checkpoints and for evictions
  std::uint64_t map_blocks_written = 0;
  std::uint64_t extents_written = 0;
  std::uint64_t extent_cache_bytes = 0;  // of cache_bytes
  std::uint64_t checkpoint_count = 0;    // since open
  std::uint64_t holds_cancelled = 0;
};

// What check() saw. Each problem names file, place and rule.
struct PagerCheck {
  std::uint64_t pages_checked = 0;
  std::uint64_t map_blocks_checked = 0;
  std::vector<bool> used;  // by page id: in use in the checkpoint that was checked
  std::vector<std::string> problems;
};

class Pager final : private MemoryBudget::Member {
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

  // The newest published generation, kept from now on. `tag` is what the caller calls it.
  [[nodiscard]] Hold hold(std::uint64_t tag = 0);
  // The least tag of all holds, cancelled ones too; absent without holds.
  [[nodiscard]] std::optional<std::uint64_t> least_tag() const;

  // --- reading; for tree/ ---

  // The generation a reader with `view` sees, under the pin it has taken. kTooOld when its hold is
  // cancelled.
  [[nodiscard]] std::optional<std::uint64_t> generation(View view) const {
    if (view.hold_ != nullptr) {
      if (is_cancelled(view)) return std::nullopt;
      return view.generation_;
    }
    if (view.generation_ != View::kNewest) return view.generation_;
    // acquire: pairs with the release in publish()
    return published_.load(std::memory_order_acquire);
  }
  // To be asked after reading, under the same pin: what was read is void when it says yes.
  [[nodiscard]] static bool is_cancelled(View view) {
    return view.hold_ != nullptr && view.hold_->cancelled.load(std::memory_order_acquire);
  }
  // The version of page `id` visible at `generation`, valid under the caller's Pin; null when it is
  // not in memory: give up the pin, load() it and start anew.
  // The first `wanted` bytes are fetched while the caller still looks at the header.
  [[nodiscard]] const std::byte* find(PageId id, std::uint64_t generation,
                                      std::size_t wanted = 256) const {
    const MappingWord word = table_.word(id);
    if (word.tag() != Tag::kFrame) [[unlikely]]
      return nullptr;
    const std::byte* page = word.frame();
    for (std::size_t at = 0; at < wanted; at += 64) __builtin_prefetch(page + at);
    while (generation_of(page) > generation) [[unlikely]] {
      // acquire: pairs with the release in writable()
      page = arena_.info(page).prev.load(std::memory_order_acquire);
      if (page == nullptr) return nullptr;
    }
    touch(page);
    return page;
  }
  // Whether some version of `id` is in memory; its first `wanted` bytes are fetched, not waited
  // for.
  [[nodiscard]] bool fetch(PageId id, std::size_t wanted) const {
    const MappingWord word = table_.word(id);
    if (word.tag() != Tag::kFrame) [[unlikely]]
      return false;
    for (std::size_t at = 0; at < wanted; at += 64) __builtin_prefetch(word.frame() + at);
    __builtin_prefetch(word.frame() + kPageSize - 64);  // the fences
    __builtin_prefetch(&arena_.info(word.frame()));
    return true;
  }
  // Whether `id` is in no use at all, asked under the pin under which find() gave null.
  [[nodiscard]] bool is_absent(PageId id) const;
  // Brings the newest version of `id` into memory and keeps it there. Without a Pin: it may read.
  // An empty FramePin when the page is in no use.
  [[nodiscard]] Result<FramePin> load(PageId id);
  // Keeps a page found under the caller's Pin.
  [[nodiscard]] FramePin keep(const std::byte* page) const {
    return FramePin(arena_.info(page), page);
  }
  // Reads the part of the map that says where `id` is, unless it is in memory already. Free() needs
  // it of pages that were never found; what it finds damaged is then an error instead of the end of
  // all changes. Without a Pin.
  [[nodiscard]] Result<> know(PageId id);
  [[nodiscard]] const std::string& path() const { return path_; }
  // The value chunk `id`, from memory or by one read. `view` is of a hold, or open(). Without a
  // Pin. kCorrupt when `id` is none; kTooOld when the hold is cancelled.
  [[nodiscard]] Result<ExtentRef> read_extent(View view, PageId id);

  // --- free space ---

  // Reads up to `map_blocks` more blocks of the map, and says whether all are known: only then is
  // free space inside the file used again. Any thread, any time after open; write_checkpoint does
  // what is left of it.
  [[nodiscard]] Result<bool> derive_free_space(std::size_t map_blocks);
  // kCorrupt when `id` is no value chunk.
  [[nodiscard]] Result<> check_is_extent(PageId id);

  // --- compaction; compaction.cc ---

  // One pass over the map that moves what lies high in the file to free space further down. Between
  // its passes the caller writes checkpoints: only these give the old places back.
  struct Compaction {
    std::uint64_t target = 0;    // block; free space below is filled
    std::uint64_t from = 0;      // block, the target or one above; what lies above is moved
    std::uint32_t next_map = 0;  // block of the map to look at next
    std::uint64_t bytes_moved = 0;
    std::uint64_t damaged = 0;  // pages that failed their check; they stay where they are
    bool is_done = false;
  };
  // For what lies above the block `from`, so that a large file becomes shorter part by part; 0: for
  // all that should not stay. Needs all of the map; kCorrupt when a part of it is damaged.
  [[nodiscard]] Result<Compaction> begin_compaction(std::uint64_t from);
  // Moves about `bytes`, or what is left. No cut may be open. One thread at a time, beside all
  // others. kFull when the disk is, with nothing lost.
  [[nodiscard]] Result<> compact_step(Compaction& pass, std::size_t bytes);
  // Gives the free end of the file back, all of it.
  [[nodiscard]] Result<> give_back_tail() { return give_back_tail(0); }

  // --- the applier ---

  // Sets `frames` frames aside, so that as many calls of allocate() and writable() cannot fail.
  // Without a Pin: it may write and read.
  [[nodiscard]] Result<> reserve(std::size_t frames);
  [[nodiscard]] std::size_t reserved() const { return reserved_.size(); }
  // A new page of zeros with its id set.
  struct NewPage {
    PageId id;
    std::byte* bytes;
  };
  [[nodiscard]] NewPage allocate();
  // The applier's own version of `page`, which find(View::open()) gave; made when there is none
  // yet. Under a Pin.
  [[nodiscard]] std::byte* writable(const std::byte* page);
  // A new value chunk with `payload`, 1 to kExtentPayloadMax bytes, for tree number `tree`. Chunks
  // are gathered and written side by side, a megabyte at a time; until then they are read from
  // memory. Without a Pin: it may write. After an error nothing has changed. On a full disk they
  // stay in memory, as many as there are: who asks for them has a commit in the log that must be
  // applied.
  [[nodiscard]] Result<PageId> write_extent(std::uint32_t tree, Bytes payload);
  // Writes what write_extent has gathered. To be called before cut(). kFull may be tried again.
  [[nodiscard]] Result<> flush_extents();
  // Gives up page `id`. It stays readable for whoever may see it.
  void free(PageId id);
  // A page from allocate() is complete and may be written out before the next publish(); it must
  // not be changed again in this generation.
  void seal(std::byte* page);
  // Makes all changes since the last call visible at once.
  Generation publish();
  // Until the next publish(), writable() changes what no hold sees where it lies, without a copy.
  // Until then nobody may call hold() or read by View::newest(): the caller sees to that. Returns
  // false, and changes nothing, unless `frames` frames are free: then nothing has to be given up
  // or written out for as many changes.
  [[nodiscard]] bool change_in_place(std::size_t frames);
  // The generation of what publish() has still to make visible.
  [[nodiscard]] std::uint64_t open_generation() const { return open_; }
  // Counts pages taken by writable() and allocate(): the same number again, no change between.
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  // --- checkpoints ---

  // Fixes what the next checkpoint will hold: everything published. Called in the applier's role
  // with nothing unpublished and after flush_extents(); about 15 us. Each cut must be followed by
  // its write_checkpoint before the next cut.
  [[nodiscard]] Cut cut();
  // Writes the pages of `cut` that the file does not hold yet, the map and the superblock with
  // `root`. Returns when the checkpoint would survive a power cut. kFull: the disk is full, the
  // checkpoint before is still the last one, and another cut may be written later.
  [[nodiscard]] Result<> write_checkpoint(const Cut& cut, const RootRecord& root,
                                          const Pace& pace = nullptr);

  // Gives up the checkpoint of a cut for which write_checkpoint will not be called.
  void abandon(const Cut& cut);

  [[nodiscard]] PagerStats stats() const;
  // Of stats(), without a lock.
  [[nodiscard]] std::uint64_t dirty_pages() const {
    return dirty_pages_.load(std::memory_order_relaxed);
  }
  // Whether the last write did not fit the disk. Nothing is lost by it: the pages stay in memory
  // and are written when there is space.
  [[nodiscard]] bool is_disk_full() const { return is_full_.load(std::memory_order_relaxed); }
  // Pages that have memory here or could take some now.
  [[nodiscard]] std::size_t capacity_pages() const { return account_.capacity() / kPageSize; }
  // Reads and checks the last durable checkpoint in the file: superblocks, map, every page, and
  // that no two share a block. Beside everything but write_checkpoint. An error only when the check
  // itself could not run.
  [[nodiscard]] Result<PagerCheck> check();

 private:
  friend class Hold;

  // A version nobody new will see: superseded, or the last one of a freed page (then `frame` is
  // null). `tag` is the epoch at its retirement.
  struct Retired {
    std::byte* frame;
    PageId freed;
    std::uint64_t created;
    std::uint64_t superseded;
    std::uint64_t tag;
  };
  struct Limbo {
    std::byte* frame;
    std::uint64_t tag;
  };
  // Value chunks that lie side by side and are not written yet.
  struct ExtentRun {
    std::shared_ptr<io::AlignedBuffer> buffer;  // shared with readers; the applier only appends
    bool is_shared = false;                     // a reader has taken it
    std::uint64_t block = 0;
    std::uint32_t blocks = 0;     // set aside in the file; 0: no run
    std::uint32_t used = 0;       // of them, filled
    std::vector<Place> released;  // of them, given up: free once the run is written
    std::vector<std::pair<PageId, MappingWord>> chunks;
    [[nodiscard]] bool covers(const Place& place) const {
      return place.block >= block && place.block < block + blocks;
    }
  };
  // A frame on its way to the file.
  struct Writing {
    std::byte* frame;
    std::uint64_t block;
    CheckpointSeq seq;
    std::uint32_t checksum;
  };

  Pager(io::FileSystem& file_system, std::string_view path, const Options& options);
  [[nodiscard]] Result<> init();

  // map_loader.cc
  [[nodiscard]] Result<> adopt(const SuperblockRead& read);
  [[nodiscard]] Result<> load_map(std::uint32_t index) NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> adopt_map(const MapBlock& map) NACRE_REQUIRES(mutex_);
  void adopt_pages(const MapBlock& map) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool know_to_free(PageId id) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_map_here() NACRE_REQUIRES(mutex_);
  void derive_all();

  // compaction.cc
  // A page, or a value chunk, on its way to another place.
  struct Move {
    PageId id;
    MappingWord from;
    std::uint64_t block = 0;  // where to
    std::size_t at = 0;       // in the buffer
    bool is_intact = false;
  };
  [[nodiscard]] bool collect_moves(Compaction& pass, std::size_t bytes, std::vector<Move>& moves)
      NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_movable(PageId id, MappingWord from) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool check_moved(PageId id, const Place& from, Bytes bytes,
                                 CheckpointSeq newest) const;
  [[nodiscard]] Result<> copy_moves(std::vector<Move>& moves, Compaction& pass);
  void finish_move(const Move& move, bool is_copied, Compaction& pass) NACRE_REQUIRES(mutex_);

  // free_space.cc
  // Gives the free end of the file back when it is longer than `slack` blocks.
  [[nodiscard]] Result<> give_back_tail(std::uint64_t slack);

  static void touch(const std::byte* page) {
    // Stored only when it changes something, so that hot pages stay in every CPU's cache.
    if (superseded_word(page) < kOneLife) [[unlikely]]
      give_lives(page);
  }
  static void give_lives(const std::byte* page);
  // The page itself as the applier's own version; null when somebody may see it as it is.
  [[nodiscard]] std::byte* take_in_place(const std::byte* page);
  void retire(FrameInfo& info) NACRE_REQUIRES(mutex_);
  void count_dirty(int change) NACRE_REQUIRES(mutex_) {
    dirty_pages_.fetch_add(static_cast<std::uint64_t>(change), std::memory_order_relaxed);
  }

  // pager_memory.cc
  [[nodiscard]] std::size_t give_back(std::size_t bytes) override;
  [[nodiscard]] std::size_t give_free_frames(std::size_t wanted) NACRE_REQUIRES(mutex_);
  [[nodiscard]] std::byte* grow() NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool claim(std::size_t frames) NACRE_REQUIRES(mutex_);
  void charge_tables() NACRE_REQUIRES(mutex_);

  // pager_cache.cc
  [[nodiscard]] Result<std::byte*> acquire_frame() NACRE_REQUIRES(mutex_);
  void reclaim() NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool reclaim_limbo(const Limbo& limbo, std::uint64_t earliest)
      NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool reclaim_version(const Retired& retired) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool reclaim_page(const Retired& retired) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_held(std::uint64_t created, std::uint64_t superseded) const
      NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_wanted_by_checkpoint(const std::byte* frame) const NACRE_REQUIRES(mutex_);
  void recheck_kept() NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool cancel_oldest_hold() NACRE_REQUIRES(mutex_);
  void bound_held() NACRE_REQUIRES(mutex_);
  // Looks at `steps_max` frames at most.
  [[nodiscard]] std::size_t evict_clean(std::size_t wanted, std::size_t steps_max)
      NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<std::size_t> clean_some(std::size_t wanted) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_evictable(const std::byte* frame) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> read_page(PageId id, const Place& place, CheckpointSeq newest,
                                   std::byte* frame);
  void release_hold(HoldState& state);

  // pager_write.cc
  void begin_writing(std::vector<Writing>& pages) NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> write_pages(std::vector<Writing>& pages);
  void end_writing(const std::vector<Writing>& pages, bool ok) NACRE_REQUIRES(mutex_);
  void record_place(const std::byte* frame, MappingWord word) NACRE_REQUIRES(mutex_);
  void record_word(PageId id, bool later_checkpoint, MappingWord word) NACRE_REQUIRES(mutex_);
  void release_place(PageId id, MappingWord old) NACRE_REQUIRES(mutex_);
  void release_block(const Place& place) NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> check_poison() const NACRE_REQUIRES(mutex_);
  void poison(const Error& error) NACRE_REQUIRES(mutex_);
  // A full disk is remembered until a write succeeds; any other failure ends all changes.
  void note_failed_write(const Error& error) NACRE_REQUIRES(mutex_);
  void note_write() NACRE_REQUIRES(mutex_);
  [[nodiscard]] std::unexpected<Error> disk_full() const NACRE_REQUIRES(mutex_);

  // pager_extents.cc
  [[nodiscard]] Result<> write_run();
  [[nodiscard]] Result<> write_run_at(const ExtentRun& run) NACRE_REQUIRES(mutex_);
  void start_run(std::uint32_t blocks) NACRE_REQUIRES(mutex_);
  void end_run(const ExtentRun& run) NACRE_REQUIRES(mutex_);
  // The run that is yet to be written to `place`; null when there is none.
  [[nodiscard]] ExtentRun* run_at(const Place& place) NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool has_run_at(const Place& place) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<ExtentRef> read_extent_at(PageId id, const Place& place);
  void cache_extent(View view, PageId id, MappingWord word, const ExtentRef& extent);
  void cache_written(const ExtentRun& run) NACRE_REQUIRES(mutex_);
  void insert_extent(PageId id, MappingWord word, const ExtentRef& extent) NACRE_REQUIRES(mutex_);
  // Sees to it that the account has taken `count` pages for extents_.
  [[nodiscard]] bool lend_pages(std::size_t count) NACRE_REQUIRES(mutex_);
  void return_lent_pages() NACRE_REQUIRES(mutex_);
  // For pages that need frames: value chunks give way, those above their share first.
  [[nodiscard]] bool evict_extents(std::size_t frames) NACRE_REQUIRES(mutex_);

  // checkpoint.cc
  // How far a checkpoint has looked for its pages.
  struct Progress {
    std::size_t from = 0;       // frames before it have been looked at
    bool others_write = false;  // one of them was being written by somebody else
  };
  [[nodiscard]] Result<> write_wanted_pages(const Pace& pace);
  [[nodiscard]] bool collect_wanted(Progress& progress, std::vector<Writing>& pages)
      NACRE_REQUIRES(mutex_);
  void merge_later() NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> write_map(CheckpointSeq seq);
  [[nodiscard]] Result<> write_map_blocks(const std::vector<std::uint64_t>& blocks, Bytes bytes);
  [[nodiscard]] Result<> write_checkpoint_parts(const Cut& cut, const RootRecord& root,
                                                const Pace& pace, bool& superblock_begun);
  void abandon_checkpoint(bool superblock_begun) NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> sync_file();
  void finish_checkpoint(const Superblock& superblock) NACRE_REQUIRES(mutex_);

  io::FileSystem* file_system_;
  std::string path_;
  Options options_;
  std::unique_ptr<io::File> file_;

  MappingTable table_;
  FrameArena arena_;
  const std::unique_ptr<MemoryBudget> own_memory_;  // null when shared
  MemoryBudget& memory_;
  MemoryBudget::Account account_;
  std::atomic<std::uint64_t> published_{1};

  // The applier's own.
  std::uint64_t open_ = 2;            // what publish() will make visible
  std::vector<std::byte*> reserved_;  // frames set aside, the last one is the warmest
  std::vector<Retired> open_retired_;
  std::uint64_t changes_ = 0;
  // Versions of this generation and later are changed in place; stored under mutex_.
  static constexpr std::uint64_t kNever = UINT64_MAX;
  std::uint64_t in_place_from_ = kNever;

  Mutex checkpoint_mutex_{"page checkpoint", kCheckpointRank};  // cut to durable, and check()
  mutable Mutex mutex_{"pager", kPagerRank};
  Condition changed_;  // a load or a write is over, frames came back

  std::vector<std::byte*> free_frames_ NACRE_GUARDED_BY(mutex_);
  std::vector<Retired> retired_ NACRE_GUARDED_BY(mutex_);
  std::vector<Retired> kept_ NACRE_GUARDED_BY(mutex_);         // retired, but held or to be written
  std::uint64_t retired_blocks_ NACRE_GUARDED_BY(mutex_) = 0;  // of value chunks, since reclaim()
  std::size_t kept_extents_ NACRE_GUARDED_BY(mutex_) = 0;      // of kept_; they take no memory
  std::vector<Limbo> limbo_ NACRE_GUARDED_BY(mutex_);
  bool recheck_kept_ NACRE_GUARDED_BY(mutex_) = false;
  ExtentRun run_ NACRE_GUARDED_BY(mutex_);
  // Complete, and in memory only, because the disk was full; written before the next cut.
  std::deque<ExtentRun> refused_runs_ NACRE_GUARDED_BY(mutex_);
  ExtentCache extents_;
  // Of the account's memory, what extents_ takes (PAGE-6).
  std::size_t lent_pages_ NACRE_GUARDED_BY(mutex_) = 0;
  bool extents_give_way_ NACRE_GUARDED_BY(mutex_) = false;  // whose turn it is to lose memory
  std::size_t clock_hand_ NACRE_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::unique_ptr<HoldState>> holds_ NACRE_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<HoldState>> cancelled_holds_ NACRE_GUARDED_BY(mutex_);

  std::uint32_t next_page_id_ NACRE_GUARDED_BY(mutex_) = 1;
  std::vector<PageId> free_ids_ NACRE_GUARDED_BY(mutex_);
  // Freed pages somebody may still read, with the blocks they may be read from.
  std::unordered_map<std::uint32_t, std::vector<Place>> leaving_ NACRE_GUARDED_BY(mutex_);

  FreeBlocks blocks_ NACRE_GUARDED_BY(mutex_){kSuperblockCount};
  MapImage image_ NACRE_GUARDED_BY(mutex_);
  MapRoot opened_ NACRE_GUARDED_BY(mutex_);  // the map in the file at open
  std::uint32_t opened_next_page_id_ NACRE_GUARDED_BY(mutex_) = 1;
  bool is_derived_ NACRE_GUARDED_BY(mutex_) = false;
  std::uint32_t derive_next_ NACRE_GUARDED_BY(mutex_) = 0;            // map block of level 0
  std::vector<std::uint64_t> maps_loading_ NACRE_GUARDED_BY(mutex_);  // level << 32 | index
  std::vector<Place> obsolete_
      NACRE_GUARDED_BY(mutex_);  // free when the next checkpoint is durable
  std::optional<std::uint64_t> cut_ NACRE_GUARDED_BY(mutex_);  // generation of the one under way
  // What the checkpoint after the one under way will say.
  std::unordered_map<std::uint32_t, MappingWord> later_ NACRE_GUARDED_BY(mutex_);
  Superblock durable_ NACRE_GUARDED_BY(mutex_);
  CheckpointSeq next_seq_ NACRE_GUARDED_BY(mutex_){};   // of the next checkpoint, or that under way
  std::optional<Error> full_ NACRE_GUARDED_BY(mutex_);  // the last write did not fit the disk
  std::atomic<bool> is_full_{false};                    // whether full_ is set
  std::optional<Error> poison_ NACRE_GUARDED_BY(mutex_);
  MemoryCharge tables_charge_ NACRE_GUARDED_BY(mutex_);
  PagerStats stats_ NACRE_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> dirty_pages_{0};  // stored under mutex_
};

}  // namespace nacre::page
