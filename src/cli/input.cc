#include "cli/input.h"

#include <sys/stat.h>

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
