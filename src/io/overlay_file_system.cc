#include "io/overlay_file_system.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "base/text.h"
#include "io/aligned_buffer.h"

namespace nacre::io {
namespace {

constexpr int kDirectoryRank = 78;  // docs/locks.md
constexpr int kFileRank = 79;
constexpr std::uint64_t kBlock = kDirectAlignment;

// What a name stands for; open files share it with the directory.
struct Contents {
  Mutex mutex{"io::OverlayFile", kFileRank};
  std::unique_ptr<File> below NACRE_GUARDED_BY(mutex);   // null: it is only here
  std::uint64_t below_size NACRE_GUARDED_BY(mutex) = 0;  // of it that still counts
  std::uint64_t size NACRE_GUARDED_BY(mutex) = 0;
  std::unordered_map<std::uint64_t, AlignedBuffer> blocks NACRE_GUARDED_BY(mutex);  // by number
};

class OverlayFile final : public File {
 public:
  OverlayFile(std::string path, std::shared_ptr<Contents> contents)
      : path_(std::move(path)), contents_(std::move(contents)) {}

  Result<> read(std::uint64_t offset, MutableBytes into) override {
    const MutexLock lock(contents_->mutex);
    if (offset > contents_->size || into.size() > contents_->size - offset) {
      return fail(Code::kIo, format("{}: read of {} bytes at {}: the file ends at {}", path_,
                                    into.size(), offset, contents_->size));
    }
    for (std::size_t at = 0; at < into.size();) {
      const std::size_t count = NACRE_TRY(read_some(offset + at, into.subspan(at)));
      at += count;
    }
    return {};
  }

  Result<> write(std::uint64_t offset, Bytes bytes) override {
    const MutexLock lock(contents_->mutex);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::uint64_t in_block = (offset + at) % kBlock;
      const std::size_t count = std::min<std::size_t>(kBlock - in_block, bytes.size() - at);
      AlignedBuffer* block = NACRE_TRY(own((offset + at) / kBlock, count < kBlock));
      std::memcpy(block->data() + in_block, bytes.data() + at, count);
      at += count;
    }
    contents_->size = std::max(contents_->size, offset + bytes.size());
    return {};
  }

  Result<> write_durably(std::uint64_t offset, Bytes bytes) override {
    return write(offset, bytes);
  }
  Result<> sync() override { return {}; }

  Result<> resize(std::uint64_t size) override {
    const MutexLock lock(contents_->mutex);
    std::erase_if(contents_->blocks,
                  [&](const auto& block) { return block.first * kBlock >= size; });
    const auto last = contents_->blocks.find(size / kBlock);
    if (last != contents_->blocks.end()) {
      std::memset(last->second.data() + size % kBlock, 0, kBlock - size % kBlock);
    }
    contents_->size = size;
    contents_->below_size = std::min(contents_->below_size, size);
    return {};
  }

  Result<> allocate(std::uint64_t size) override {
    const MutexLock lock(contents_->mutex);
    contents_->size = std::max(contents_->size, size);
    return {};
  }

  Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override {
    const MutexLock lock(contents_->mutex);
    if (offset >= contents_->size) return {};
    return zero(offset, std::min(size, contents_->size - offset));
  }

  Result<std::uint64_t> size() override {
    const MutexLock lock(contents_->mutex);
    return contents_->size;
  }

 private:
  // One block that is here, or as many as there are in a row that are not.
  Result<std::size_t> read_some(std::uint64_t offset, MutableBytes into)
      NACRE_REQUIRES(contents_->mutex) {
    const auto own = contents_->blocks.find(offset / kBlock);
    if (own != contents_->blocks.end()) {
      const std::size_t count = std::min<std::size_t>(kBlock - offset % kBlock, into.size());
      std::memcpy(into.data(), own->second.data() + offset % kBlock, count);
      return count;
    }
    std::uint64_t end = (offset / kBlock + 1) * kBlock;
    while (end < offset + into.size() && !contents_->blocks.contains(end / kBlock)) end += kBlock;
    const std::size_t count = std::min<std::uint64_t>(end - offset, into.size());
    const std::uint64_t there =
        contents_->below_size > offset ? std::min(contents_->below_size - offset, count) : 0;
    if (there > 0) NACRE_TRY(contents_->below->read(offset, into.first(there)));
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(there),
              into.begin() + static_cast<std::ptrdiff_t>(count), std::byte{0});
    return count;
  }

  // The block `number`, to be changed here; with what it holds when that is `needed`.
  Result<AlignedBuffer*> own(std::uint64_t number, bool needed) NACRE_REQUIRES(contents_->mutex) {
    const auto found = contents_->blocks.find(number);
    if (found != contents_->blocks.end()) return &found->second;
    AlignedBuffer block(kBlock);
    if (needed) {
      const std::size_t count = NACRE_TRY(read_some(number * kBlock, block.bytes()));
      static_cast<void>(count);
    }
    return &contents_->blocks.emplace(number, std::move(block)).first->second;
  }

  Result<> zero(std::uint64_t offset, std::uint64_t size) NACRE_REQUIRES(contents_->mutex) {
    for (std::uint64_t at = offset; at < offset + size;) {
      const std::uint64_t count = std::min(kBlock - at % kBlock, offset + size - at);
      AlignedBuffer* block = NACRE_TRY(own(at / kBlock, count < kBlock));
      std::memset(block->data() + at % kBlock, 0, count);
      at += count;
    }
    return {};
  }

  std::string path_;
  std::shared_ptr<Contents> contents_;
};

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

class OverlayFileSystem final : public FileSystem {
 public:
  explicit OverlayFileSystem(FileSystem& below) : below_(below) {}

  Result<std::unique_ptr<File>> open(std::string_view path, OpenOptions options) override {
    const MutexLock lock(mutex_);
    if (options.mode == OpenMode::kCreate) {
      if (NACRE_TRY(is_there(path))) return fail(Code::kExists, format("{}: it is there", path));
      auto made = std::make_shared<Contents>();
      files_[std::string(path)] = made;
      return std::make_unique<OverlayFile>(std::string(path), std::move(made));
    }
    std::shared_ptr<Contents> contents = NACRE_TRY(contents_of(path, options.direct));
    return std::make_unique<OverlayFile>(std::string(path), std::move(contents));
  }

  Result<> rename(std::string_view source, std::string_view target) override {
    const MutexLock lock(mutex_);
    std::shared_ptr<Contents> contents = NACRE_TRY(contents_of(source, true));
    files_[std::string(source)] = nullptr;
    files_[std::string(target)] = std::move(contents);
    return {};
  }

  Result<> remove(std::string_view path) override {
    const MutexLock lock(mutex_);
    if (!NACRE_TRY(is_there(path))) return missing(path);
    files_[std::string(path)] = nullptr;
    return {};
  }

  Result<> make_directory(std::string_view path) override {
    const MutexLock lock(mutex_);
    if (NACRE_TRY(below_.exists(path)) || !directories_.emplace(path).second) {
      return fail(Code::kExists, format("{}: it is there", path));
    }
    return {};
  }

  Result<> remove_directory(std::string_view path) override {
    return fail(Code::kIo, format("{}: directories are not removed in memory only", path));
  }
  Result<> sync_directory(std::string_view) override { return {}; }

  Result<std::vector<std::string>> list(std::string_view path) override {
    const MutexLock lock(mutex_);
    std::set<std::string> names;
    if (!directories_.contains(path)) {
      for (std::string& name : NACRE_TRY(below_.list(path))) names.insert(std::move(name));
    }
    for (const auto& [full, contents] : files_) {
      if (parent_of(full) != path) continue;
      const std::string name = full.substr(path.size() + (path.empty() ? 0 : 1));
      if (contents == nullptr) {
        names.erase(name);
      } else {
        names.insert(name);
      }
    }
    return std::vector<std::string>(names.begin(), names.end());
  }

  Result<bool> exists(std::string_view path) override {
    const MutexLock lock(mutex_);
    return is_there(path);
  }

  Result<std::unique_ptr<File>> lock(std::string_view path) override {
    return below_.lock_shared(path);
  }
  Result<std::unique_ptr<File>> lock_shared(std::string_view path) override {
    return below_.lock_shared(path);
  }

 private:
  static std::unexpected<Error> missing(std::string_view path) {
    return fail(Code::kNotFound, format("{}: it does not exist", path));
  }

  Result<bool> is_there(std::string_view path) NACRE_REQUIRES(mutex_) {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second != nullptr;
    if (directories_.contains(path)) return true;
    return below_.exists(path);
  }

  Result<std::shared_ptr<Contents>> contents_of(std::string_view path, bool direct)
      NACRE_REQUIRES(mutex_) {
    const auto found = files_.find(path);
    if (found != files_.end()) {
      if (found->second == nullptr) return missing(path);
      return found->second;
    }
    auto contents = std::make_shared<Contents>();
    {
      const MutexLock lock(contents->mutex);
      contents->below =
          NACRE_TRY(below_.open(path, {.mode = OpenMode::kReadOnly, .direct = direct}));
      contents->size = contents->below_size = NACRE_TRY(contents->below->size());
    }
    files_[std::string(path)] = contents;
    return contents;
  }

  FileSystem& below_;
  Mutex mutex_{"io::OverlayFileSystem", kDirectoryRank};
  // Those that were opened or changed; null: removed.
  std::map<std::string, std::shared_ptr<Contents>, std::less<>> files_ NACRE_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> directories_ NACRE_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<FileSystem> make_overlay_file_system(FileSystem& below) {
  return std::make_unique<OverlayFileSystem>(below);
}

}  // namespace nacre::io
