// What SimFileSystem and its files share: the disk's state and the judgement on every call.
//
// Threads: Disk's members are guarded by its mutex; SimFile is internally locked.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "io/sim_disk_internal.h"
#include "io/sim_file_system.h"

namespace nacre::io {

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// What happens to one call that changes something.
struct Verdict {
  bool effect = true;   // it happens
  bool durable = true;  // what it makes durable is durable
  bool partly = false;  // only a beginning of the data arrives
  bool cached = false;  // what arrives never becomes durable
  bool lost = false;    // a failed sync: what it should have written is lost
  std::optional<Error> error;
};

class SimFileSystem::Disk {
 public:
  explicit Disk(std::uint64_t seed) : root(std::make_shared<SimNode>(true)), random(seed) {}

  // Both require the lock.
  Verdict judge(std::string_view what, bool is_write, bool is_sync);
  [[nodiscard]] Result<> judge_read(std::string_view what);

  struct Place {
    SimNodePtr directory;  // null: does not exist
    std::string name;      // empty: the root itself
  };
  [[nodiscard]] Place place(std::string_view path) const;
  [[nodiscard]] SimNodePtr find(std::string_view path) const;
  [[nodiscard]] Result<> change_names(std::string_view what, SimNode& directory, NameChange change);

  // Tells the observer, without the lock.
  void see(SimObserver::Moment moment, SimObserver::Call call, std::string_view path,
           std::uint64_t offset = 0, std::uint64_t size = 0);

  mutable std::mutex mutex;
  SimObserver* observer = nullptr;
  SimNodePtr root;
  Random random;
  std::uint64_t boots = 0;
  std::uint64_t operations = 0;
  std::uint64_t operations_left = kUnlimited;  // before the power cut
  std::uint64_t in_flight_left = 0;            // then under way
  bool powered = true;
  bool tears_with_garbage = false;
  std::uint64_t capacity = kUnlimited;
  std::vector<Fault> faults;
  std::uint64_t faults_hit = 0;

 private:
  // The fault that hits this call, counted; faults of other kinds are left alone.
  std::optional<Fault> hit(Fault::Target first, std::optional<Fault::Target> second,
                           bool operation);
  [[nodiscard]] Error no_power(std::string_view what) const {
    return {Code::kClosed, format("{}: the power is off", what)};
  }
};

class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<SimFileSystem::Disk> disk, SimNodePtr node, std::string path,
          OpenOptions options, bool holds_lock)
      : disk_(std::move(disk)),
        node_(std::move(node)),
        path_(std::move(path)),
        options_(options),
        holds_lock_(holds_lock),
        boot_(disk_->boots) {}
  ~SimFile() override;

  Result<> read(std::uint64_t offset, MutableBytes into) override;
  Result<> write(std::uint64_t offset, Bytes bytes) override;
  Result<> write_durably(std::uint64_t offset, Bytes bytes) override;
  Result<> sync() override;
  Result<> resize(std::uint64_t size) override;
  Result<> allocate(std::uint64_t size) override;
  Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override;
  Result<std::uint64_t> size() override;

 private:
  // All below require the lock.
  [[nodiscard]] Result<> check_open() const;
  [[nodiscard]] Result<> check_writable() const;
  [[nodiscard]] Result<> resize_locked(std::uint64_t size);
  void check_aligned(std::uint64_t offset, Bytes bytes) const;
  // `unfinished`: what of a durable write is left to make_durable().
  [[nodiscard]] Result<> write_locked(std::uint64_t offset, Bytes bytes, bool durably,
                                      std::optional<FileChange>* unfinished);
  // Whether the power is still on for the second half of a call.
  [[nodiscard]] Result<> check_powered() const;

  const std::shared_ptr<SimFileSystem::Disk> disk_;  // a file may outlive the file system
  const SimNodePtr node_;
  const std::string path_;
  const OpenOptions options_;
  const bool holds_lock_;
  const std::uint64_t boot_;
  bool lost_ = false;  // a sync failed
};

}  // namespace nacre::io
