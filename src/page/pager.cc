#include "page/pager.h"

#include <algorithm>
#include <cstring>

#include "base/buggify.h"
#include "base/check.h"
#include "base/text.h"
#include "io/aligned_buffer.h"

namespace nacre::page {
namespace {

constexpr std::size_t kPagesMin = 32;           // of memory, for any database
constexpr std::uint64_t kReclaimBlocks = 1024;  // of value chunks: their space is soon wanted
constexpr std::size_t kReclaimBatch = 256;      // frames; shares one barrier of about 12 us

std::string_view directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A database can do nothing with less.
Options sensible(Options options) {
  options.cache_bytes = std::max(options.cache_bytes, kPagesMin * kPageSize);
  return options;
}

// The first contents of the file: both generations, so that from the first day on two bad copies of
// one generation can only be damage.
Result<> write_first_superblocks(io::File& file, const RootRecord& root) {
  io::AlignedBuffer zeros(kSuperblockCount * kBlockSize);
  std::ranges::fill(zeros.bytes(), std::byte{0});
  NACRE_TRY(file.write(0, zeros.bytes()));
  Superblock first;
  first.file_blocks = kSuperblockCount;
  first.root = root;
  for (std::uint64_t seq = 0; seq <= 1; ++seq) {
    first.seq = CheckpointSeq{seq};
    NACRE_TRY(write_superblock(file, first));
  }
  return file.sync();
}

}  // namespace

Hold::Hold(Hold&& other) noexcept
    : pager_(std::exchange(other.pager_, nullptr)), state_(std::exchange(other.state_, nullptr)) {}

Hold& Hold::operator=(Hold&& other) noexcept {
  std::swap(pager_, other.pager_);
  std::swap(state_, other.state_);
  return *this;
}

Hold::~Hold() {
  if (state_ != nullptr) pager_->release_hold(*state_);
}

View Hold::view() const {
  NACRE_CHECK(state_ != nullptr, "an empty hold has no view");
  return View(state_->generation, state_);
}

Generation Hold::generation() const {
  NACRE_CHECK(state_ != nullptr, "an empty hold has no generation");
  return Generation{state_->generation};
}

bool Hold::is_cancelled() const {
  return state_ != nullptr && state_->cancelled.load(std::memory_order_acquire);
}

Pager::Pager(io::FileSystem& file_system, std::string_view path, const Options& options)
    : file_system_(&file_system),
      path_(path),
      options_(sensible(options)),
      own_memory_(options.memory != nullptr ? nullptr
                                            : std::make_unique<MemoryBudget>(options_.cache_bytes)),
      memory_(options.memory != nullptr ? *options.memory : *own_memory_),
      account_(memory_, *this, {.floor = kPagesMin * kPageSize, .cap = options_.cache_bytes}),
      tables_charge_(memory_) {}

Pager::~Pager() {
  account_.close();
  const MutexLock lock(mutex_);
  NACRE_CHECK(holds_.empty(), "holds are given back before their pager goes");
  NACRE_CHECK(cancelled_holds_.empty(), "holds are given back before their pager goes");
}

Result<> Pager::init() {
  NACRE_TRY(table_.init());
  NACRE_TRY(arena_.init(options_.cache_bytes / kPageSize));
  file_ = NACRE_TRY(file_system_->open(path_, {.mode = io::OpenMode::kReadWrite, .direct = true}));
  return {};
}

Result<std::unique_ptr<Pager>> Pager::create(io::FileSystem& file_system, std::string_view path,
                                             const Options& options, const RootRecord& root) {
  if (NACRE_TRY(file_system.exists(path))) {
    return fail(Code::kExists, format("{}: a file of this name is there already", path));
  }
  // Under another name until it is whole: a crash leaves no file or a good one.
  const std::string draft = std::string(path) + ".new";
  if (NACRE_TRY(file_system.exists(draft))) NACRE_TRY(file_system.remove(draft));
  {
    const auto file =
        NACRE_TRY(file_system.open(draft, {.mode = io::OpenMode::kCreate, .direct = true}));
    NACRE_TRY(write_first_superblocks(*file, root));
  }
  NACRE_TRY(file_system.rename(draft, path));
  NACRE_TRY(file_system.sync_directory(directory_of(path)));
  return open(file_system, path, options);
}

Result<std::unique_ptr<Pager>> Pager::open(io::FileSystem& file_system, std::string_view path,
                                           const Options& options) {
  std::unique_ptr<Pager> pager(new Pager(file_system, path, options));
  NACRE_TRY(pager->init());
  const std::uint64_t size = NACRE_TRY(pager->file_->size());
  if (size < kSuperblockCount * kBlockSize) {
    return fail(Code::kCorrupt, format("{}: file size is {}, expected at least {}", path, size,
                                       kSuperblockCount * kBlockSize));
  }
  const SuperblockRead read = NACRE_TRY(read_superblock(*pager->file_, path));
  NACRE_TRY(pager->adopt(read));
  if (read.repair) NACRE_TRY(write_superblock(*pager->file_, read.newest));
  return pager;
}

RootRecord Pager::root() const {
  const MutexLock lock(mutex_);
  return durable_.root;
}

CheckpointSeq Pager::checkpoint_seq() const {
  const MutexLock lock(mutex_);
  return durable_.seq;
}

Hold Pager::hold(std::uint64_t tag) {
  const MutexLock lock(mutex_);
  NACRE_DCHECK(in_place_from_ == kNever, "nothing published is whole while it changes in place");
  const std::uint64_t generation = published_.load(std::memory_order_relaxed);
  auto& state = holds_[generation];
  if (state == nullptr) {
    state = std::make_unique<HoldState>();
    state->generation = generation;
    state->tag = tag;
  }
  ++state->holders;
  return Hold(*this, *state);
}

std::optional<std::uint64_t> Pager::least_tag() const {
  const MutexLock lock(mutex_);
  std::optional<std::uint64_t> least;
  const auto note = [&](std::uint64_t tag) { least = std::min(least.value_or(tag), tag); };
  for (const auto& [generation, state] : holds_) note(state->tag);
  for (const auto& state : cancelled_holds_) note(state->tag);
  return least;
}

void Pager::release_hold(HoldState& state) {
  const MutexLock lock(mutex_);
  if (--state.holders != 0) return;
  if (state.cancelled.load(std::memory_order_relaxed)) {
    std::erase_if(cancelled_holds_, [&](const auto& held) { return held.get() == &state; });
    return;
  }
  holds_.erase(state.generation);
  recheck_kept_ = true;
}

void Pager::give_lives(const std::byte* page) {
  // Inner pages are few and every search needs them.
  const std::uint64_t lives = type_of(page) == PageType::kInner ? 3 * kOneLife : kOneLife;
  volatile_word(page, offset::kSuperseded).fetch_or(lives, std::memory_order_relaxed);
}

Result<> Pager::reserve(std::size_t frames) {
  if (reserved_.size() >= frames) return {};
  const MutexLock lock(mutex_);
  // What has begun to change in place cannot be left half done for a write that failed elsewhere.
  if (in_place_from_ == kNever) NACRE_TRY(check_poison());
  // Growing the table here is what makes allocate() unable to fail.
  if (next_page_id_ > UINT32_MAX - frames) return fail(Code::kFull, path_ + ": no page ids left");
  NACRE_TRY(table_.grow(next_page_id_ + static_cast<std::uint32_t>(frames)));
  // A few more than asked for: most callers need one frame at a time.
  const std::size_t wanted = frames + std::min<std::size_t>(16, capacity_pages() / 64);
  charge_tables();
  while (reserved_.size() < frames || (reserved_.size() < wanted && !free_frames_.empty())) {
    reserved_.push_back(NACRE_TRY(acquire_frame()));
  }
  return {};
}

Pager::NewPage Pager::allocate() {
  NACRE_CHECK(!reserved_.empty(), "the applier reserves frames before it needs them");
  std::byte* frame = reserved_.back();
  reserved_.pop_back();
  ++changes_;
  std::memset(frame, 0, offset::kGeneration);
  std::memset(frame + kHeaderSize, 0, kPageSize - kHeaderSize);
  volatile_word(frame, offset::kGeneration).store(open_, std::memory_order_relaxed);
  volatile_word(frame, offset::kSuperseded).store(kNotSuperseded, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  PageId id;
  if (free_ids_.empty()) {
    id = PageId{next_page_id_++};
  } else {
    id = free_ids_.back();
    free_ids_.pop_back();
  }
  store_le(frame + offset::kId, number(id));
  FrameInfo& info = arena_.info(frame);
  info.id = id;
  info.state = FrameState::kDirty;
  info.retired = false;
  info.prev.store(nullptr, std::memory_order_relaxed);
  table_.set(id, MappingWord::frame(frame));
  ++stats_.page_count;
  count_dirty(1);
  return {id, frame};
}

std::byte* Pager::writable(const std::byte* page) {
  ++changes_;
  if (generation_of(page) == open_) return const_cast<std::byte*>(page);
  if (generation_of(page) >= in_place_from_) {
    if (std::byte* own = take_in_place(page); own != nullptr) return own;
  }
  NACRE_CHECK(!reserved_.empty(), "the applier reserves frames before it needs them");
  std::byte* frame = reserved_.back();
  reserved_.pop_back();
  const PageId id = id_of(page);
  std::memcpy(frame, page, offset::kGeneration);
  std::memcpy(frame + kHeaderSize, page + kHeaderSize, kPageSize - kHeaderSize);
  volatile_word(frame, offset::kGeneration).store(open_, std::memory_order_relaxed);
  volatile_word(frame, offset::kSuperseded)
      .store(kNotSuperseded | kOneLife, std::memory_order_relaxed);
  auto* old = const_cast<std::byte*>(page);
  const MutexLock lock(mutex_);
  // Given up by the cache since it was found? Our pin keeps the bytes; older readers need a version
  // to go back to: this one again, or the one read anew.
  while (table_.word(id).tag() == Tag::kLoading) changed_.wait(mutex_);
  const MappingWord word = table_.word(id);
  if (word.tag() == Tag::kDisk) {
    const auto erased =
        std::erase_if(limbo_, [&](const Limbo& limbo) { return limbo.frame == old; });
    NACRE_CHECK(erased == 1, "a pinned frame that was given up waits in limbo");
    arena_.info(old).state = FrameState::kClean;
  } else {
    old = word.frame();
  }
  FrameInfo& info = arena_.info(frame);
  info.id = id;
  info.state = FrameState::kDirty;
  info.retired = false;
  // release: pairs with the acquire in find()
  info.prev.store(old, std::memory_order_release);
  retire(arena_.info(old));
  count_dirty(1);
  const std::uint64_t created = generation_of(old);
  volatile_word(old, offset::kSuperseded)
      .fetch_and(open_ | ~kNotSuperseded, std::memory_order_relaxed);
  table_.set(id, MappingWord::frame(frame));
  open_retired_.push_back(
      {.frame = old, .freed = kNoPage, .created = created, .superseded = open_, .tag = 0});
  return frame;
}

// PAGE-4: nothing published is reachable here, for whoever could reach it would have to have a
// hold.
std::byte* Pager::take_in_place(const std::byte* page) {
  const MutexLock lock(mutex_);
  FrameInfo& info = arena_.info(page);
  const bool is_at_rest = info.state == FrameState::kClean || info.state == FrameState::kDirty;
  if (!is_at_rest || info.retired || is_wanted_by_checkpoint(page)) return nullptr;
  if (table_.word(info.id) != MappingWord::frame(page)) return nullptr;  // given up since
  if (info.state == FrameState::kClean) {
    info.state = FrameState::kDirty;
    count_dirty(1);
  }
  volatile_word(page, offset::kGeneration).store(open_, std::memory_order_relaxed);
  touch(page);
  return const_cast<std::byte*>(page);
}

bool Pager::change_in_place(std::size_t frames) {
  const MutexLock lock(mutex_);
  const std::size_t free =
      free_frames_.size() + (account_.capacity() - account_.held()) / kPageSize;
  if (poison_.has_value() || free < frames) return false;
  in_place_from_ = holds_.empty() ? 0 : holds_.rbegin()->first + 1;
  // Whoever reads through a cancelled hold may not have noticed yet.
  for (const auto& hold : cancelled_holds_) {
    in_place_from_ = std::max(in_place_from_, hold->generation + 1);
  }
  return true;
}

void Pager::free(PageId id) {
  const MutexLock lock(mutex_);
  std::uint64_t created = 0;
  if (!know_to_free(id)) return;
  const MappingWord word = table_.word(id);
  NACRE_CHECK(word.tag() != Tag::kFree, "a page is freed once");
  if (word.tag() == Tag::kFrame) {
    std::byte* frame = word.frame();
    created = generation_of(frame);
    volatile_word(frame, offset::kSuperseded)
        .fetch_and(open_ | ~kNotSuperseded, std::memory_order_relaxed);
    // What was never written cannot be given up and read again, and is not worth writing.
    if (arena_.info(frame).state != FrameState::kClean) retire(arena_.info(frame));
  }
  open_retired_.push_back(
      {.frame = nullptr, .freed = id, .created = created, .superseded = open_, .tag = 0});
  if (word.tag() == Tag::kDisk && word.place().type == PageType::kValueChunk) {
    retired_blocks_ += word.place().blocks;
  }
  leaving_.try_emplace(number(id));
  --stats_.page_count;
  if (cut_.has_value()) {
    auto& later = later_[number(id)];
    release_place(id, std::exchange(later, MappingWord()));
  } else {
    const MappingWord old = image_.get(id);
    if (old.bits() != 0) image_.set(id, MappingWord());
    release_place(id, old);
  }
}

void Pager::retire(FrameInfo& info) {
  if (info.retired) return;
  info.retired = true;
  if (info.state == FrameState::kDirty || info.state == FrameState::kWriting) count_dirty(-1);
}

void Pager::seal(std::byte* page) {
  // Nobody can reach it before its parent is published: visible to all is visible to none.
  volatile_word(page, offset::kGeneration).store(0, std::memory_order_relaxed);
}

Generation Pager::publish() {
  const MutexLock lock(mutex_);
  const std::uint64_t generation = open_++;
  in_place_from_ = kNever;
  // release: pairs with the acquire in generation()
  published_.store(generation, std::memory_order_release);
  const std::uint64_t tag = Epochs::tag();
  for (Retired& retired : open_retired_) {
    retired.tag = tag;
    retired_.push_back(retired);
  }
  open_retired_.clear();
  if (retired_.size() >= std::min(kReclaimBatch, capacity_pages() / 8) ||
      retired_blocks_ >= kReclaimBlocks || NACRE_BUGGIFY("page.reclaim_now")) {
    reclaim();
  }
  return Generation{generation};
}

Cut Pager::cut() {
  const MutexLock lock(mutex_);
  NACRE_CHECK(!cut_.has_value(), "one checkpoint at a time");
  NACRE_CHECK(open_retired_.empty(), "a cut lies between batches, after publish()");
  NACRE_CHECK(run_.used == 0 && refused_runs_.empty(),
              "PAGE-7: value chunks are written before a cut");
  reclaim();  // what is free before the cut need not wait for the checkpoint after it
  cut_ = published_.load(std::memory_order_relaxed);
  return {.generation = Generation{*cut_}, .seq = next_seq_, .next_page_id = next_page_id_};
}

PagerStats Pager::stats() const {
  const MutexLock lock(mutex_);
  PagerStats stats = stats_;
  stats.used_bytes = (is_derived_ ? blocks_.used() : blocks_.end()) * kBlockSize;
  stats.file_bytes = blocks_.end() * kBlockSize;
  stats.cache_bytes = account_.held();
  stats.held_bytes = (retired_.size() + kept_.size() - kept_extents_) * kPageSize;
  stats.dirty_pages = dirty_pages();
  stats.extent_cache_bytes = extents_.bytes();
  return stats;
}

}  // namespace nacre::page
