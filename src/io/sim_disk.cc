#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "io/sim_disk_internal.h"

namespace nacre::io {
namespace {

using Kind = FileChange::Kind;

void write_into(std::string& image, std::uint64_t offset, std::string_view data) {
  if (image.size() < offset + data.size()) image.resize(offset + data.size());
  image.replace(offset, data.size(), data);
}

void zero(std::string& image, std::uint64_t begin, std::uint64_t end) {
  end = std::min<std::uint64_t>(end, image.size());
  if (begin < end)
    std::fill(image.begin() + static_cast<std::ptrdiff_t>(begin),
              image.begin() + static_cast<std::ptrdiff_t>(end), '\0');
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
                  .data = change.data.substr(from - change.offset, until - from)});
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

void SimFileData::apply_to(std::string& image, const FileChange& change) {
  switch (change.kind) {
    case Kind::kData:
      return write_into(image, change.offset, change.data);
    case Kind::kResize:
      return image.resize(change.offset);
    case Kind::kPunch:
      return zero(image, change.offset, change.offset + change.size);
  }
}

void SimFileData::apply(FileChange change) {
  apply_to(current_, change);
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
        durable_.resize(std::max<std::size_t>(durable_.size(), change.offset + change.size));
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

void SimFileData::sync() {
  for (const FileChange& change : changes_) apply_to(durable_, change);
  changes_.clear();
}

void SimFileData::settle(Random& random) {
  switch (changes_.empty() ? 0 : random.below(4)) {
    case 0:
      break;
    case 1:
      for (const FileChange& change : changes_) apply_to(durable_, change);
      break;
    case 2:
      settle_prefix(random);
      break;
    default:
      settle_sectors(random);
      break;
  }
  changes_.clear();
  current_ = durable_;
}

void SimFileData::settle_prefix(Random& random) {
  const std::uint64_t whole = random.below(changes_.size());
  for (std::size_t i = 0; i < whole; ++i) apply_to(durable_, changes_[i]);
  const FileChange& torn = changes_[whole];
  if (torn.kind == Kind::kData) apply_sectors(durable_, torn, random, /*prefix_only=*/true);
}

// Any subset of the sectors covers every order in which a disk could have written them. Sizes and
// holes are a beginning of their own list, independent of the data: a file can have grown without
// its data, or have data without having grown.
void SimFileData::settle_sectors(Random& random) {
  std::uint64_t size_changes_left = random.below(changes_.size() + 1);
  std::uint64_t size = durable_.size();
  for (const FileChange& change : changes_) {
    const bool size_persists = size_changes_left > 0;
    size_changes_left -= size_persists ? 1 : 0;
    if (change.kind == Kind::kData) {
      apply_sectors(durable_, change, random, /*prefix_only=*/false);
      if (size_persists) size = std::max(size, change.offset + change.size);
    } else if (size_persists) {
      apply_to(durable_, change);
      if (change.kind == Kind::kResize) size = change.offset;
    }
  }
  durable_.resize(size);
}

void SimFileData::apply_sectors(std::string& image, const FileChange& change, Random& random,
                                bool prefix_only) {
  const std::uint64_t end = change.offset + change.size;
  const std::uint64_t sectors = (end - 1) / kSectorSize - change.offset / kSectorSize + 1;
  std::uint64_t prefix = prefix_only ? random.below(sectors + 1) : sectors;
  for (std::uint64_t at = change.offset; at < end && prefix > 0; --prefix) {
    const std::uint64_t until = std::min(end, (at / kSectorSize + 1) * kSectorSize);
    if (prefix_only || random.chance(1, 2)) {
      write_into(image, at, std::string_view(change.data).substr(at - change.offset, until - at));
    }
    at = until;
  }
}

void SimFileData::corrupt(std::uint64_t offset, std::byte mask) {
  NACRE_CHECK(offset < current_.size(), "damage lies inside the file");
  const auto flip = [&](char& byte) {
    byte = static_cast<char>(static_cast<std::byte>(byte) ^ mask);
  };
  flip(current_[offset]);
  if (offset < durable_.size()) flip(durable_[offset]);
}

void SimFileData::replace(std::string bytes) {
  changes_.clear();
  current_ = bytes;
  durable_ = std::move(bytes);
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
  changes_.push_back(std::move(change));
}

void SimNode::sync_names() {
  for (const NameChange& change : changes_) apply_to(durable_names_, change);
  changes_.clear();
}

void SimNode::settle(Random& random) {
  if (!is_directory) return data.settle(random);
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
  locked = false;
  for (const auto& [name, node] : names) node->settle(random);
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
      result->changes_.push_back(
          {change.name, change.node == nullptr ? nullptr : copy(*change.node), change.renamed});
    }
    return result;
  }

 private:
  std::unordered_map<const SimNode*, SimNodePtr> made_;
};

SimNodePtr copy_tree(const SimNode& root) { return SimTreeCopy().copy(root); }

}  // namespace nacre::io
