// LocalLog: the log of one database in segment files of one directory, written in groups.
//
// Commits that wait together are written together as one group. Up to inflight_max groups are under
//   way at once, so a commit does not wait for the write that has just left; they become durable
//   strictly in order. Beside others a group leaves when it has as many commits as those under way:
//   two writers overlap, many share. Whoever waits does the writing; there is no thread in here.
// One wake: a committer who does not write sleeps once, until his commit is durable and the
// listener
//   has been told.
// Format: docs/format/log.md. A segment has its space before it is used, and is used again after
//   trim, so a commit costs one write that neither allocates nor grows anything; small ones go to
//   blocks that were written before, a megabyte of zeros at a time, which saves them the file
//   system's journal.
// Unwritten commits: append() only fills memory. Where nobody waits for a commit, the owner
//   calls wait_durable(last_position()) from time to time, and append() answers kFull, with nothing
//   changed, when buffer_bytes_max are waiting: call make_room(), append again.
// Full disk: what is appended has its place (LOG-4), in blocks that are the log's, so a full
//   disk is met by prepare_segment() or make_room(), never by the write of a commit. While the next
//   segment cannot be made, ordinary commits leave the last quarter of the current one to those
//   that free space.
// Threads: as Log says. A reader belongs to one thread and is destroyed before the log.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "log/format.h"
#include "log/log.h"

namespace nacre::log {

struct Segment;
struct BlankFile;
struct Tail;

struct LocalLogOptions {
  io::FileSystem* file_system = nullptr;  // required; outlives the log
  io::Clock* clock = nullptr;             // for the segments' creation times; null: system_clock()
  Uuid database_uuid{};
  // Each segment is twice as large as the one before, within these; multiples of kBlockSize.
  std::uint64_t segment_bytes_min = std::uint64_t{1} << 20;
  std::uint64_t segment_bytes_max = std::uint64_t{64} << 20;
  // Group writes under way at once; 1: everybody who comes during a write shares the next one.
  std::uint32_t inflight_max = 4;
  std::uint64_t group_bytes_max = std::uint64_t{1} << 20;  // a larger commit is alone in its group
  std::uint64_t buffer_bytes_max = std::uint64_t{16} << 20;  // appended and not yet being written
};

class LocalLog final : public Log {
 public:
  // Where the owner's knowledge of the log ends, as the superblock has it.
  struct Resume {
    Position first_needed{1};  // the first position not yet in the store
    Position durable{};        // highest position known durable
  };

  // Makes a new, empty log in `directory`, created when missing; segments in it are removed.
  // Durable on return, apart from the name `directory` itself.
  [[nodiscard]] static Result<std::unique_ptr<LocalLog>> create(std::string_view directory,
                                                                const LocalLogOptions& options);
  // Opens the log and repairs its tail. Afterwards every commit up to last_position() is durable.
  // kCorrupt names file, offset and position when acknowledged commits are damaged or missing.
  [[nodiscard]] static Result<std::unique_ptr<LocalLog>> open(std::string_view directory,
                                                              const LocalLogOptions& options,
                                                              Resume resume);
  // Leaves what was not waited for unwritten.
  ~LocalLog() override;

  // kFull: see above, or more than kOpsSizeMax bytes. kInvalid: `time` is not after last_time().
  void set_listener(DurableListener* listener) override { listener_ = listener; }
  [[nodiscard]] Result<Position> append(Time time, Bytes ops, Room room) override;
  using Log::append;
  [[nodiscard]] Result<> make_room(std::uint64_t bytes) override;
  [[nodiscard]] Result<> wait_durable(Position position) override;
  [[nodiscard]] Result<> wait_announced(Position position) override;
  [[nodiscard]] Position last_position() const override { return Position{last_.load()}; }
  [[nodiscard]] Position durable_position() const override { return Position{durable_.load()}; }
  [[nodiscard]] Time last_time() const override { return Time{last_time_.load()}; }
  // A reader keeps its segment from being trimmed.
  [[nodiscard]] Result<std::unique_ptr<Reader>> read_from(Position first) override;
  // Reads at most the group headers of one segment, and next time a part of them.
  [[nodiscard]] Result<Position> position_at(Time time) override;
  // Whole segments only; stops at one that a reader is in.
  [[nodiscard]] Result<> trim(Position needed, Position wanted) override;
  using Log::trim;
  [[nodiscard]] std::uint64_t bytes() const override;
  [[nodiscard]] std::uint64_t kept_bytes() const override;
  [[nodiscard]] Result<> close() override;

  // The oldest position that read_from() takes.
  [[nodiscard]] Position first_position() const;
  // Bytes of appended commits that no write has taken yet.
  [[nodiscard]] std::uint64_t buffered_bytes() const;

  // For an owner with a background thread, so that no commit has to make the next segment itself:
  // whether half of the current one is used and the next not made, and making it. A failure is no
  // harm yet.
  [[nodiscard]] bool wants_segment() const;
  [[nodiscard]] Result<> prepare_segment();
  // The same for blocks of the current segment: whether small groups will soon need some that were
  // never written, and writing a megabyte of them.
  [[nodiscard]] bool wants_blocks() const;
  [[nodiscard]] Result<> write_blocks();
  // Writes an empty group when the newest commit is durable but no group says so yet; for an idle
  // owner: afterwards even rot in the last commit is told from a torn write.
  [[nodiscard]] Result<> mark_durable();

 private:
  friend class LocalLogPeer;
  friend class LocalReader;

  // One group from its first commit until it is durable.
  struct Group;
  using GroupPtr = std::shared_ptr<Group>;  // shared by queue and waiters

  LocalLog(std::string_view directory, const LocalLogOptions& options);
  void adopt(Tail tail, std::unique_ptr<io::File> active) NACRE_EXCLUDES(mutex_);
  static Result<> check_options(const LocalLogOptions& options);

  // The four steps of a group write, and all of them. seal, announce and write_oldest let the lock
  // go meanwhile. seal takes the oldest open group; makes and installs a new segment first when it
  // does not fit. announce tells the listener, then those who wait.
  [[nodiscard]] Result<GroupPtr> seal() NACRE_REQUIRES(mutex_);
  [[nodiscard]] static Result<> write(const Group& group);
  void complete(const GroupPtr& group, const Result<>& written) NACRE_REQUIRES(mutex_);
  void announce() NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> write_oldest() NACRE_REQUIRES(mutex_);

  // Whether a group can be written, and whether it is better to do so than to let it grow.
  [[nodiscard]] bool can_seal() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool is_due() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> check_appended(Position position) const NACRE_REQUIRES(mutex_);
  // All let the lock go while they write.
  [[nodiscard]] Result<> rotate() NACRE_REQUIRES(mutex_);
  // Before a group of `bytes` is sealed. Small ones go to blocks that have been written.
  [[nodiscard]] Result<> open_blocks(std::uint64_t bytes) NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> write_some_ahead() NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> make_blank_of(std::uint64_t bytes) NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> install_next() NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> write_closing() NACRE_REQUIRES(mutex_);

  // Where the open groups, and one more commit of `record_bytes` (0: none), will be written.
  struct Place {
    std::uint64_t room = 0;  // left behind them
    bool is_next = false;    // some of them go to the next segment
    bool fits = true;
  };
  [[nodiscard]] Place place_of(std::uint64_t record_bytes) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> check_room(std::uint64_t record_bytes, Room room) const
      NACRE_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t room_in_segment() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t bytes_of_next() const NACRE_REQUIRES(mutex_);  // 0: there is none
  [[nodiscard]] std::uint64_t room_in_next() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] bool joins(std::uint64_t record_bytes) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] SegmentHeader next_header(std::uint64_t file_bytes) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> recycle(const Segment& segment);
  [[nodiscard]] std::uint64_t next_segment_bytes() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Group& open_group(std::uint64_t record_bytes) NACRE_REQUIRES(mutex_);
  [[nodiscard]] GroupPtr group_of(Position position) const NACRE_REQUIRES(mutex_);
  // A group with a sleeping committer who is to write now, when there is something due. Wakes one
  // who sleeps without a group himself.
  [[nodiscard]] GroupPtr find_writer() NACRE_REQUIRES(mutex_);
  void poison(const Error& error) NACRE_REQUIRES(mutex_);
  [[nodiscard]] std::unexpected<Error> stopped() const NACRE_REQUIRES(mutex_);
  [[nodiscard]] std::unexpected<Error> too_old(std::string_view what) const NACRE_REQUIRES(mutex_);
  [[nodiscard]] Result<> check_usable() const NACRE_REQUIRES(mutex_);
  void note_bytes(Position last, std::uint64_t extent) NACRE_REQUIRES(mutex_);
  // position_at among the commits that no file has yet.
  [[nodiscard]] Position position_in_memory(Time time) const NACRE_REQUIRES(mutex_);
  // Reads the marks of a segment that an earlier process wrote.
  [[nodiscard]] Result<> mark_groups(const std::shared_ptr<Segment>& segment);

  const std::string directory_;
  const LocalLogOptions options_;

  Mutex trim_mutex_{"log::LocalLog trim", 70};  // one trim at a time
  mutable Mutex mutex_{"log::LocalLog", 72};
  std::atomic<std::uint64_t> last_ = 0;
  std::atomic<std::uint64_t> durable_ = 0;
  std::atomic<std::uint64_t> announced_ = 0;  // durable, and the listener knows
  DurableListener* listener_ = nullptr;
  std::atomic<std::uint64_t> last_time_ = 0;
  std::optional<Error> failure_ NACRE_GUARDED_BY(mutex_);  // poisoned by this
  bool closed_ NACRE_GUARDED_BY(mutex_) = false;

  // Appended, oldest first; only the last one still grows.
  std::deque<GroupPtr> open_ NACRE_GUARDED_BY(mutex_);
  std::deque<GroupPtr> in_flight_ NACRE_GUARDED_BY(mutex_);  // being written, oldest first
  // Durable and not yet announced, oldest first.
  std::deque<GroupPtr> unannounced_ NACRE_GUARDED_BY(mutex_);
  bool announcing_ NACRE_GUARDED_BY(mutex_) = false;
  std::uint64_t buffered_bytes_ NACRE_GUARDED_BY(mutex_) = 0;
  std::uint32_t writes_under_way_ NACRE_GUARDED_BY(mutex_) = 0;
  std::uint64_t commits_under_way_ NACRE_GUARDED_BY(mutex_) = 0;  // in these writes
  bool rotating_ NACRE_GUARDED_BY(mutex_) = false;
  bool writing_ahead_ NACRE_GUARDED_BY(mutex_) = false;
  bool opening_blocks_ NACRE_GUARDED_BY(mutex_) = false;  // for a group that is about to be sealed
  bool is_in_small_groups_ NACRE_GUARDED_BY(mutex_) = false;
  Condition rotated_;   // rotating_, preparing_ or writing_ahead_ became false
  Condition advanced_;  // a write has ended, or it may be the sleeper's turn to write
  std::uint32_t durable_waiters_ NACRE_GUARDED_BY(mutex_) = 0;  // asleep on advanced_

  // Ascending; the last is written to.
  std::deque<std::shared_ptr<Segment>> segments_ NACRE_GUARDED_BY(mutex_);
  // Its file; shared with writes under way.
  std::shared_ptr<io::File> active_ NACRE_GUARDED_BY(mutex_);
  std::uint64_t offset_ NACRE_GUARDED_BY(mutex_) = 0;  // where the next group goes
  std::uint64_t next_group_ NACRE_GUARDED_BY(mutex_) = 0;
  std::uint32_t chain_ NACRE_GUARDED_BY(mutex_) = 0;
  Time sealed_time_ NACRE_GUARDED_BY(mutex_){};         // of the last commit in a sealed group
  Time durable_time_ NACRE_GUARDED_BY(mutex_){};        // of durable_position()
  Position marked_durable_ NACRE_GUARDED_BY(mutex_){};  // what the newest header says is durable
  std::unique_ptr<BlankFile> blank_ NACRE_GUARDED_BY(mutex_);  // the next segment
  bool preparing_ NACRE_GUARDED_BY(mutex_) = false;
  bool is_short_ NACRE_GUARDED_BY(mutex_) = false;  // the disk had no room for the next segment
  // Of the segment that a rotation is about to put in place; 0: none.
  std::uint64_t installing_bytes_ NACRE_GUARDED_BY(mutex_) = 0;

  // Running total of group bytes, noted every now and then, to tell what a trim leaves.
  std::uint64_t total_bytes_ NACRE_GUARDED_BY(mutex_) = 0;
  // Last position, total after it.
  std::deque<std::pair<Position, std::uint64_t>> marks_ NACRE_GUARDED_BY(mutex_);
  std::uint64_t trimmed_bytes_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::log
