#include "txn/recent_writes.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/batch.h"

namespace nacre::txn {

RecentWrites::Commit::Commit(Position position, Bytes batch) : position_(position) {
  store::BatchReader reader(batch);
  while (true) {
    const auto op = reader.next();
    NACRE_CHECK(op.has_value(), "a batch that was encoded here can be read");
    if (!op->has_value()) return;
    // A drop conflicts by its table, which the last-writer table knows.
    if ((*op)->kind == store::OpKind::kDropTable) continue;
    places_.push_back({.table = (*op)->table,
                       .begin = static_cast<std::uint32_t>(keys_.size()),
                       .size = static_cast<std::uint32_t>((*op)->key.size())});
    keys_.append(as_text((*op)->key));
  }
}

bool RecentWrites::Commit::writes_in(const ReadSet::Range& range) const {
  const Bytes low = as_bytes(range.low);
  const auto first = std::ranges::partition_point(places_, [&](const Place& place) {
    return place.table != range.table ? place.table < range.table : compare(key(place), low) < 0;
  });
  if (first == places_.end() || first->table != range.table) return false;
  return !range.high.has_value() || compare(key(*first), as_bytes(*range.high)) < 0;
}

void RecentWrites::enter(Position last) {
  ++users_;
  idle_commits_ = 0;
  if (is_on_) return;
  is_on_ = true;
  complete_after_ = last;
}

void RecentWrites::note(Position position, Bytes batch) {
  if (users_ == 0 && ++idle_commits_ > kIdleCommitsMax) {
    is_on_ = false;
    commits_.clear();
    bytes_ = 0;
    return;
  }
  commits_.push_back(std::make_shared<const Commit>(position, batch));
  bytes_ += commits_.back()->bytes();
  while (commits_.size() > kCommitsMax || bytes_ > kBytesMax) {
    bytes_ -= commits_.front()->bytes();
    complete_after_ = commits_.front()->position();
    commits_.pop_front();
  }
}

std::expected<RecentWrites::Commits, Conflict> RecentWrites::since(Position after) const {
  NACRE_DCHECK(is_on_, "ranges are asked for by users only");
  if (after < complete_after_) {
    return std::unexpected(
        Conflict{.kind = Conflict::Kind::kForgotten, .index = 0, .position = complete_after_});
  }
  const auto first = std::ranges::partition_point(
      commits_, [&](const auto& commit) { return commit->position() <= after; });
  return Commits(first, commits_.end());
}

std::optional<Conflict> RecentWrites::find(const Commits& commits, const ReadSet& reads) {
  for (const auto& commit : commits) {
    for (std::size_t i = 0; i < reads.ranges().size(); ++i) {
      if (!commit->writes_in(reads.ranges()[i])) continue;
      return Conflict{.kind = Conflict::Kind::kRange, .index = i, .position = commit->position()};
    }
  }
  return std::nullopt;
}

}  // namespace nacre::txn
