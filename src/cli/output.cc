#include "cli/output.h"

#include <zlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace nacre::cli {
namespace {

std::unexpected<Error> failed(const std::string& path) {
  return fail(Code::kIo, format("file {}: {}", path, std::strerror(errno)));
}

class PlainOutput final : public Output {
 public:
  PlainOutput(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  ~PlainOutput() override {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }
  PlainOutput(const PlainOutput&) = delete;
  PlainOutput& operator=(const PlainOutput&) = delete;

  Result<> write(std::string_view bytes) override {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return {};
    return failed(path_);
  }
  Result<> close() override {
    std::FILE* file = std::exchange(file_, nullptr);
    const int done = file == stdout ? std::fflush(file) : std::fclose(file);
    if (done != 0) return failed(path_);
    return {};
  }

 private:
  std::FILE* file_;
  std::string path_;
};

class GzipOutput final : public Output {
 public:
  GzipOutput(gzFile file, std::string path) : file_(file), path_(std::move(path)) {}
  ~GzipOutput() override {
    if (file_ != nullptr) gzclose(file_);
  }
  GzipOutput(const GzipOutput&) = delete;
  GzipOutput& operator=(const GzipOutput&) = delete;

  Result<> write(std::string_view bytes) override {
    if (bytes.empty()) return {};
    if (gzfwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return {};
    return failed(path_);
  }
  Result<> close() override {
    if (gzclose(std::exchange(file_, nullptr)) != Z_OK) return failed(path_);
    return {};
  }

 private:
  gzFile file_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<Output>> open_output(const std::string& path) {
  if (path == "-") return std::make_unique<PlainOutput>(stdout, "standard output");
  if (path.ends_with(".gz")) {
    gzFile file = gzopen(path.c_str(), "wb");
    if (file == nullptr) return failed(path);
    return std::make_unique<GzipOutput>(file, path);
  }
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return failed(path);
  return std::make_unique<PlainOutput>(file, path);
}

}  // namespace nacre::cli
