#include "cli/input.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace nacre::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

class FileInput final : public Input {
 public:
  FileInput(std::FILE* file, std::string name, std::optional<std::uint64_t> size)
      : file_(file), name_(std::move(name)), size_(size) {}

  Result<std::size_t> read(MutableBytes into) override {
    const std::size_t count = std::fread(into.data(), 1, into.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) {
      return fail(Code::kIo, format("file {}: read returned {}", name_, std::strerror(errno)));
    }
    return count;
  }

  const std::string& name() const override { return name_; }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string name_;
  std::optional<std::uint64_t> size_;
};

// What gzread says went wrong.
class GzipInput final : public Input {
 public:
  GzipInput(gzFile file, std::string name) : file_(file), name_(std::move(name)) {}
  ~GzipInput() override { gzclose(file_); }
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;

  Result<std::size_t> read(MutableBytes into) override {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    const auto size = static_cast<unsigned>(std::min(into.size(), kMost));
    const int count = gzread(file_, into.data(), size);
    int error = Z_OK;
    const char* reason = gzerror(file_, &error);
    // A file that is cut off reads short, with an error that only gzerror tells.
    if (count < 0 || (error != Z_OK && error != Z_STREAM_END)) {
      return fail(Code::kIo, format("file {}: cannot be unpacked: {}", name_, reason));
    }
    return static_cast<std::size_t>(count);
  }

  const std::string& name() const override { return name_; }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  gzFile file_;
  std::string name_;
};

Result<std::unique_ptr<Input>> gzip_input(std::unique_ptr<std::FILE, CloseFile> file,
                                          const std::string& path) {
  const int descriptor = ::dup(::fileno(file.get()));
  gzFile unpacked = descriptor < 0 ? nullptr : gzdopen(descriptor, "rb");
  if (unpacked != nullptr) return std::make_unique<GzipInput>(unpacked, path);
  if (descriptor >= 0) ::close(descriptor);
  return fail(Code::kIo, format("file {}: {}", path, std::strerror(errno)));
}

class TextInput final : public Input {
 public:
  TextInput(std::string text, std::size_t part_bytes)
      : text_(std::move(text)), part_bytes_(part_bytes == 0 ? text_.size() : part_bytes) {}

  Result<std::size_t> read(MutableBytes into) override {
    const std::size_t count = std::min({into.size(), part_bytes_, text_.size() - taken_});
    std::memcpy(into.data(), text_.data() + taken_, count);
    taken_ += count;
    return count;
  }

  const std::string& name() const override { return name_; }
  std::optional<std::uint64_t> size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t part_bytes_;
  std::size_t taken_ = 0;
  std::string name_ = "text";
};

}  // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& path) {
  if (path == "-") {
    return std::make_unique<FileInput>(stdin, "standard input", std::nullopt);
  }
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    const Code code = errno == ENOENT ? Code::kNotFound : Code::kIo;
    return fail(code, format("file {}: {}", path, std::strerror(errno)));
  }
  if (path.ends_with(".gz")) return gzip_input(std::unique_ptr<std::FILE, CloseFile>(file), path);
  struct stat status{};
  std::optional<std::uint64_t> size;
  if (::fstat(::fileno(file), &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      std::fclose(file);
      return fail(Code::kInvalid, format("file {}: is a directory, expected a file", path));
    }
    if (S_ISREG(status.st_mode)) size = static_cast<std::uint64_t>(status.st_size);
  }
  return std::make_unique<FileInput>(file, path, size);
}

std::unique_ptr<Input> text_input(std::string text, std::size_t part_bytes) {
  return std::make_unique<TextInput>(std::move(text), part_bytes);
}

}  // namespace nacre::cli
