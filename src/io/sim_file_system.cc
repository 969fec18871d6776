#include "io/sim_file_system.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "io/sim_disk_internal.h"

namespace nacre::io {
namespace {

using Kind = FileChange::Kind;
using Target = Fault::Target;
using Effect = Fault::Effect;

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// Names of a path; "" and "." mean nothing, "/a" is "a".
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    if (!name.empty() && name != ".") names.push_back(name);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return names;
}

std::unexpected<Error> absent(std::string_view path) {
  return fail(Code::kNotFound, format("{}: does not exist", path));
}

}  // namespace

// What happens to one call that changes something.
struct Verdict {
  bool effect = true;   // it happens
  bool durable = true;  // what it makes durable is durable
  bool partly = false;  // only a beginning of the data arrives
  bool cached = false;  // what arrives never becomes durable
  bool lost = false;    // a failed sync: what it should have written is lost
  std::optional<Error> error;
};

class SimFileSystem::Disk {
 public:
  explicit Disk(std::uint64_t seed) : root(std::make_shared<SimNode>(true)), random(seed) {}

  // Both require the lock.
  Verdict judge(std::string_view what, bool is_write, bool is_sync);
  [[nodiscard]] Result<> judge_read(std::string_view what);

  struct Place {
    SimNodePtr directory;  // null: does not exist
    std::string name;      // empty: the root itself
  };
  [[nodiscard]] Place place(std::string_view path) const;
  [[nodiscard]] SimNodePtr find(std::string_view path) const;
  [[nodiscard]] Result<> change_names(std::string_view what, SimNode& directory, NameChange change);

  mutable std::mutex mutex;
  SimNodePtr root;
  Random random;
  std::uint64_t boots = 0;
  std::uint64_t operations = 0;
  std::uint64_t operations_left = kUnlimited;  // before the power cut
  std::uint64_t in_flight_left = 0;            // then under way
  bool powered = true;
  std::uint64_t capacity = kUnlimited;
  std::vector<Fault> faults;
  std::uint64_t faults_hit = 0;

 private:
  // The fault that hits this call, counted; faults of other kinds are left alone.
  std::optional<Fault> hit(Target first, std::optional<Target> second, bool operation);
  [[nodiscard]] Error no_power(std::string_view what) const {
    return {Code::kClosed, format("{}: the power is off", what)};
  }
};

std::optional<Fault> SimFileSystem::Disk::hit(Target first, std::optional<Target> second,
                                              bool operation) {
  std::optional<Fault> found;
  for (Fault& fault : faults) {
    const bool counts = fault.target == first || fault.target == second ||
                        (operation && fault.target == Target::kOperation);
    if (!counts || fault.nth == 0) continue;
    if (fault.nth > 1) {
      --fault.nth;
    } else {
      if (!fault.from_then_on) fault.nth = 0;
      found = fault;
    }
  }
  if (found) ++faults_hit;
  return found;
}

Verdict SimFileSystem::Disk::judge(std::string_view what, bool is_write, bool is_sync) {
  Verdict verdict;
  if (!powered) {
    verdict.effect = false;
    verdict.error = no_power(what);
    return verdict;
  }
  ++operations;
  if (operations_left == 0) {
    verdict.durable = false;
    verdict.error = no_power(what);
    if (--in_flight_left == 0) powered = false;
    return verdict;
  }
  if (operations_left != kUnlimited) --operations_left;
  const Target first = is_write ? Target::kWrite : Target::kOperation;
  const auto fault =
      hit(first, is_sync ? std::optional(Target::kSync) : std::nullopt, /*operation=*/true);
  if (!fault) return verdict;
  verdict.error = Error(fault->code, format("{}: refused by an injected fault", what));
  verdict.durable = fault->effect == Effect::kWholly;
  verdict.partly = fault->effect == Effect::kPartly;
  verdict.cached = fault->effect == Effect::kCached;
  verdict.effect = fault->effect != Effect::kNothing;
  verdict.lost = !verdict.durable;
  return verdict;
}

Result<> SimFileSystem::Disk::judge_read(std::string_view what) {
  if (!powered) return std::unexpected(no_power(what));
  const auto fault = hit(Target::kRead, std::nullopt, /*operation=*/false);
  if (fault) return fail(fault->code, format("{}: refused by an injected fault", what));
  return {};
}

SimFileSystem::Disk::Place SimFileSystem::Disk::place(std::string_view path) const {
  const std::vector<std::string_view> names = split(path);
  if (names.empty()) return {root, {}};
  SimNodePtr node = root;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    node = node->find(names[i]);
    if (node == nullptr || !node->is_directory) return {nullptr, {}};
  }
  return {node, std::string(names.back())};
}

SimNodePtr SimFileSystem::Disk::find(std::string_view path) const {
  const Place at = place(path);
  if (at.directory == nullptr) return nullptr;
  return at.name.empty() ? at.directory : at.directory->find(at.name);
}

Result<> SimFileSystem::Disk::change_names(std::string_view what, SimNode& directory,
                                           NameChange change) {
  Verdict verdict = judge(what, /*is_write=*/false, /*is_sync=*/false);
  if (verdict.effect) directory.change(std::move(change));
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

class SimFile final : public File {
 public:
  SimFile(std::shared_ptr<SimFileSystem::Disk> disk, SimNodePtr node, std::string path,
          OpenOptions options, bool holds_lock)
      : disk_(std::move(disk)),
        node_(std::move(node)),
        path_(std::move(path)),
        options_(options),
        holds_lock_(holds_lock),
        boot_(disk_->boots) {}
  ~SimFile() override;

  Result<> read(std::uint64_t offset, MutableBytes into) override;
  Result<> write(std::uint64_t offset, Bytes bytes) override;
  Result<> write_durably(std::uint64_t offset, Bytes bytes) override;
  Result<> sync() override;
  Result<> resize(std::uint64_t size) override;
  Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override;
  Result<std::uint64_t> size() override;

 private:
  // All below require the lock.
  [[nodiscard]] Result<> check_open() const;
  [[nodiscard]] Result<> check_writable() const;
  void check_aligned(std::uint64_t offset, Bytes bytes) const;
  [[nodiscard]] Result<> write_locked(std::uint64_t offset, Bytes bytes, bool durably);

  const std::shared_ptr<SimFileSystem::Disk> disk_;  // a file may outlive the file system
  const SimNodePtr node_;
  const std::string path_;
  const OpenOptions options_;
  const bool holds_lock_;
  const std::uint64_t boot_;
  bool lost_ = false;  // a sync failed
};

SimFile::~SimFile() {
  const std::scoped_lock lock(disk_->mutex);
  if (holds_lock_ && boot_ == disk_->boots) node_->locked = false;
}

Result<> SimFile::check_open() const {
  if (boot_ == disk_->boots) return {};
  return fail(Code::kClosed, format("{}: was opened before the power went off", path_));
}

Result<> SimFile::check_writable() const {
  NACRE_TRY(check_open());
  NACRE_CHECK(options_.mode != OpenMode::kReadOnly, "only files opened for it are written");
  if (lost_) {
    return fail(Code::kClosed,
                format("{}: a sync of this file was refused before; reopen it", path_));
  }
  return {};
}

void SimFile::check_aligned(std::uint64_t offset, Bytes bytes) const {
  if (!options_.direct) return;
  NACRE_CHECK(offset % kDirectAlignment == 0, "direct transfers are aligned in the file");
  NACRE_CHECK(bytes.size() % kDirectAlignment == 0, "direct transfers are whole blocks");
  NACRE_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % kDirectAlignment == 0,
              "direct transfers are aligned in memory");
}

Result<> SimFile::read(std::uint64_t offset, MutableBytes into) {
  check_aligned(offset, into);
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_open());
  NACRE_TRY(disk_->judge_read(path_));
  const std::string& bytes = node_->data.current();
  if (offset > bytes.size() || into.size() > bytes.size() - offset) {
    return fail(Code::kIo, format("{}: ends before byte {}", path_, offset + into.size()));
  }
  if (!into.empty()) std::memcpy(into.data(), bytes.data() + offset, into.size());
  return {};
}

Result<> SimFile::write_locked(std::uint64_t offset, Bytes bytes, bool durably) {
  NACRE_TRY(check_writable());
  if (bytes.empty()) return {};
  Verdict verdict = disk_->judge(path_, /*is_write=*/true, /*is_sync=*/durably);
  std::uint64_t count = bytes.size();
  if (verdict.partly) count = disk_->random.below(count);
  const std::uint64_t size = node_->data.current().size();
  if (disk_->capacity != kUnlimited && offset + count > size && verdict.effect) {
    const std::uint64_t used = disk_->root->bytes();
    const std::uint64_t room = disk_->capacity > used ? disk_->capacity - used : 0;
    if (offset + count - size > room) {
      count = size + room > offset ? size + room - offset : 0;
      verdict.durable = false;
      if (!verdict.error) verdict.error = Error(Code::kFull, format("{}: disk full", path_));
    }
  }
  if (verdict.effect && count > 0) {
    FileChange change{.kind = Kind::kData,
                      .offset = offset,
                      .size = count,
                      .data = to_string(bytes.first(static_cast<std::size_t>(count)))};
    if (verdict.cached) {
      node_->data.apply_to_cache(change);
    } else if (durably && verdict.durable) {
      node_->data.apply_durably(change);
    } else {
      node_->data.apply(std::move(change));
    }
  }
  if (!verdict.error) return {};
  lost_ = durably;
  return std::unexpected(std::move(*verdict.error));
}

Result<> SimFile::write(std::uint64_t offset, Bytes bytes) {
  check_aligned(offset, bytes);
  const std::scoped_lock lock(disk_->mutex);
  return write_locked(offset, bytes, /*durably=*/false);
}

Result<> SimFile::write_durably(std::uint64_t offset, Bytes bytes) {
  check_aligned(offset, bytes);
  const std::scoped_lock lock(disk_->mutex);
  return write_locked(offset, bytes, /*durably=*/true);
}

Result<> SimFile::sync() {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_writable());
  Verdict verdict = disk_->judge(path_, /*is_write=*/false, /*is_sync=*/true);
  if (verdict.durable) node_->data.sync();
  if (verdict.lost) node_->data.lose_unsynced();
  if (!verdict.error) return {};
  lost_ = true;
  return std::unexpected(std::move(*verdict.error));
}

Result<> SimFile::resize(std::uint64_t size) {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_writable());
  Verdict verdict = disk_->judge(path_, /*is_write=*/true, /*is_sync=*/false);
  const std::uint64_t now = node_->data.current().size();
  if (disk_->capacity != kUnlimited && size > now &&
      disk_->root->bytes() + (size - now) > disk_->capacity) {
    return fail(Code::kFull, format("{}: disk full", path_));
  }
  if (verdict.effect) {
    node_->data.apply({.kind = Kind::kResize, .offset = size, .size = 0, .data = {}});
  }
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

Result<> SimFile::punch_hole(std::uint64_t offset, std::uint64_t size) {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_writable());
  Verdict verdict = disk_->judge(path_, /*is_write=*/true, /*is_sync=*/false);
  if (verdict.effect) {
    node_->data.apply({.kind = Kind::kPunch, .offset = offset, .size = size, .data = {}});
  }
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

Result<std::uint64_t> SimFile::size() {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(check_open());
  NACRE_TRY(disk_->judge_read(path_));
  return node_->data.current().size();
}

SimFileSystem::SimFileSystem(std::uint64_t seed) : disk_(std::make_shared<Disk>(seed)) {}
SimFileSystem::SimFileSystem(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
SimFileSystem::~SimFileSystem() = default;

Result<std::unique_ptr<File>> SimFileSystem::open(std::string_view path, OpenOptions options) {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(disk_->judge_read(path));
  const Disk::Place at = disk_->place(path);
  if (at.directory == nullptr) return absent(path);
  SimNodePtr node = disk_->find(path);
  if (node != nullptr && node->is_directory) {
    return fail(Code::kIo, format("{}: is a directory", path));
  }
  if (options.mode == OpenMode::kCreate) {
    if (node != nullptr) return fail(Code::kExists, format("{}: exists already", path));
    node = std::make_shared<SimNode>(false);
    NACRE_TRY(disk_->change_names(path, *at.directory, {at.name, node, {}}));
  }
  if (node == nullptr) return absent(path);
  return std::make_unique<SimFile>(disk_, node, std::string(path), options, /*holds_lock=*/false);
}

Result<> SimFileSystem::rename(std::string_view source, std::string_view target) {
  const std::scoped_lock lock(disk_->mutex);
  const Disk::Place from = disk_->place(source);
  const Disk::Place to = disk_->place(target);
  const SimNodePtr node = disk_->find(source);
  if (node == nullptr || to.directory == nullptr) return absent(node == nullptr ? source : target);
  NACRE_CHECK(from.directory == to.directory, "files are renamed within their directory");
  if (from.name == to.name) return {};
  return disk_->change_names(source, *to.directory, {to.name, node, from.name});
}

Result<> SimFileSystem::remove(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  if (node == nullptr) return absent(path);
  if (node->is_directory) return fail(Code::kIo, format("{}: is a directory", path));
  const Disk::Place at = disk_->place(path);
  return disk_->change_names(path, *at.directory, {at.name, nullptr, {}});
}

Result<> SimFileSystem::make_directory(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  const Disk::Place at = disk_->place(path);
  if (at.directory == nullptr) return absent(path);
  if (disk_->find(path) != nullptr) return fail(Code::kExists, format("{}: exists already", path));
  return disk_->change_names(path, *at.directory, {at.name, std::make_shared<SimNode>(true), {}});
}

Result<> SimFileSystem::remove_directory(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  if (node == nullptr) return absent(path);
  if (!node->is_directory) return fail(Code::kIo, format("{}: is not a directory", path));
  if (!node->names.empty()) return fail(Code::kIo, format("{}: is not empty", path));
  const Disk::Place at = disk_->place(path);
  return disk_->change_names(path, *at.directory, {at.name, nullptr, {}});
}

Result<> SimFileSystem::sync_directory(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  if (node == nullptr || !node->is_directory) return absent(path);
  Verdict verdict = disk_->judge(path, /*is_write=*/false, /*is_sync=*/true);
  if (verdict.durable) node->sync_names();
  if (verdict.lost) node->lose_unsynced_names();
  if (verdict.error) return std::unexpected(std::move(*verdict.error));
  return {};
}

Result<std::vector<std::string>> SimFileSystem::list(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(disk_->judge_read(path));
  const SimNodePtr node = disk_->find(path);
  if (node == nullptr || !node->is_directory) return absent(path);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->names) names.push_back(name);
  return names;
}

Result<bool> SimFileSystem::exists(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(disk_->judge_read(path));
  return disk_->find(path) != nullptr;
}

Result<std::unique_ptr<File>> SimFileSystem::lock(std::string_view path) {
  const std::scoped_lock lock(disk_->mutex);
  NACRE_TRY(disk_->judge_read(path));
  const Disk::Place at = disk_->place(path);
  if (at.directory == nullptr) return absent(path);
  SimNodePtr node = disk_->find(path);
  if (node == nullptr) {
    node = std::make_shared<SimNode>(false);
    NACRE_TRY(disk_->change_names(path, *at.directory, {at.name, node, {}}));
  }
  if (node->locked) {
    return fail(Code::kConflict, format("{}: is held by another handle of this process", path));
  }
  node->locked = true;
  return std::make_unique<SimFile>(disk_, node, std::string(path),
                                   OpenOptions{.mode = OpenMode::kReadWrite},
                                   /*holds_lock=*/true);
}

std::uint64_t SimFileSystem::operations() const {
  const std::scoped_lock lock(disk_->mutex);
  return disk_->operations;
}

void SimFileSystem::cut_power_after(std::uint64_t operations, std::uint64_t in_flight) {
  NACRE_CHECK(in_flight > 0, "the call that meets the power cut is under way");
  const std::scoped_lock lock(disk_->mutex);
  disk_->operations_left = operations;
  disk_->in_flight_left = in_flight;
}

bool SimFileSystem::powered() const {
  const std::scoped_lock lock(disk_->mutex);
  return disk_->powered;
}

void SimFileSystem::reboot() {
  const std::scoped_lock lock(disk_->mutex);
  disk_->root->settle(disk_->random);
  ++disk_->boots;
  disk_->powered = true;
  disk_->operations_left = kUnlimited;
  disk_->capacity = kUnlimited;
  disk_->faults.clear();
  disk_->faults_hit = 0;
}

std::unique_ptr<SimFileSystem> SimFileSystem::clone(std::uint64_t seed) const {
  const std::scoped_lock lock(disk_->mutex);
  auto copy = std::make_shared<Disk>(seed);
  copy->root = copy_tree(*disk_->root);
  copy->operations = disk_->operations;
  copy->powered = disk_->powered;
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(std::move(copy)));
}

void SimFileSystem::inject(Fault fault) {
  NACRE_CHECK(fault.nth > 0, "calls are counted from 1");
  const std::scoped_lock lock(disk_->mutex);
  disk_->faults.push_back(fault);
}

std::uint64_t SimFileSystem::faults_hit() const {
  const std::scoped_lock lock(disk_->mutex);
  return disk_->faults_hit;
}

void SimFileSystem::clear_faults() {
  const std::scoped_lock lock(disk_->mutex);
  disk_->faults.clear();
  disk_->faults_hit = 0;
}

void SimFileSystem::limit_capacity(std::uint64_t bytes) {
  const std::scoped_lock lock(disk_->mutex);
  disk_->capacity = bytes;
}

void SimFileSystem::corrupt(std::string_view path, std::uint64_t offset, std::byte mask) {
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  NACRE_CHECK(node != nullptr, "only a file that exists is damaged");
  node->data.corrupt(offset, mask);
}

std::string SimFileSystem::contents(std::string_view path) const {
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  NACRE_CHECK(node != nullptr, "only a file that exists has contents");
  return node->data.current();
}

void SimFileSystem::replace_contents(std::string_view path, std::string bytes) {
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  NACRE_CHECK(node != nullptr, "only a file that exists has contents");
  node->data.replace(std::move(bytes));
}

std::vector<std::string> SimFileSystem::files() const {
  const std::scoped_lock lock(disk_->mutex);
  std::vector<std::string> found;
  const auto walk = [&](auto& self, const SimNode& node, const std::string& path) -> void {
    if (!node.is_directory) {
      found.push_back(path);
      return;
    }
    for (const auto& [name, child] : node.names) {
      self(self, *child, path.empty() ? name : path + "/" + name);
    }
  };
  walk(walk, *disk_->root, {});
  std::ranges::sort(found);
  return found;
}

}  // namespace nacre::io
