// SimFileSystem: a file system in memory that loses power, tears writes and fails on request.
//
// What is written and not synced, file by file and name by name, is lost, kept or torn by reboot(),
//   as the seed decides: no, all, a beginning or any sectors of each file's unsynced writes; sizes
//   apart from data; names apart from files. The rules it is built on: docs/format/media.md.
// Counting: operations() counts each call that changes something (create, write, sync, resize,
//   punch, rename, remove, directory calls), so a test can cut the power after every single one.
// Deterministic: one thread making the same calls with the same seed meets the same fate.
// Threads: internally locked. Files may outlive the file system.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"

namespace nacre::io {

// One or more calls that fail.
struct Fault {
  enum class Target : std::uint8_t {
    kRead,
    kWrite,     // write, write_durably, resize, punch_hole
    kSync,      // sync, write_durably, sync_directory
    kOperation  // everything operations() counts
  };
  enum class Effect : std::uint8_t {
    kNothing,  // no byte arrives; a failed sync loses for good what it should have made durable
    kPartly,   // a write stops in the middle; a sync as kNothing
    kCached,   // all can be read until the power goes, and no later sync saves it
    kWholly    // all arrives, durably where that was asked for, and the call fails all the same
  };
  Target target = Target::kOperation;
  std::uint64_t nth = 1;  // 1 = the next call of this kind
  Code code = Code::kIo;
  Effect effect = Effect::kNothing;
  bool from_then_on = false;  // otherwise once
};

// Sees every call of a simulated disk, without its lock, so that it can let time and other fibers
// pass, or clone the disk. Not after the power went.
class SimObserver {
 public:
  enum class Call : std::uint8_t {
    kRead,  // anything that changes nothing: reads, sizes, lists, opening what exists
    kWrite,
    kDurableWrite,
    kSync,
    kResize,
    kPunch,
    kCreate,
    kRename,
    kRemove,
    kMakeDirectory,
    kRemoveDirectory,
    kSyncDirectory,
  };
  static constexpr std::size_t kCallCount = 12;
  enum class Moment : std::uint8_t {
    kBegin,   // nothing has happened
    kMiddle,  // of kDurableWrite and both syncs: done, and not certain to survive
    kEnd,     // all has happened
  };
  struct Event {
    Moment moment;
    Call call;
    std::string_view path;
    std::uint64_t offset = 0;  // kResize: the size
    std::uint64_t size = 0;
  };
  virtual ~SimObserver() = default;
  virtual void see(const Event& event) = 0;
};

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(std::uint64_t seed);
  ~SimFileSystem() override;

  [[nodiscard]] Result<std::unique_ptr<File>> open(std::string_view path,
                                                   OpenOptions options) override;
  [[nodiscard]] Result<> rename(std::string_view source, std::string_view target) override;
  [[nodiscard]] Result<> remove(std::string_view path) override;
  [[nodiscard]] Result<> make_directory(std::string_view path) override;
  [[nodiscard]] Result<> remove_directory(std::string_view path) override;
  [[nodiscard]] Result<> sync_directory(std::string_view path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(std::string_view path) override;
  [[nodiscard]] Result<bool> exists(std::string_view path) override;
  [[nodiscard]] Result<std::unique_ptr<File>> lock(std::string_view path) override;

  [[nodiscard]] std::uint64_t operations() const;
  // The next `operations` calls that change something succeed; the `in_flight` after them are under
  // way when the power goes (they fail, and have happened as an unsynced change may); all later
  // calls, reads too, answer kClosed until reboot().
  void cut_power_after(std::uint64_t operations, std::uint64_t in_flight = 1);
  [[nodiscard]] bool powered() const;
  // Cuts the power when it is still on, decides what survived, and switches on again without
  // faults, limits and locks. Files opened before answer kClosed for ever.
  void reboot();
  // From now on a sector that was being written when the power went may hold anything, which is
  // more than docs/format/media.md grants a disk. Copied by clone().
  void tear_with_garbage();
  // The same disk, unsynced changes included, whose fate another seed decides. Not copied: open
  // files, locks, faults, limits, a power cut to come. An image taken after a power cut is still to
  // be rebooted.
  [[nodiscard]] std::unique_ptr<SimFileSystem> clone(std::uint64_t seed) const;

  // Null: nobody. Must outlive all calls. Not copied by clone().
  void observe(SimObserver* observer);

  void inject(Fault fault);
  // How many calls an injected fault has made fail since the last reboot or clear_faults.
  [[nodiscard]] std::uint64_t faults_hit() const;
  void clear_faults();
  // Growing all files together beyond `bytes` is kFull, after the part that fits.
  void limit_capacity(std::uint64_t bytes);

  // Damage at rest and a look at it, past everything above. The file must exist.
  void corrupt(std::string_view path, std::uint64_t offset, std::byte mask);
  [[nodiscard]] std::string contents(std::string_view path) const;
  void replace_contents(std::string_view path, std::string bytes);
  // Every file, with its directories, ascending.
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  friend class SimFile;
  class Disk;
  explicit SimFileSystem(std::shared_ptr<Disk> disk);
  std::shared_ptr<Disk> disk_;  // shared with open files; never null
};

}  // namespace nacre::io
