#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "io/sim_disk_internal.h"

namespace nacre::io {
namespace {

using Kind = FileChange::Kind;

constexpr std::uint64_t kLargeSector = 4096;  // bytes; what many disks tear in

// Writes to the image what arrives of `change` when it is torn in pieces of `grain` bytes, as
// `arrives` says of each.
template <typename Arrives>
void apply_torn(SimImage& image, const FileChange& change, std::uint64_t grain, Arrives&& arrives) {
  const std::uint64_t end = change.offset + change.size;
  for (std::uint64_t at = change.offset; at < end;) {
    const std::uint64_t until = std::min(end, (at / grain + 1) * grain);
    if (arrives()) image.write(at, change.data().substr(at - change.offset, until - at));
    at = until;
  }
}

std::uint64_t pieces_of(const FileChange& change, std::uint64_t grain) {
  return (change.offset + change.size - 1) / grain - change.offset / grain + 1;
}

// The parts of data change `change` outside [begin, end), appended to `to`.
void keep_outside(const FileChange& change, std::uint64_t begin, std::uint64_t end,
                  std::vector<FileChange>& to) {
  const std::uint64_t last = change.offset + change.size;
  const auto keep = [&](std::uint64_t from, std::uint64_t until) {
    if (from >= until) return;
    to.push_back({.kind = Kind::kData,
                  .offset = from,
                  .size = until - from,
                  .bytes = change.bytes,
                  .begin = change.begin + (from - change.offset),
                  .order = change.order});
  };
  keep(change.offset, std::min(last, begin));
  keep(std::max(change.offset, end), last);
}

void trim(std::vector<FileChange>& changes, std::uint64_t begin, std::uint64_t end) {
  std::vector<FileChange> kept;
  for (const FileChange& change : changes) keep_outside(change, begin, end, kept);
  changes = std::move(kept);
}

}  // namespace

void SimFileData::apply_to(SimImage& image, const FileChange& change) {
  switch (change.kind) {
    case Kind::kData:
      return image.write(change.offset, change.data());
    case Kind::kResize:
      return image.resize(change.offset);
    case Kind::kPunch:
      return image.zero(change.offset, change.offset + change.size);
  }
}

void SimFileData::apply(FileChange change) {
  apply_to(current_, change);
  change.order = next_order_++;
  changes_.push_back(std::move(change));
}

void SimFileData::apply_durably(const FileChange& change) {
  make_sizes_durable();
  trim(changes_, change.offset, change.offset + change.size);
  apply_to(current_, change);
  apply_to(durable_, change);
}

// Afterwards only data is unsynced, and all of it lies within the durable size.
void SimFileData::make_sizes_durable() {
  std::vector<FileChange> data;
  for (FileChange& change : changes_) {
    switch (change.kind) {
      case Kind::kData:
        durable_.resize(std::max(durable_.size(), change.offset + change.size));
        data.push_back(std::move(change));
        break;
      case Kind::kResize:
        durable_.resize(change.offset);
        trim(data, change.offset, ~std::uint64_t{0});
        break;
      case Kind::kPunch:
        apply_to(durable_, change);
        trim(data, change.offset, change.offset + change.size);
        break;
    }
  }
  changes_ = std::move(data);
}

void SimFileData::sync(std::uint64_t mark) {
  const auto later = std::ranges::find_if(
      changes_, [&](const FileChange& change) { return change.order >= mark; });
  std::for_each(changes_.begin(), later,
                [&](const FileChange& change) { apply_to(durable_, change); });
  changes_.erase(changes_.begin(), later);
}

void SimFileData::settle(Random& random, bool garbage) {
  if (!changes_.empty()) {
    const std::uint64_t grain = random.chance(1, 4) ? kLargeSector : kSectorSize;
    switch (random.below(8)) {
      case 0:
        break;
      case 1:
        for (const FileChange& change : changes_) apply_to(durable_, change);
        break;
      case 2:
      case 3:
        settle_prefix(random, grain, garbage);
        break;
      case 4:
        settle_single(random, /*survives=*/true);
        break;
      case 5:
        settle_single(random, /*survives=*/false);
        break;
      default:
        settle_sectors(random, grain);
        break;
    }
  }
  changes_.clear();
  current_ = durable_;
}

// A beginning of the writes, the last of them a beginning of itself.
void SimFileData::settle_prefix(Random& random, std::uint64_t grain, bool garbage) {
  const std::uint64_t whole = random.below(changes_.size());
  for (std::size_t i = 0; i < whole; ++i) apply_to(durable_, changes_[i]);
  const FileChange& torn = changes_[whole];
  if (torn.kind != Kind::kData) return;
  std::uint64_t left = random.below(pieces_of(torn, grain) + 1);
  const std::uint64_t arrived = std::min(torn.size, left * grain);
  const SimImage before = durable_;
  apply_torn(durable_, torn, grain, [&] { return left-- > 0; });
  // The head was writing when the power went: the sector it wrote last is anything. Not so one that
  // was written with what it held, which log recovery relies on.
  if (!garbage || arrived == 0 || !random.chance(1, 4)) return;
  const std::uint64_t end = torn.offset + arrived;
  const std::uint64_t begin = std::max(torn.offset, (end - 1) / kSectorSize * kSectorSize);
  std::string held(end - begin, '\0');
  if (end <= before.size()) before.read(begin, std::as_writable_bytes(std::span(held)));
  if (held == torn.data().substr(begin - torn.offset, end - begin)) return;
  random.fill(std::as_writable_bytes(std::span(held)));
  durable_.write(begin, held);
}

// All but one of the writes, or that one alone. Sizes are as all of them made them.
void SimFileData::settle_single(Random& random, bool survives) {
  const std::uint64_t chosen = random.below(changes_.size());
  std::uint64_t size = durable_.size();
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const FileChange& change = changes_[i];
    if (change.kind != Kind::kData || (i == chosen) == survives) apply_to(durable_, change);
    if (change.kind == Kind::kData) size = std::max(size, change.offset + change.size);
    if (change.kind == Kind::kResize) size = change.offset;
  }
  durable_.resize(size);
}

// Any subset of the sectors covers every order in which a disk could have written them. Sizes and
// holes are a beginning of their own list, independent of the data: a file can have grown without
// its data, or have data without having grown.
void SimFileData::settle_sectors(Random& random, std::uint64_t grain) {
  std::uint64_t size_changes_left = random.below(changes_.size() + 1);
  std::uint64_t size = durable_.size();
  for (const FileChange& change : changes_) {
    const bool size_persists = size_changes_left > 0;
    size_changes_left -= size_persists ? 1 : 0;
    if (change.kind == Kind::kData) {
      apply_torn(durable_, change, grain, [&] { return random.chance(1, 2); });
      if (size_persists) size = std::max(size, change.offset + change.size);
    } else if (size_persists) {
      apply_to(durable_, change);
      if (change.kind == Kind::kResize) size = change.offset;
    }
  }
  durable_.resize(size);
}

void SimFileData::corrupt(std::uint64_t offset, std::byte mask) {
  current_.flip(offset, mask);
  if (offset < durable_.size()) durable_.flip(offset, mask);
}

void SimFileData::replace(std::string bytes) {
  changes_.clear();
  current_ = SimImage(bytes);
  durable_ = current_;
}

SimNodePtr SimNode::find(std::string_view name) const {
  const auto found = names.find(name);
  return found == names.end() ? nullptr : found->second;
}

void SimNode::apply_to(std::map<std::string, SimNodePtr, std::less<>>& names,
                       const NameChange& change) {
  if (change.node == nullptr) {
    names.erase(change.name);
  } else {
    names[change.name] = change.node;
  }
  // The old name may mean another file by now.
  const auto old = names.find(change.renamed);
  if (old != names.end() && old->second == change.node) names.erase(old);
}

void SimNode::change(NameChange change) {
  apply_to(names, change);
  change.order = next_order_++;
  changes_.push_back(std::move(change));
}

void SimNode::sync_names(std::uint64_t mark) {
  const auto later = std::ranges::find_if(
      changes_, [&](const NameChange& change) { return change.order >= mark; });
  std::for_each(changes_.begin(), later,
                [&](const NameChange& change) { apply_to(durable_names_, change); });
  changes_.erase(changes_.begin(), later);
}

void SimNode::settle(Random& random, bool garbage) {
  locked = false;
  if (!is_directory) return data.settle(random, garbage);
  // Journals keep changes in order (a beginning survives); without one, any of them may.
  const bool in_order = random.chance(2, 3);
  const std::uint64_t beginning = random.below(changes_.size() + 1);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (in_order ? i >= beginning : random.chance(1, 2)) continue;
    if (!changes_[i].renamed.empty() && random.chance(1, 8)) changes_[i].renamed.clear();  // both
    apply_to(durable_names_, changes_[i]);
  }
  changes_.clear();
  names = durable_names_;
  for (const auto& [name, node] : names) node->settle(random, garbage);
}

std::uint64_t SimNode::bytes() const {
  if (!is_directory) return data.current().size();
  std::uint64_t sum = 0;
  for (const auto& [name, node] : names) sum += node->bytes();
  return sum;
}

class SimTreeCopy {
 public:
  SimNodePtr copy(const SimNode& node) {
    auto& made = made_[&node];
    if (made != nullptr) return made;
    made = std::make_shared<SimNode>(node.is_directory);
    const SimNodePtr result = made;  // `made` may move when the map grows below
    result->data = node.data;
    for (const auto& [name, child] : node.names) result->names[name] = copy(*child);
    for (const auto& [name, child] : node.durable_names_) {
      result->durable_names_[name] = copy(*child);
    }
    for (const NameChange& change : node.changes_) {
      result->changes_.push_back({change.name,
                                  change.node == nullptr ? nullptr : copy(*change.node),
                                  change.renamed, change.order});
    }
    result->next_order_ = node.next_order_;
    return result;
  }

 private:
  std::unordered_map<const SimNode*, SimNodePtr> made_;
};

SimNodePtr copy_tree(const SimNode& root) { return SimTreeCopy().copy(root); }

}  // namespace nacre::io
