// The only road to files. Two implementations: PosixFileSystem and SimFileSystem.
//
// Why an interface: every fault test (power cut, torn write, full disk, failed sync) runs the very
//   engine code that ships, on the simulated one.
// Errors: kIo names the file, the call and the reason; kFull is "no space left"; kNotFound a file
//   that does not exist; kExists a kCreate that finds one; kClosed everything after a failed sync.
// Threads: internally locked; one File may be read and written by several threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace nacre::io {

enum class OpenMode : std::uint8_t {
  kReadOnly,
  kReadWrite,
  kCreate,  // read and write; the file must not exist
};

// Offset, size and memory address of a direct transfer are multiples of this.
inline constexpr std::size_t kDirectAlignment = 4096;  // bytes

struct OpenOptions {
  OpenMode mode = OpenMode::kReadOnly;
  // Past the page cache where the file system can (else buffered, with the same promises).
  bool direct = false;
};

class File {
 public:
  virtual ~File() = default;
  // Fills `into` whole; kIo when the file ends before.
  [[nodiscard]] virtual Result<> read(std::uint64_t offset, MutableBytes into) = 0;
  // Writes all of `bytes`, growing the file when needed. Not durable before a sync.
  [[nodiscard]] virtual Result<> write(std::uint64_t offset, Bytes bytes) = 0;
  // Returns when `bytes` would survive a power cut. Says nothing of other writes.
  [[nodiscard]] virtual Result<> write_durably(std::uint64_t offset, Bytes bytes) = 0;
  // Returns when every write that completed before the call would survive a power cut.
  // After one failure every later write and sync fails too: a retry would hide lost data.
  [[nodiscard]] virtual Result<> sync() = 0;
  [[nodiscard]] virtual Result<> resize(std::uint64_t size) = 0;
  // Grows the file to `size` and takes the space for it, without writing: it reads as zeros, and
  // writes in it do not meet a full disk. The first write of a block costs the file system a change
  // of its own. kUnsupported, with nothing changed, where it has to be written to be had.
  [[nodiscard]] virtual Result<> allocate(std::uint64_t size) = 0;
  // Makes [offset, offset + size) read as zeros and gives its space back; the size stays.
  [[nodiscard]] virtual Result<> punch_hole(std::uint64_t offset, std::uint64_t size) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(std::string_view path,
                                                           OpenOptions options) = 0;
  // Replaces `target` when it exists. Durable after sync_directory of the directory.
  [[nodiscard]] virtual Result<> rename(std::string_view source, std::string_view target) = 0;
  [[nodiscard]] virtual Result<> remove(std::string_view path) = 0;
  // kExists when it is there already. New directories are 0700, new files 0600.
  [[nodiscard]] virtual Result<> make_directory(std::string_view path) = 0;
  // kFull or kIo when it is not empty.
  [[nodiscard]] virtual Result<> remove_directory(std::string_view path) = 0;
  // Makes creations, renames and removals in `path` survive a power cut.
  [[nodiscard]] virtual Result<> sync_directory(std::string_view path) = 0;
  // Names in `path`, ascending, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<std::string>> list(std::string_view path) = 0;
  [[nodiscard]] virtual Result<bool> exists(std::string_view path) = 0;
  // Takes the exclusive lock file `path`, creating it. kConflict when another holder has it.
  // Released by destruction and by the death of the process.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> lock(std::string_view path) = 0;
  // The same for those who only read: beside each other, but not beside the exclusive one. Creates
  // and writes nothing. Exclusive where a file system knows nothing else.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> lock_shared(std::string_view path) {
    return lock(path);
  }
};

}  // namespace nacre::io
