#include "kv/memory_limit.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace nacre::bench {
namespace {

Result<> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (file.flush()) return {};
  return fail(Code::kIo, format("{}: cannot be written; a limit on memory needs the right to make "
                                "a control group",
                                path));
}

// The number behind `name` in a file of "name number" lines.
std::uint64_t field(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word != name) continue;
    std::uint64_t number = 0;
    file >> number;
    return number;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<MemoryLimit>> MemoryLimit::make() {
  const bool is_v1 = std::filesystem::is_directory("/sys/fs/cgroup/memory");
  const std::string parent = is_v1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
  const std::string group = format("{}/nacre-bench-{}", parent, ::getpid());
  std::error_code error;
  std::filesystem::create_directory(group, error);
  NACRE_TRY(write_file(group + "/cgroup.procs", format("{}", ::getpid())));
  const std::string limit = group + (is_v1 ? "/memory.limit_in_bytes" : "/memory.max");
  return std::unique_ptr<MemoryLimit>(new MemoryLimit(group, limit, parent));
}

MemoryLimit::MemoryLimit(std::string group, std::string limit_file, std::string parent)
    : group_(std::move(group)), limit_file_(std::move(limit_file)), parent_(std::move(parent)) {}

MemoryLimit::~MemoryLimit() {
  // A group that still has the process cannot go: the process moves out first, as far as it may.
  [[maybe_unused]] const auto lifted =
      write_file(limit_file_, format("{}", ~std::uint64_t{0} >> 2));
  [[maybe_unused]] const auto moved =
      write_file(parent_ + "/cgroup.procs", format("{}", ::getpid()));
  ::rmdir(group_.c_str());
}

Result<> MemoryLimit::set(std::uint64_t bytes) {
  return write_file(limit_file_, format("{}", bytes));
}

std::uint64_t resident_bytes() { return field("/proc/self/status", "RssAnon:") * 1024; }
std::uint64_t written_bytes() { return field("/proc/self/io", "write_bytes:"); }

}  // namespace nacre::bench
