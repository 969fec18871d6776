// A limit on what this process may have in memory, page cache included: what makes "larger than
// memory" mean the same for an engine that maps its file and one that has a cache of its own.
//
// By a control group of the kernel's, version 1 or 2; needs the right to make one (root, mostly).
// Errors: kIo names the file that could not be written.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace nacre::bench {

class MemoryLimit {
 public:
  // A group of its own for this process, without a limit yet.
  [[nodiscard]] static Result<std::unique_ptr<MemoryLimit>> make();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
  ~MemoryLimit();  // lifts the limit; the group stays until the process is gone

  [[nodiscard]] Result<> set(std::uint64_t bytes);

 private:
  MemoryLimit(std::string group, std::string limit_file, std::string parent);

  std::string group_;
  std::string limit_file_;
  std::string parent_;
};

// Bytes of memory this process has for itself, files not counted.
[[nodiscard]] std::uint64_t resident_bytes();
// Bytes this process has caused to be written to a disk so far.
[[nodiscard]] std::uint64_t written_bytes();

}  // namespace nacre::bench
