// Files beside a database for what an operation cannot hold in memory: runs of a sort or a group.
//
// Why beside it: the disk with room for the documents is the one with room to sort them.
// Format:  "tmp.<number>" in the directory of the database, never synced; those that a crash left
//          are removed when the database is opened.
// Errors:  kFull 14031 (OutOfDiskSpace) when the disk is; kIo names the file.
// Cost:    writes go out in pieces of kBufferBytes; a reader holds one buffer of that size.
// Threads: TemporaryFiles: internally locked. TemporaryFile: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/file_system.h"

namespace nacre::document {

class TemporaryFile {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 16;

  TemporaryFile(io::FileSystem& files, std::string path, std::unique_ptr<io::File> file)
      : files_(files), path_(std::move(path)), file_(std::move(file)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  // Removes the file.
  ~TemporaryFile();

  // Adds `bytes` at the end.
  [[nodiscard]] Result<> append(Bytes bytes);
  // What was appended and lies in memory goes to the file; before the first read.
  [[nodiscard]] Result<> flush();
  [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }
  // Fills `into` from `offset`; requires that so much is there and was flushed.
  [[nodiscard]] Result<> read(std::uint64_t offset, MutableBytes into);

 private:
  io::FileSystem& files_;
  std::string path_;
  std::unique_ptr<io::File> file_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

class TemporaryFiles {
 public:
  TemporaryFiles(io::FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  // A new empty file.
  [[nodiscard]] Result<std::unique_ptr<TemporaryFile>> create();
  // Removes what a crash left.
  [[nodiscard]] Result<> remove_leftovers();

 private:
  io::FileSystem& files_;
  const std::string directory_;
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace nacre::document
