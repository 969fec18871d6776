#include "io/memory_file_system.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

#include "base/mutex.h"
#include "base/text.h"

namespace nacre::io {
namespace {

constexpr int kDirectoryRank = 82;  // docs/locks.md
constexpr int kFileRank = 84;
constexpr std::uint64_t kChunkSize = std::uint64_t{64} << 10;  // bytes

// What a name stands for; open files share it with the directory.
struct Contents {
  Mutex mutex{"io::MemoryFile", kFileRank};
  std::uint64_t size NACRE_GUARDED_BY(mutex) = 0;
  // By number; the bytes of an absent one are zeros.
  std::unordered_map<std::uint64_t, std::unique_ptr<std::byte[]>> chunks NACRE_GUARDED_BY(mutex);
};

bool is_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

// The pieces of [offset, offset + size), one for each chunk touched.
class Pieces {
 public:
  Pieces(std::uint64_t offset, std::size_t size) : offset_(offset), size_(size) {}
  [[nodiscard]] bool done() const { return at_ == size_; }
  void next() { at_ += size(); }
  [[nodiscard]] std::uint64_t chunk() const { return (offset_ + at_) / kChunkSize; }
  [[nodiscard]] std::uint64_t in_chunk() const { return (offset_ + at_) % kChunkSize; }
  [[nodiscard]] std::size_t at() const { return at_; }  // from `offset` on
  [[nodiscard]] std::size_t size() const {
    return std::min<std::size_t>(kChunkSize - in_chunk(), size_ - at_);
  }

 private:
  std::uint64_t offset_;
  std::size_t size_;
  std::size_t at_ = 0;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::string path, std::shared_ptr<Contents> contents)
      : path_(std::move(path)), contents_(std::move(contents)) {}

  Result<> read(std::uint64_t offset, MutableBytes into) override {
    MutexLock lock(contents_->mutex);
    if (offset > contents_->size || into.size() > contents_->size - offset) {
      return fail(Code::kIo, format("{}: read of {} bytes at {}: the file ends at {}", path_,
                                    into.size(), offset, contents_->size));
    }
    for (Pieces piece(offset, into.size()); !piece.done(); piece.next()) {
      const auto found = contents_->chunks.find(piece.chunk());
      std::byte* target = into.data() + piece.at();
      if (found == contents_->chunks.end()) {
        std::memset(target, 0, piece.size());
      } else {
        std::memcpy(target, found->second.get() + piece.in_chunk(), piece.size());
      }
    }
    return {};
  }

  Result<> write(std::uint64_t offset, Bytes bytes) override {
    MutexLock lock(contents_->mutex);
    for (Pieces piece(offset, bytes.size()); !piece.done(); piece.next()) {
      const Bytes part = bytes.subspan(piece.at(), piece.size());
      auto found = contents_->chunks.find(piece.chunk());
      if (found == contents_->chunks.end()) {
        if (is_zero(part)) continue;
        auto zeros = std::make_unique<std::byte[]>(kChunkSize);
        found = contents_->chunks.emplace(piece.chunk(), std::move(zeros)).first;
      }
      std::memcpy(found->second.get() + piece.in_chunk(), part.data(), part.size());
    }
    contents_->size = std::max(contents_->size, offset + bytes.size());
    return {};
  }

  Result<> write_durably(std::uint64_t offset, Bytes bytes) override {
    return write(offset, bytes);
  }
  Result<> sync() override { return {}; }

  Result<> resize(std::uint64_t size) override {
    MutexLock lock(contents_->mutex);
    if (size < contents_->size) zero(size, contents_->size - size);
    contents_->size = size;
    return {};
  }

  Result<> allocate(std::uint64_t size) override {
    MutexLock lock(contents_->mutex);
    contents_->size = std::max(contents_->size, size);
    return {};
  }

  Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override {
    MutexLock lock(contents_->mutex);
    if (offset < contents_->size) zero(offset, std::min(size, contents_->size - offset));
    return {};
  }

  Result<std::uint64_t> size() override {
    MutexLock lock(contents_->mutex);
    return contents_->size;
  }

 private:
  void zero(std::uint64_t offset, std::uint64_t size) NACRE_REQUIRES(contents_->mutex) {
    auto& chunks = contents_->chunks;
    const std::uint64_t end = offset + size;
    std::erase_if(chunks, [&](const auto& chunk) {
      const std::uint64_t begin = chunk.first * kChunkSize;
      const std::uint64_t from = std::max(begin, offset);
      const std::uint64_t to = std::min(begin + kChunkSize, end);
      if (from >= to) return false;
      if (to - from == kChunkSize) return true;
      std::memset(chunk.second.get() + (from - begin), 0, to - from);
      return false;
    });
  }

  std::string path_;
  std::shared_ptr<Contents> contents_;
};

// "a/b" of "a/b/c"; empty for a name without a directory.
std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

class MemoryFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(std::string_view path, OpenOptions options) override {
    MutexLock lock(mutex_);
    const auto found = files_.find(path);
    if (options.mode == OpenMode::kCreate) {
      if (found != files_.end()) return fail(Code::kExists, format("{}: it is there", path));
      auto made = std::make_shared<Contents>();
      const std::string parent = parent_of(path);
      if (!parent.empty() && !directories_.contains(parent)) return missing(parent);
      files_.emplace(path, made);
      return std::make_unique<MemoryFile>(std::string(path), std::move(made));
    }
    if (found == files_.end()) return missing(path);
    return std::make_unique<MemoryFile>(std::string(path), found->second);
  }

  Result<> rename(std::string_view source, std::string_view target) override {
    MutexLock lock(mutex_);
    const auto found = files_.find(source);
    if (found == files_.end()) return missing(source);
    files_[std::string(target)] = found->second;
    if (source != target) files_.erase(found);
    return {};
  }

  Result<> remove(std::string_view path) override {
    MutexLock lock(mutex_);
    const auto found = files_.find(path);
    if (found == files_.end()) return missing(path);
    files_.erase(found);
    return {};
  }

  Result<> make_directory(std::string_view path) override {
    MutexLock lock(mutex_);
    if (directories_.emplace(path).second) return {};
    return fail(Code::kExists, format("{}: it is there", path));
  }

  Result<> remove_directory(std::string_view path) override {
    MutexLock lock(mutex_);
    if (!names_in(path).empty()) return fail(Code::kIo, format("{}: it is not empty", path));
    const auto found = directories_.find(path);
    if (found == directories_.end()) return missing(path);
    directories_.erase(found);
    return {};
  }

  Result<> sync_directory(std::string_view) override { return {}; }

  Result<std::vector<std::string>> list(std::string_view path) override {
    MutexLock lock(mutex_);
    if (!directories_.contains(path)) return missing(path);
    return names_in(path);
  }

  Result<bool> exists(std::string_view path) override {
    MutexLock lock(mutex_);
    return files_.contains(path) || directories_.contains(path);
  }

  // Whoever reaches this object has made it for itself; two holders are two handles of one program.
  Result<std::unique_ptr<File>> lock(std::string_view path) override {
    MutexLock lock(mutex_);
    std::weak_ptr<Contents>& holder = locks_[std::string(path)];
    if (!holder.expired()) {
      return fail(Code::kConflict,
                  format("{}: another handle of this process has it locked", path));
    }
    auto made = std::make_shared<Contents>();
    holder = made;
    return std::make_unique<MemoryFile>(std::string(path), std::move(made));
  }

 private:
  static std::unexpected<Error> missing(std::string_view path) {
    return fail(Code::kNotFound, format("{}: it does not exist", path));
  }

  std::vector<std::string> names_in(std::string_view path) const NACRE_REQUIRES(mutex_) {
    std::set<std::string> names;
    const auto note = [&](const std::string& full) {
      if (parent_of(full) == path) names.insert(full.substr(path.size() + (path.empty() ? 0 : 1)));
    };
    for (const auto& file : files_) note(file.first);
    for (const std::string& directory : directories_) note(directory);
    return {names.begin(), names.end()};
  }

  Mutex mutex_{"io::MemoryFileSystem", kDirectoryRank};
  std::map<std::string, std::shared_ptr<Contents>, std::less<>> files_ NACRE_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> directories_ NACRE_GUARDED_BY(mutex_);
  std::map<std::string, std::weak_ptr<Contents>> locks_ NACRE_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<FileSystem> make_memory_file_system() {
  return std::make_unique<MemoryFileSystem>();
}

}  // namespace nacre::io
