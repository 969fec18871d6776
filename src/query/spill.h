// Spilling: sorted runs of keyed records on disk, and their merge.
//
// Format:  a run is records one after another: u32 size of the key, u32 size of the record, both
//          little-endian, then the bytes; ascending by key. Never read by another process.
// Errors:  those of document::TemporaryFile; kCorrupt when a run is not what was written.
// Cost:    a merge holds one buffer of TemporaryFile::kBufferBytes for each run.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/temporary_files.h"

namespace nacre::query {

class RunReader;

// One run being written, then read.
class RunFile {
 public:
  [[nodiscard]] static Result<RunFile> create(document::TemporaryFiles& files);
  // Keys come in ascending order.
  [[nodiscard]] Result<> add(std::string_view key, std::string_view record);
  [[nodiscard]] Result<> finish() { return file_->flush(); }

 private:
  friend class RunReader;
  explicit RunFile(std::unique_ptr<document::TemporaryFile> file) : file_(std::move(file)) {}
  std::unique_ptr<document::TemporaryFile> file_;
};

class RunReader {
 public:
  explicit RunReader(RunFile run) : run_(std::move(run)) {}
  // False at the end. key() and record() are valid until the next call.
  [[nodiscard]] Result<bool> next();
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view record() const { return record_; }

 private:
  // The next `size` bytes of the file, in one piece; those before are given up.
  [[nodiscard]] Result<> fill(std::size_t size);

  RunFile run_;
  std::string buffer_;
  std::size_t at_ = 0;        // in buffer_
  std::uint64_t loaded_ = 0;  // of the file
  std::string_view key_;
  std::string_view record_;
};

// All records of several runs, ascending by key; equal keys in the order of the runs.
class RunMerge {
 public:
  void add(RunFile run) { readers_.push_back(std::make_unique<RunReader>(std::move(run))); }
  [[nodiscard]] bool empty() const { return readers_.empty(); }

  // False at the end.
  [[nodiscard]] Result<bool> next();
  // Valid until the next call.
  [[nodiscard]] std::string_view key() const { return readers_[heap_.front()]->key(); }
  [[nodiscard]] std::string_view record() const { return readers_[heap_.front()]->record(); }

 private:
  [[nodiscard]] bool later(std::size_t a, std::size_t b) const;

  std::vector<std::unique_ptr<RunReader>> readers_;
  std::vector<std::size_t> heap_;  // numbers of readers that stand on a record; first in front
  bool started_ = false;
};

}  // namespace nacre::query
