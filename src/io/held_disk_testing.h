// A disk whose durable writes can be held back: for tests of what happens while a commit is on its
// way to the disk.
//
// Threads: internally locked, as every file system.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "io/sim_file_system.h"

namespace nacre::io::testing {

class HeldDisk final : public FileSystem {
 public:
  // From now on durable writes wait until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    changed_.notify_all();
  }
  // Returns when somebody's write is held back.
  void wait_for_write() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

  Result<std::unique_ptr<File>> open(std::string_view path, OpenOptions options) override {
    auto opened = NACRE_TRY(disk_.open(path, options));
    return std::make_unique<HeldFile>(*this, std::move(opened));
  }
  Result<> rename(std::string_view source, std::string_view target) override {
    return disk_.rename(source, target);
  }
  Result<> remove(std::string_view path) override { return disk_.remove(path); }
  Result<> make_directory(std::string_view path) override { return disk_.make_directory(path); }
  Result<> remove_directory(std::string_view path) override { return disk_.remove_directory(path); }
  Result<> sync_directory(std::string_view path) override { return disk_.sync_directory(path); }
  Result<std::vector<std::string>> list(std::string_view path) override { return disk_.list(path); }
  Result<bool> exists(std::string_view path) override { return disk_.exists(path); }
  Result<std::unique_ptr<File>> lock(std::string_view path) override { return disk_.lock(path); }

 private:
  class HeldFile final : public File {
   public:
    HeldFile(HeldDisk& disk, std::unique_ptr<File> file) : disk_(disk), file_(std::move(file)) {}
    Result<> read(std::uint64_t offset, MutableBytes into) override {
      return file_->read(offset, into);
    }
    Result<> write(std::uint64_t offset, Bytes bytes) override {
      return file_->write(offset, bytes);
    }
    Result<> write_durably(std::uint64_t offset, Bytes bytes) override {
      disk_.pass();
      return file_->write_durably(offset, bytes);
    }
    Result<> sync() override { return file_->sync(); }
    Result<> resize(std::uint64_t size) override { return file_->resize(size); }
    Result<> allocate(std::uint64_t size) override { return file_->allocate(size); }
    Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override {
      return file_->punch_hole(offset, size);
    }
    Result<std::uint64_t> size() override { return file_->size(); }

   private:
    HeldDisk& disk_;
    std::unique_ptr<File> file_;
  };

  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    --waiting_;
  }

  SimFileSystem disk_{1};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int waiting_ = 0;
};

}  // namespace nacre::io::testing
