#include "io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "io/aligned_buffer.h"

namespace nacre::io {
namespace {

Code code_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Code::kFull;
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
      return Code::kExists;
    default:
      return Code::kIo;
  }
}

std::string reason(int error) { return std::generic_category().message(error); }

[[nodiscard]] std::unexpected<Error> refused(std::string_view path, std::string_view call,
                                             int error) {
  return fail(code_of(error), format("{}: {}: {}", path, call, reason(error)));
}

template <class Call>
auto retry_interrupted(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor fd, bool aligned)
      : path_(std::move(path)), fd_(std::move(fd)), aligned_(aligned), direct_(aligned) {}

  Result<> read(std::uint64_t offset, MutableBytes into) override;
  Result<> write(std::uint64_t offset, Bytes bytes) override;
  Result<> write_durably(std::uint64_t offset, Bytes bytes) override;
  Result<> sync() override;
  Result<> resize(std::uint64_t size) override;
  Result<> allocate(std::uint64_t size) override;
  Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override;
  Result<std::uint64_t> size() override;

 private:
  void check_aligned(std::uint64_t offset, Bytes bytes) const;
  Result<> check_alive() const;
  // Linux reports lost pages once and then calls them clean; only a new handle may write again.
  std::unexpected<Error> poison(std::string_view call, int error);
  // 0 or the error. `flags` as pwritev2 takes them.
  [[nodiscard]] int write_all(std::uint64_t offset, Bytes bytes, int flags);
  // A transfer refused for being direct: continue through the page cache. `was_direct` is what
  // direct_ said before the transfer, as another thread may have given up meanwhile.
  [[nodiscard]] bool give_up_direct(int error, bool was_direct);

  const std::string path_;
  const Descriptor fd_;
  const bool aligned_;        // opened direct: transfers must be aligned, whatever the system does
  std::atomic<bool> direct_;  // until a transfer is refused for it
  std::atomic<bool> lost_ = false;
  std::atomic<bool> has_dsync_call_ = true;
};

void PosixFile::check_aligned(std::uint64_t offset, Bytes bytes) const {
  if (!aligned_) return;
  NACRE_CHECK(offset % kDirectAlignment == 0, "direct transfers are aligned in the file");
  NACRE_CHECK(bytes.size() % kDirectAlignment == 0, "direct transfers are whole blocks");
  NACRE_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectAlignment == 0,
              "direct transfers are aligned in memory");
}

Result<> PosixFile::check_alive() const {
  if (!lost_.load()) return {};
  return fail(Code::kClosed,
              format("{}: a sync of this file was refused before; reopen it", path_));
}

std::unexpected<Error> PosixFile::poison(std::string_view call, int error) {
  lost_.store(!NACRE_PLANTED(failed_sync_forgotten));
  return refused(path_, call, error);
}

bool PosixFile::give_up_direct(int error, bool was_direct) {
  if (error != EINVAL || !was_direct) return false;
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd_.get(), F_SETFL, flags & ~O_DIRECT) != 0) return false;
  direct_.store(false);
  return true;
}

Result<> PosixFile::read(std::uint64_t offset, MutableBytes into) {
  check_aligned(offset, into);
  std::uint64_t at = offset;
  while (!into.empty()) {
    const bool was_direct = direct_.load();
    const ssize_t got = retry_interrupted(
        [&] { return ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(at)); });
    if (got < 0 && give_up_direct(errno, was_direct)) continue;
    if (got < 0) return refused(path_, format("read of {} bytes at {}", into.size(), at), errno);
    if (got == 0) {
      return fail(Code::kIo, format("{}: ends before byte {}", path_, at + into.size()));
    }
    at += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

int PosixFile::write_all(std::uint64_t offset, Bytes bytes, int flags) {
  while (!bytes.empty()) {
    const bool was_direct = direct_.load();
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    const ssize_t put = retry_interrupted(
        [&] { return ::pwritev2(fd_.get(), &part, 1, static_cast<off_t>(offset), flags); });
    if (put < 0 && give_up_direct(errno, was_direct)) continue;
    if (put < 0) return errno;
    if (put == 0) return EIO;
    auto done = static_cast<std::size_t>(put);
    // A direct transfer goes on at a block; the part of a block that was written is written again.
    if (aligned_ && done < bytes.size()) done -= done % kDirectAlignment;
    if (done == 0) return EIO;
    offset += done;
    bytes = bytes.subspan(done);
  }
  return 0;
}

Result<> PosixFile::write(std::uint64_t offset, Bytes bytes) {
  check_aligned(offset, bytes);
  NACRE_TRY(check_alive());
  const int error = write_all(offset, bytes, 0);
  if (error == 0) return {};
  return refused(path_, format("write of {} bytes at {}", bytes.size(), offset), error);
}

Result<> PosixFile::write_durably(std::uint64_t offset, Bytes bytes) {
  check_aligned(offset, bytes);
  NACRE_TRY(check_alive());
  const int flags = has_dsync_call_.load() ? RWF_DSYNC : 0;
  int error = write_all(offset, bytes, flags);
  if (flags != 0 && (error == EOPNOTSUPP || error == ENOSYS)) {
    has_dsync_call_.store(false);
    error = write_all(offset, bytes, 0);
  }
  // What did not fit was never taken over: the file is as good as before.
  if (error == ENOSPC || error == EDQUOT) {
    return refused(path_, format("durable write of {} bytes at {}", bytes.size(), offset), error);
  }
  if (error != 0)
    return poison(format("durable write of {} bytes at {}", bytes.size(), offset), error);
  if (!has_dsync_call_.load()) return sync();
  return {};
}

Result<> PosixFile::sync() {
  NACRE_TRY(check_alive());
  // Not repeated after EINTR: what an interrupted sync left undone is not known.
  if (::fdatasync(fd_.get()) != 0) return poison("sync", errno);
  return {};
}

Result<> PosixFile::resize(std::uint64_t size) {
  NACRE_TRY(check_alive());
  const auto to = static_cast<off_t>(size);
  if (retry_interrupted([&] { return ::ftruncate(fd_.get(), to); }) != 0) {
    return refused(path_, format("resize to {} bytes", size), errno);
  }
  return {};
}

Result<> PosixFile::allocate(std::uint64_t size) {
  NACRE_TRY(check_alive());
  const int error =
      retry_interrupted([&] { return ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size)); });
  if (error == 0) return {};
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    return fail(Code::kUnsupported, format("{}: space is taken by writing alone", path_));
  }
  return refused(path_, format("allocating {} bytes", size), errno);
}

Result<> PosixFile::punch_hole(std::uint64_t offset, std::uint64_t size) {
  NACRE_TRY(check_alive());
  const std::uint64_t end = std::min(offset + size, NACRE_TRY(this->size()));
  if (offset >= end) return {};
  const int error = retry_interrupted([&] {
    return ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(offset), static_cast<off_t>(end - offset));
  });
  if (error == 0) return {};
  if (errno != EOPNOTSUPP) {
    return refused(path_, format("punching {} bytes at {}", end - offset, offset), errno);
  }
  // The space stays taken, but what was promised to readers holds.
  const AlignedBuffer zeros(std::size_t{64} << 10);
  for (std::uint64_t at = offset; at < end; at += zeros.size()) {
    NACRE_TRY(write(at, zeros.bytes().first(std::min<std::uint64_t>(zeros.size(), end - at))));
  }
  return {};
}

Result<std::uint64_t> PosixFile::size() {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return refused(path_, "fstat", errno);
  return static_cast<std::uint64_t>(status.st_size);
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(std::string_view path, OpenOptions options) override;
  Result<> rename(std::string_view source, std::string_view target) override;
  Result<> remove(std::string_view path) override;
  Result<> make_directory(std::string_view path) override;
  Result<> remove_directory(std::string_view path) override;
  Result<> sync_directory(std::string_view path) override;
  Result<std::vector<std::string>> list(std::string_view path) override;
  Result<bool> exists(std::string_view path) override;
  Result<std::unique_ptr<File>> lock(std::string_view path) override;
  Result<std::unique_ptr<File>> lock_shared(std::string_view path) override;
};

Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor(
      retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); }));
}

Result<std::unique_ptr<File>> PosixFileSystem::open(std::string_view path, OpenOptions options) {
  std::string name(path);
  int flags = O_NOFOLLOW | O_RDONLY;
  if (options.mode == OpenMode::kReadWrite) flags = O_NOFOLLOW | O_RDWR;
  if (options.mode == OpenMode::kCreate) flags = O_NOFOLLOW | O_RDWR | O_CREAT | O_EXCL;
  Descriptor fd = open_descriptor(name, flags);
  if (!fd.valid()) return refused(path, "open", errno);
  if (options.direct) {
    // Asked for afterwards: open(O_CREAT | O_DIRECT) creates the file even where it then refuses.
    const int now = ::fcntl(fd.get(), F_GETFL);
    if (now < 0) return refused(path, "fcntl", errno);
    if (::fcntl(fd.get(), F_SETFL, now | O_DIRECT) != 0 && errno != EINVAL) {
      return refused(path, "fcntl", errno);
    }
  }
  return std::make_unique<PosixFile>(std::move(name), std::move(fd), options.direct);
}

Result<> PosixFileSystem::rename(std::string_view source, std::string_view target) {
  if (::rename(std::string(source).c_str(), std::string(target).c_str()) == 0) return {};
  return refused(source, format("rename to {}", target), errno);
}

Result<> PosixFileSystem::remove(std::string_view path) {
  if (::unlink(std::string(path).c_str()) == 0) return {};
  return refused(path, "remove", errno);
}

Result<> PosixFileSystem::make_directory(std::string_view path) {
  if (::mkdir(std::string(path).c_str(), 0700) == 0) return {};
  return refused(path, "make directory", errno);
}

Result<> PosixFileSystem::remove_directory(std::string_view path) {
  if (::rmdir(std::string(path).c_str()) == 0) return {};
  // POSIX lets a directory with names in it answer EEXIST, which says something else here.
  return refused(path, "remove directory", errno == EEXIST ? ENOTEMPTY : errno);
}

Result<> PosixFileSystem::sync_directory(std::string_view path) {
  const std::string name(path.empty() ? "." : path);
  const Descriptor fd = open_descriptor(name, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return refused(path, "open directory", errno);
  if (::fsync(fd.get()) != 0) return refused(path, "sync directory", errno);
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(std::string_view path) {
  const std::string name(path.empty() ? "." : path);
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir(name.c_str()));
  if (directory == nullptr) return refused(path, "list", errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view found = entry->d_name;
    if (found != "." && found != "..") names.emplace_back(found);
  }
  if (errno != 0) return refused(path, "list", errno);
  std::ranges::sort(names);
  return names;
}

Result<bool> PosixFileSystem::exists(std::string_view path) {
  struct stat status{};
  if (::lstat(std::string(path).c_str(), &status) == 0) return true;
  if (errno == ENOENT) return false;
  return refused(path, "lstat", errno);
}

// Who wrote its number into the lock file, as words for the message.
std::string holder_of(const Descriptor& fd) {
  char text[32];
  const ssize_t got = ::pread(fd.get(), text, sizeof text, 0);
  long pid = 0;
  if (got <= 0 || std::from_chars(text, text + got, pid).ec != std::errc{}) {
    return "another handle";
  }
  return pid == ::getpid() ? "another handle of this process" : format("process {}", pid);
}

Result<std::unique_ptr<File>> PosixFileSystem::lock(std::string_view path) {
  std::string name(path);
  Descriptor fd = open_descriptor(name, O_NOFOLLOW | O_RDWR | O_CREAT);
  if (!fd.valid()) return refused(path, "open", errno);
  if (NACRE_PLANTED(lock_excludes_nobody)) {
    return std::make_unique<PosixFile>(std::move(name), std::move(fd), /*aligned=*/false);
  }
  if (retry_interrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return refused(path, "lock", errno);
    return fail(Code::kConflict, format("{}: is held by {}", path, holder_of(fd)));
  }
  // Only for the message above: neither synced nor missed on a full disk.
  const std::string pid = format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t put = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
  }
  return std::make_unique<PosixFile>(std::move(name), std::move(fd), /*aligned=*/false);
}

Result<std::unique_ptr<File>> PosixFileSystem::lock_shared(std::string_view path) {
  std::string name(path);
  Descriptor fd = open_descriptor(name, O_NOFOLLOW | O_RDONLY);
  if (!fd.valid()) return refused(path, "open", errno);
  if (retry_interrupted([&] { return ::flock(fd.get(), LOCK_SH | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return refused(path, "lock", errno);
    return fail(Code::kConflict, format("{}: is held by {}", path, holder_of(fd)));
  }
  return std::make_unique<PosixFile>(std::move(name), std::move(fd), /*aligned=*/false);
}

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace nacre::io
