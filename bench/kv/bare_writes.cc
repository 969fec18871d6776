#include "kv/bare_writes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "io/aligned_buffer.h"
#include "kv/parallel.h"

namespace nacre::bench {
namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::uint64_t kFileBytes = std::uint64_t{16} << 20;

std::unexpected<Error> failed(const std::string& path, const char* call) {
  return fail(Code::kIo, format("{}: {}: {}", path, call, std::strerror(errno)));
}

// Buffered, and not measured: blocks that were never written cost the file system more.
Result<> make_blocks(const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  const std::string block(kBlock, 'b');
  for (std::uint64_t at = 0; at < kFileBytes; at += kBlock) file << block;
  if (file.flush()) return {};
  return fail(Code::kIo, format("{}: cannot be written", path));
}

}  // namespace

Result<double> bare_durable_writes(const std::string& directory, double seconds) {
  const std::string path = directory + "/bare_writes";
  NACRE_TRY(make_blocks(path));
  const int file = ::open(path.c_str(), O_RDWR | O_DIRECT | O_DSYNC);
  if (file < 0) return failed(path, "open");
  io::AlignedBuffer buffer(kBlock);
  std::memset(buffer.bytes().data(), 'b', kBlock);
  std::uint64_t count = 0;
  const auto start = Clock::now();
  while (seconds_since(start) < seconds) {
    const auto offset = static_cast<off_t>(count * kBlock % kFileBytes);
    if (::pwrite(file, buffer.bytes().data(), kBlock, offset) != static_cast<ssize_t>(kBlock)) {
      ::close(file);
      return failed(path, "write");
    }
    ++count;
  }
  const double rate = static_cast<double>(count) / seconds_since(start);
  ::close(file);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return rate;
}

}  // namespace nacre::bench
