// The simulated disk below SimFileSystem: files and directories, each as it is now and as a power
// cut would leave it at worst.
//
// `current` is what reads show. `durable` is what is certain to survive. Between them lies the list
// of what was written and not synced; settle() decides for each entry whether it reached the disk.
// Cost: a sync costs the bytes written since the last one, a reboot the size of the disk.
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

namespace nacre::io {

inline constexpr std::uint64_t kSectorSize = 512;  // bytes; written whole or not at all

// One unsynced change of a file.
struct FileChange {
  enum class Kind : std::uint8_t { kData, kResize, kPunch };
  Kind kind;
  std::uint64_t offset;  // kResize: the new size
  std::uint64_t size;    // kResize: 0
  std::string data;      // kData only
};

// The bytes of one file.
class SimFileData {
 public:
  [[nodiscard]] const std::string& current() const { return current_; }

  // Makes `change` visible; it is durable after sync().
  void apply(FileChange change);
  // The same, and this change alone survives. Size changes before it survive too: file systems keep
  // those in order.
  void apply_durably(const FileChange& change);
  // Makes `change` visible until the power goes.
  void apply_to_cache(const FileChange& change) { apply_to(current_, change); }
  void sync();
  // A failed sync that lost what it should have written: still to be read, never to be synced.
  void lose_unsynced() { changes_.clear(); }
  // What a power cut leaves: none, all, a beginning or any sectors of what was not synced.
  void settle(Random& random);
  // Damage at rest: changes both images.
  void corrupt(std::uint64_t offset, std::byte mask);
  void replace(std::string bytes);

 private:
  static void apply_to(std::string& image, const FileChange& change);
  static void apply_sectors(std::string& image, const FileChange& change, Random& random,
                            bool prefix_only);
  void make_sizes_durable();
  void settle_prefix(Random& random);
  void settle_sectors(Random& random);

  std::string current_;
  std::string durable_;
  std::vector<FileChange> changes_;  // oldest first
};

struct SimNode;
using SimNodePtr = std::shared_ptr<SimNode>;  // shared by names and by open files, as inodes are

// One unsynced change of a directory.
struct NameChange {
  std::string name;
  SimNodePtr node;      // what `name` now means; null: the name is gone
  std::string renamed;  // the name it had before, empty when it is not a rename within a directory
};

struct SimNode {
  explicit SimNode(bool directory) : is_directory(directory) {}

  [[nodiscard]] SimNodePtr find(std::string_view name) const;
  void change(NameChange change);
  void sync_names();
  // As SimFileData::lose_unsynced, for names.
  void lose_unsynced_names() { changes_.clear(); }
  // Decides which unsynced names survive, here and below, and the bytes of every file.
  void settle(Random& random);
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
};

// A deep copy; nodes with several names stay one node. Locks are not copied.
[[nodiscard]] SimNodePtr copy_tree(const SimNode& root);

}  // namespace nacre::io
