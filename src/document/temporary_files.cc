#include "document/temporary_files.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::document {
namespace {

constexpr std::string_view kPrefix = "tmp.";
using error_codes::kOutOfDiskSpace;

Result<> numbered(Result<> done) {
  if (done || done.error().code() != Code::kFull) return done;
  return std::unexpected(std::move(done).error().with_number(kOutOfDiskSpace));
}

}  // namespace

TemporaryFile::~TemporaryFile() {
  file_.reset();
  // What stays behind is removed at the next opening.
  static_cast<void>(files_.remove(path_));
}

Result<> TemporaryFile::append(Bytes bytes) {
  buffer_.append(as_text(bytes));
  if (buffer_.size() < kBufferBytes) return {};
  return flush();
}

Result<> TemporaryFile::flush() {
  if (buffer_.empty()) return {};
  NACRE_TRY(numbered(file_->write(written_, as_bytes(buffer_))));
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Result<> TemporaryFile::read(std::uint64_t offset, MutableBytes into) {
  return file_->read(offset, into);
}

Result<std::unique_ptr<TemporaryFile>> TemporaryFiles::create() {
  std::string path = format("{}/{}{}", directory_, kPrefix, next_.fetch_add(1));
  auto file = NACRE_TRY(files_.open(path, {.mode = io::OpenMode::kCreate}));
  return std::make_unique<TemporaryFile>(files_, std::move(path), std::move(file));
}

Result<> TemporaryFiles::remove_leftovers() {
  const std::vector<std::string> names = NACRE_TRY(files_.list(directory_));
  for (const std::string& name : names) {
    if (name.starts_with(kPrefix)) NACRE_TRY(files_.remove(format("{}/{}", directory_, name)));
  }
  return {};
}

}  // namespace nacre::document
