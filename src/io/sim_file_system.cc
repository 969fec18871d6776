#include "io/sim_file_system.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "io/sim_disk_internal.h"
#include "io/sim_file_internal.h"

namespace nacre::io {
namespace {

using Target = Fault::Target;
using Effect = Fault::Effect;
using Call = SimObserver::Call;
using Moment = SimObserver::Moment;

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

void SimFileSystem::Disk::see(Moment moment, Call call, std::string_view path, std::uint64_t offset,
                              std::uint64_t size) {
  if (observer == nullptr || !powered) return;
  observer->see({.moment = moment, .call = call, .path = path, .offset = offset, .size = size});
}

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

SimFileSystem::SimFileSystem(std::uint64_t seed) : disk_(std::make_shared<Disk>(seed)) {}
SimFileSystem::SimFileSystem(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
SimFileSystem::~SimFileSystem() = default;

Result<std::unique_ptr<File>> SimFileSystem::open(std::string_view path, OpenOptions options) {
  disk_->see(Moment::kBegin, options.mode == OpenMode::kCreate ? Call::kCreate : Call::kRead, path);
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
  disk_->see(Moment::kBegin, Call::kRename, source);
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
  disk_->see(Moment::kBegin, Call::kRemove, path);
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  if (node == nullptr) return absent(path);
  if (node->is_directory) return fail(Code::kIo, format("{}: is a directory", path));
  const Disk::Place at = disk_->place(path);
  return disk_->change_names(path, *at.directory, {at.name, nullptr, {}});
}

Result<> SimFileSystem::make_directory(std::string_view path) {
  disk_->see(Moment::kBegin, Call::kMakeDirectory, path);
  const std::scoped_lock lock(disk_->mutex);
  const Disk::Place at = disk_->place(path);
  if (at.directory == nullptr) return absent(path);
  if (disk_->find(path) != nullptr) return fail(Code::kExists, format("{}: exists already", path));
  return disk_->change_names(path, *at.directory, {at.name, std::make_shared<SimNode>(true), {}});
}

Result<> SimFileSystem::remove_directory(std::string_view path) {
  disk_->see(Moment::kBegin, Call::kRemoveDirectory, path);
  const std::scoped_lock lock(disk_->mutex);
  const SimNodePtr node = disk_->find(path);
  if (node == nullptr) return absent(path);
  if (!node->is_directory) return fail(Code::kIo, format("{}: is not a directory", path));
  if (!node->names.empty()) return fail(Code::kIo, format("{}: is not empty", path));
  const Disk::Place at = disk_->place(path);
  return disk_->change_names(path, *at.directory, {at.name, nullptr, {}});
}

Result<> SimFileSystem::sync_directory(std::string_view path) {
  disk_->see(Moment::kBegin, Call::kSyncDirectory, path);
  Verdict verdict;
  SimNodePtr node;
  std::uint64_t mark = 0;
  {
    const std::scoped_lock lock(disk_->mutex);
    node = disk_->find(path);
    if (node == nullptr || !node->is_directory) return absent(path);
    verdict = disk_->judge(path, /*is_write=*/false, /*is_sync=*/true);
    mark = node->mark_names();
  }
  disk_->see(Moment::kMiddle, Call::kSyncDirectory, path);
  {
    const std::scoped_lock lock(disk_->mutex);
    if (verdict.durable && !disk_->powered) {
      return fail(Code::kClosed, format("{}: the power is off", path));
    }
    if (verdict.durable) node->sync_names(mark);
    if (verdict.lost) node->lose_unsynced_names(mark);
  }
  disk_->see(Moment::kEnd, Call::kSyncDirectory, path);
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
  disk_->root->settle(disk_->random, disk_->tears_with_garbage);
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
  copy->tears_with_garbage = disk_->tears_with_garbage;
  return std::unique_ptr<SimFileSystem>(new SimFileSystem(std::move(copy)));
}

void SimFileSystem::tear_with_garbage() {
  const std::scoped_lock lock(disk_->mutex);
  disk_->tears_with_garbage = true;
}

void SimFileSystem::observe(SimObserver* observer) {
  const std::scoped_lock lock(disk_->mutex);
  disk_->observer = observer;
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
  return node->data.current().text();
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
