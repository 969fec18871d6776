#include "txn/follower.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/scheduler.h"
#include "base/text.h"
#include "store/batch.h"
#include "txn/follower_internal.h"

namespace nacre::txn {
namespace {

// Read from the log at once, and copied: the log is not kept from being trimmed meanwhile.
constexpr std::uint64_t kReadBytes = std::uint64_t{256} << 10;
// A follower looks for itself this often: what makes async commits durable tells nobody.
constexpr std::chrono::microseconds kLook = std::chrono::milliseconds(50);

Change::Kind kind_of(store::OpKind kind) {
  switch (kind) {
    case store::OpKind::kPut:
      return Change::Kind::kPut;
    case store::OpKind::kRemove:
      return Change::Kind::kRemove;
    case store::OpKind::kDropTable:
      return Change::Kind::kDropTable;
  }
  NACRE_CHECK(false, "a batch reader gives known kinds only");
}

}  // namespace

Follower::Rep::Rep(std::shared_ptr<void> owner, store::Store& store, Pipeline& pipeline,
                   Position after, BeforeImages before)
    : owner_(std::move(owner)), store_(store), pipeline_(pipeline), last_(after), before_(before) {
  pipeline_.feed().join();
}

Follower::Rep::~Rep() { pipeline_.feed().leave(); }

Position Follower::Rep::newest() const {
  return std::min(store_.log().durable_position(), store_.visible_position());
}

Result<> Follower::Rep::check_kept() const {
  NACRE_TRY(store_.log().read_from(nacre::next(last_)));
  return {};
}

Result<> Follower::Rep::read_log(Position newest) {
  const auto reader = NACRE_TRY(store_.log().read_from(nacre::next(last_)));
  std::uint64_t bytes = 0;
  Position read = last_;
  while (read < newest && bytes < kReadBytes) {
    const std::optional<log::Commit> commit = NACRE_TRY(reader->next());
    if (!commit.has_value()) break;
    waiting_.push_back(std::make_shared<const RecentCommit>(
        RecentCommit{commit->position, commit->time, to_string(commit->ops)}));
    bytes += commit->ops.size();
    read = commit->position;
  }
  return {};
}

Result<> Follower::Rep::fetch(Position newest) {
  given_ = 0;
  waiting_ = pipeline_.feed().take(nacre::next(last_), newest);
  if (!waiting_.empty()) return {};
  auto read = read_log(newest);
  if (!read.has_value()) waiting_.clear();
  return read;
}

Result<const CommitEvent*> Follower::Rep::give() {
  const RecentCommit& commit = *waiting_[given_];
  event_.position = commit.position;
  event_.time = commit.time;
  event_.changes.clear();
  store::BatchReader reader(as_bytes(commit.ops));
  while (true) {
    const auto op = reader.next();
    if (!op.has_value()) {
      return std::unexpected(
          op.error().clone().while_doing(format("following commit {}", number(commit.position))));
    }
    if (!op->has_value()) break;
    event_.changes.push_back({.kind = kind_of((*op)->kind),
                              .table = (*op)->table,
                              .key = (*op)->key,
                              .value = (*op)->value,
                              .before = std::nullopt});
  }
  if (before_ != BeforeImages::kNone) NACRE_TRY(read_before());
  ++given_;
  last_ = commit.position;
  return &event_;
}

Result<> Follower::Rep::read_before() {
  const Position before{number(event_.position) - (NACRE_PLANTED(before_image_from_after) ? 0 : 1)};
  before_values_.clear();
  for (Change& change : event_.changes) {
    if (change.kind == Change::Kind::kDropTable) continue;
    auto value = store_.get_past(before, change.table, change.key);
    if (!value.has_value()) {
      return std::unexpected(std::move(value).error().while_doing(
          format("reading what commit {} replaced", number(event_.position))));
    }
    if (!value->has_value()) continue;
    change.before = as_bytes(before_values_.emplace_back(**std::move(value)));
  }
  return {};
}

Result<const CommitEvent*> Follower::Rep::next(std::chrono::microseconds at_most) {
  const auto until = steady_now() + at_most;
  while (true) {
    if (pipeline_.is_closed()) return fail(Code::kClosed, "the database is closed");
    if (given_ < waiting_.size()) return give();
    const std::uint64_t wakes = pipeline_.feed().wakes();
    const Position newest = this->newest();
    if (last_ < newest) {
      NACRE_TRY(fetch(newest));
      if (!waiting_.empty()) continue;
    }
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(until - steady_now());
    if (left.count() <= 0) return nullptr;
    pipeline_.feed().wait(wakes, std::min(left, kLook));
  }
}

Follower::Follower(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Follower::Follower(Follower&&) noexcept = default;
Follower& Follower::operator=(Follower&&) noexcept = default;
Follower::~Follower() = default;

Result<const CommitEvent*> Follower::next(std::chrono::microseconds at_most) {
  return rep_->next(at_most);
}

Position Follower::position() const { return rep_->position(); }

}  // namespace nacre::txn
