// The simulated disk below SimFileSystem: files and directories, each as it is now and as a power
// cut would leave it at worst.
//
// `current` is what reads show. `durable` is what is certain to survive. Between them lies the list
// of what was written and not synced; settle() decides for each entry whether it reached the disk.
// Cost: a sync and a reboot cost the bytes written and not synced; a copy of the disk a pointer per
//   4 KB, because images and written bytes are shared.
// Threads: one thread at a time (the file system's lock).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "io/random.h"
#include "io/sim_image_internal.h"

namespace nacre::io {

inline constexpr std::uint64_t kSectorSize = 512;  // bytes; written whole or not at all

// One unsynced change of a file.
struct FileChange {
  enum class Kind : std::uint8_t { kData, kResize, kPunch };
  Kind kind;
  std::uint64_t offset;  // kResize: the new size
  std::uint64_t size;    // kResize: 0
  // kData: the bytes, from `begin` on; shared by what is left of one write and by copies.
  std::shared_ptr<const std::string> bytes{};
  std::uint64_t begin = 0;
  std::uint64_t order = 0;  // of all changes of the file, ascending

  [[nodiscard]] std::string_view data() const {
    return std::string_view(*bytes).substr(begin, size);
  }
};

// The bytes of one file.
class SimFileData {
 public:
  [[nodiscard]] const SimImage& current() const { return current_; }

  // Makes `change` visible; it is durable after sync().
  void apply(FileChange change);
  // The same, and this change alone survives. Size changes before it survive too: file systems keep
  // those in order.
  void apply_durably(const FileChange& change);
  // Makes `change` visible until the power goes.
  void apply_to_cache(const FileChange& change) { apply_to(current_, change); }
  // What a sync that starts now has to make durable, and doing so.
  [[nodiscard]] std::uint64_t mark() const { return next_order_; }
  void sync(std::uint64_t mark);
  // A failed sync that lost what it should have written: still to be read, never to be synced.
  void lose_unsynced(std::uint64_t mark) {
    std::erase_if(changes_, [&](const FileChange& change) { return change.order < mark; });
  }
  // What a power cut leaves: none, all, a beginning, any sectors, all but one or one of the writes
  // that were not synced; tearing in 512 or 4096 bytes, on request sometimes with garbage where it
  // tore.
  void settle(Random& random, bool garbage);
  // Damage at rest: changes both images.
  void corrupt(std::uint64_t offset, std::byte mask);
  void replace(std::string bytes);

 private:
  static void apply_to(SimImage& image, const FileChange& change);
  void make_sizes_durable();
  void settle_prefix(Random& random, std::uint64_t grain, bool garbage);
  void settle_sectors(Random& random, std::uint64_t grain);
  void settle_single(Random& random, bool survives);

  SimImage current_;
  SimImage durable_;
  std::vector<FileChange> changes_;  // oldest first
  std::uint64_t next_order_ = 0;
};

struct SimNode;
using SimNodePtr = std::shared_ptr<SimNode>;  // shared by names and by open files, as inodes are

// One unsynced change of a directory.
struct NameChange {
  std::string name;
  SimNodePtr node;      // what `name` now means; null: the name is gone
  std::string renamed;  // the name it had before, empty when it is not a rename within a directory
  std::uint64_t order = 0;
};

struct SimNode {
  explicit SimNode(bool directory) : is_directory(directory) {}

  [[nodiscard]] SimNodePtr find(std::string_view name) const;
  void change(NameChange change);
  // As SimFileData::mark and sync, for names.
  [[nodiscard]] std::uint64_t mark_names() const { return next_order_; }
  void sync_names(std::uint64_t mark);
  // As SimFileData::lose_unsynced, for names.
  void lose_unsynced_names(std::uint64_t mark) {
    std::erase_if(changes_, [&](const NameChange& change) { return change.order < mark; });
  }
  // Decides which unsynced names survive, here and below, and the bytes of every file.
  void settle(Random& random, bool garbage);
  [[nodiscard]] std::uint64_t bytes() const;  // of all files below

  bool is_directory;
  bool locked = false;
  SimFileData data;
  std::map<std::string, SimNodePtr, std::less<>> names;

 private:
  friend class SimTreeCopy;
  static void apply_to(std::map<std::string, SimNodePtr, std::less<>>& names,
                       const NameChange& change);

  std::map<std::string, SimNodePtr, std::less<>> durable_names_;
  std::vector<NameChange> changes_;  // oldest first
  std::uint64_t next_order_ = 0;
};

// A deep copy; nodes with several names stay one node. Locks are not copied.
[[nodiscard]] SimNodePtr copy_tree(const SimNode& root);

}  // namespace nacre::io
