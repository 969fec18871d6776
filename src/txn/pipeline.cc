#include "txn/pipeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/scheduler.h"
#include "base/spinning_lock.h"
#include "base/text.h"

namespace nacre::txn {
namespace {

// docs/locks.md
constexpr int kCheckpointRank = 10;
constexpr int kSequencerRank = 20;
constexpr int kQueueRank = 30;
constexpr int kBackgroundRank = 40;

// A commit on its own takes a block of the log, however small it is.
constexpr std::uint64_t kLogBlock = 4096;
constexpr int kRoomAttempts = 100;

// Whether a batch frees space once it is applied.
bool only_removes(Bytes ops) {
  store::BatchReader reader(ops);
  while (true) {
    const auto op = reader.next();
    if (!op.has_value()) return false;
    if (!op->has_value()) return true;
    if ((*op)->kind == store::OpKind::kPut) return false;
  }
}

}  // namespace

Pipeline::Pipeline(store::Store& store, const Options& options)
    : store_(store),
      options_(options),
      flush_bytes_wait_(flush_bytes_wait(options)),
      clock_(options.clock != nullptr ? *options.clock : io::system_clock()),
      checkpoint_mutex_("txn::Pipeline::checkpoint", kCheckpointRank),
      log_bytes_at_checkpoint_(store.log().bytes()),
      sequencer_("txn::Pipeline::sequencer", kSequencerRank),
      last_time_(std::max(store.log().last_time(), store.snapshot().time())),
      queue_mutex_("txn::Pipeline::queue", kQueueRank),
      visible_(store.visible_position()),
      visible_now_(number(visible_)),
      background_mutex_("txn::Pipeline::background", kBackgroundRank) {
  store_.log().set_listener(this);
  if (options_.background_thread && !options_.read_only) start_background();
}

Pipeline::~Pipeline() {
  stop_background();
  store_.log().set_listener(nullptr);
}

// --- sequence, write, apply, answer

Result<> Pipeline::check_may_write() const {
  if (!options_.read_only || NACRE_PLANTED(read_only_not_refused)) return {};
  return fail(Code::kInvalid, "the database was opened to be read only");
}

Result<Pipeline::Outcome> Pipeline::submit(Request& request) {
  NACRE_TRY(check_may_write());
  NACRE_TRY(store_.check_writable());
  const std::uint64_t bytes = request.ops.size();
  if (bytes > store::kBatchSizeMax) {
    return fail(Code::kFull, format("transaction has {} bytes of writes, expected at most {}",
                                    bytes, store::kBatchSizeMax));
  }
  if (store_.is_disk_full()) [[unlikely]]
    NACRE_TRY(admit(as_bytes(request.ops)));
  bool has_role = false;
  auto sequenced = sequence(request, has_role);
  for (int attempt = 0; attempt < kRoomAttempts; ++attempt) {
    if (sequenced.has_value() || sequenced.error().code() != Code::kFull) break;
    // The log's buffer has no room before it is written; others may take it before we do.
    NACRE_TRY(make_room(request));
    sequenced = sequence(request, has_role);
  }
  const Outcome outcome = NACRE_TRY(std::move(sequenced));
  if (outcome.conflict.has_value()) return outcome;
  if (has_role) {
    const Position last = taken_.back().position;
    auto applied = apply_taken();
    const SpinningLock lock(queue_mutex_);
    leave_role(last, std::move(applied));
    // What came meanwhile is applied here at once: it would take whoever waits for it longer.
    if (!role_taken_ && role_requests_ == 0 && take_applicable()) apply_in_role();
  }
  if (NACRE_PLANTED(commit_visible_before_durable)) NACRE_TRY(make_visible(outcome.position));
  if (request.durability != Durability::kSync) NACRE_TRY(make_visible(outcome.position));
  return outcome;
}

Result<> Pipeline::finish(Position position, std::uint64_t bytes, Durability durability) {
  const bool is_durable = durability == Durability::kSync;
  if (is_durable && !NACRE_PLANTED(commit_acknowledged_too_early)) {
    NACRE_TRY(wait_durable(position));
    if (options_.background_thread) request_flush(FlushDue::kMark);
  }
  NACRE_TRY(make_visible(position));
  if (!is_durable) NACRE_TRY(flush_later(durability, bytes));
  keep_up(is_durable ? std::max(bytes, kLogBlock) : bytes);
  return {};
}

Result<> Pipeline::wait_durable(Position position) {
  auto durable = store_.log().wait_announced(position);
  if (!durable.has_value()) {
    stop_waiters(durable.error());
    return std::unexpected(std::move(durable).error().while_doing(
        format("committing position {}; whether it is durable is not known", number(position))));
  }
  bytes_not_flushed_.store(0, std::memory_order_relaxed);
  return {};
}

Result<> Pipeline::make_room(Request& request) {
  NACRE_TRY(flush());
  auto made = store_.log().make_room(request.ops.size());
  const bool may_try = !made.has_value() && made.error().code() == Code::kFull &&
                       request.room == log::Room::kOrdinary && only_removes(as_bytes(request.ops));
  if (!may_try) return made;
  request.room = log::Room::kAll;
  return {};
}

Result<Pipeline::Outcome> Pipeline::sequence(Request& request, bool& has_role) {
  const Time now = clock_.now();
  if (request.reads != nullptr) {
    if (auto conflict = check_ranges(request)) return Outcome{.conflict = conflict};
  }
  const SpinningLock lock(sequencer_);
  if (sequencing_ended_) return fail(Code::kClosed, "the database is closed");
  const Position coming = next(store_.log().last_position());
  if (request.expected.has_value() && *request.expected != coming) {
    return fail(Code::kInvalid, format("the batch is for position {}, the next one is {}",
                                       number(*request.expected), number(coming)));
  }
  Outcome outcome;
  if (next(request.snapshot) < coming) {  // else nobody has committed since
    outcome.conflict = conflicts_.find(request.footprint, request.snapshot,
                                       request.keys_unchanged_until);  // ISO-2
  }
  if (!outcome.conflict.has_value() && request.reads != nullptr) {
    outcome.conflict = check_ranges_again(request);
  }
  if (outcome.conflict.has_value()) return outcome;
  const Time time = std::max(now, Time{number(last_time_) + 1});  // TXN-3
  outcome.position = NACRE_TRY(store_.log().append(time, as_bytes(request.ops), request.room));
  note_event("txn.sequenced", number(outcome.position));
  last_time_ = time;
  conflicts_.note(request.footprint, outcome.position);
  if (recent_.is_on()) recent_.note(outcome.position, as_bytes(request.ops));
  // Queued under the sequencer's lock: the queue has the order of the log (TXN-2).
  const SpinningLock queue_lock(queue_mutex_);
  queue_.push_back({.position = outcome.position,
                    .time = time,
                    .ops = std::move(request.ops),
                    .op_count = request.op_count,
                    .after_durable = request.durability == Durability::kSync &&
                                     !NACRE_PLANTED(commit_acknowledged_too_early) &&
                                     !NACRE_PLANTED(commit_visible_before_durable)});
  // Nobody to wait for, mostly: that saves coming back for the lock.
  if (!queue_.back().after_durable && !role_taken_ && role_requests_ == 0) {
    has_role = take_applicable();
    role_taken_ = has_role;
  }
  return outcome;
}

std::optional<Conflict> Pipeline::check_ranges(Request& request) {
  if (request.reads->ranges().empty() || NACRE_PLANTED(ranges_not_checked)) return std::nullopt;
  const Position after = std::max(request.snapshot, request.ranges_unchanged_until);
  const auto commits = [&] {
    MutexLock lock(sequencer_);
    return recent_.since(after);
  }();
  if (!commits.has_value()) return commits.error();
  if (commits->empty()) return std::nullopt;
  if (auto conflict = RecentWrites::find(*commits, *request.reads)) return conflict;
  request.ranges_unchanged_until = commits->back()->position();
  return std::nullopt;
}

std::optional<Conflict> Pipeline::check_ranges_again(const Request& request) const {
  if (request.reads->ranges().empty() || NACRE_PLANTED(ranges_not_checked)) return std::nullopt;
  const auto commits = recent_.since(std::max(request.snapshot, request.ranges_unchanged_until));
  if (!commits.has_value()) return commits.error();
  return RecentWrites::find(*commits, *request.reads);
}

Conflicts::Doubts Pipeline::doubts(const Footprint& footprint, Position snapshot) {
  MutexLock lock(sequencer_);
  return conflicts_.doubts(footprint, snapshot);
}

void Pipeline::enter_serializable() {
  MutexLock lock(sequencer_);
  recent_.enter(store_.log().last_position());
}

void Pipeline::leave_serializable() {
  MutexLock lock(sequencer_);
  recent_.leave();
}

bool Pipeline::take_applicable() {
  NACRE_DCHECK(taken_.empty(), "the role starts with nothing taken");
  if (queue_.empty() || apply_failed_) return false;
  const Position durable = store_.log().durable_position();
  const auto end = std::ranges::find_if(queue_, [&](const Pending& pending) {
    return pending.after_durable && pending.position > durable;
  });
  if (end == queue_.begin()) return false;
  if (end == queue_.end()) {
    taken_.swap(queue_);
    return true;
  }
  std::move(queue_.begin(), end, std::back_inserter(taken_));
  queue_.erase(queue_.begin(), end);
  return true;
}

Result<> Pipeline::apply_taken() {
  auto applied = [&]() -> Result<> {
    for (const Pending& commit : taken_) {
      NACRE_TRY(store_.apply(commit.position, commit.time, as_bytes(commit.ops), commit.op_count));
    }
    return {};
  }();
  if (applied.has_value()) {
    store_.settle();
    if (feed_.is_followed()) feed_taken();
  }
  taken_.clear();
  return applied;
}

void Pipeline::feed_taken() {
  RecentCommits recent;
  recent.reserve(taken_.size());
  for (Pending& commit : taken_) {
    recent.push_back(std::make_shared<const RecentCommit>(
        RecentCommit{commit.position, commit.time, std::move(commit.ops)}));
  }
  feed_.add(std::move(recent));
}

void Pipeline::apply_in_role() {
  role_taken_ = true;
  const Position last = taken_.back().position;
  queue_mutex_.unlock();
  auto applied = apply_taken();
  queue_mutex_.lock();
  leave_role(last, std::move(applied));
}

void Pipeline::leave_role(Position last, Result<> applied) {
  role_taken_ = false;
  if (applied.has_value()) {
    visible_ = last;
    visible_now_.store(number(last), std::memory_order_release);
  } else {
    apply_failed_ = true;
    if (stopped_ == nullptr) stopped_ = std::make_unique<Error>(std::move(applied).error());
  }
  if (waiters_ > 0 || role_requests_ > 0) queue_changed_.notify_all();
}

void Pipeline::durable_advanced() {
  const MutexLock lock(queue_mutex_);
  // When somebody else has the role, those who wait see to it themselves.
  while (!role_taken_ && role_requests_ == 0 && take_applicable()) apply_in_role();
}

// Whether `position` gets visible within a microsecond or so, in which a small batch is applied.
bool Pipeline::is_soon_visible(Position position) const {
  constexpr int kTurns = 64;
  for (int turn = 0; turn < kTurns; ++turn) {
    if (visible_now_.load(std::memory_order_acquire) >= number(position)) return true;
    spin_pause();
  }
  return false;
}

Result<> Pipeline::make_visible(Position position) {
  if (visible_now_.load(std::memory_order_acquire) >= number(position)) return {};
  // Of looks before sleep, which takes longer than most batches do.
  constexpr int kLooks = 8;
  int looks_left = Scheduler::current() == nullptr ? kLooks : 0;
  MutexLock lock(queue_mutex_);
  while (visible_ < position) {
    const bool is_role_free = !role_taken_ && role_requests_ == 0;
    if (is_role_free && take_applicable()) {
      apply_in_role();
    } else if (is_role_free && stopped_ != nullptr) {
      return fail(Code::kClosed,
                  format("commit {} is not visible and may or may not be durable; reopen: {}",
                         number(position), stopped_->text()));
    } else if (role_taken_ && looks_left > 0) {
      --looks_left;
      lock.unlock();
      if (is_soon_visible(position)) return {};
      lock.lock();
    } else {
      // Somebody is applying, or is writing a commit before ours and will apply both.
      ++waiters_;
      queue_changed_.wait(queue_mutex_);
      --waiters_;
    }
  }
  return {};
}

void Pipeline::stop_waiters(const Error& cause) {
  MutexLock lock(queue_mutex_);
  if (stopped_ == nullptr) stopped_ = std::make_unique<Error>(cause.clone());
  queue_changed_.notify_all();
}

void Pipeline::take_role() {
  MutexLock lock(queue_mutex_);
  ++role_requests_;
  while (role_taken_) queue_changed_.wait(queue_mutex_);
  --role_requests_;
  role_taken_ = true;
}

void Pipeline::give_role() {
  MutexLock lock(queue_mutex_);
  role_taken_ = false;
  queue_changed_.notify_all();
}

Result<> Pipeline::sync() {
  if (is_closed()) return fail(Code::kClosed, "the database is closed");
  return flush();
}

Result<> Pipeline::flush() {
  const Position last = store_.log().last_position();
  auto durable = store_.log().wait_durable(last);
  if (!durable.has_value()) {
    stop_waiters(durable.error());
    return durable;
  }
  bytes_not_flushed_.store(0, std::memory_order_relaxed);
  NACRE_TRY(make_visible(last));
  if (feed_.is_followed()) feed_.wake();
  return {};
}

// --- checkpoints

Result<store::Store::Cut> Pipeline::write_checkpoint(bool clean, const page::Pace& pace) {
  store_.raise_horizon();
  take_role();
  auto cut = store_.cut(clean);
  give_role();
  if (!cut.has_value()) return cut;
  NACRE_TRY(store_.write_checkpoint(*cut, pace));
  checkpoint_count_.fetch_add(1, std::memory_order_relaxed);
  log_bytes_at_checkpoint_.store(store_.log().bytes(), std::memory_order_relaxed);
  return cut;
}

Result<> Pipeline::checkpoint() {
  MutexLock lock(checkpoint_mutex_);
  if (is_closed()) return fail(Code::kClosed, "the database is closed");
  NACRE_TRY(check_may_write());
  NACRE_TRY(write_checkpoint(/*clean=*/false));
  return {};
}

Result<store::VerifyReport> Pipeline::verify() {
  MutexLock lock(checkpoint_mutex_);
  if (is_closed()) return fail(Code::kClosed, "the database is closed");
  {
    // Taken first: a commit or a step of compaction may come in between, with what the checkpoint
    // does not have.
    const store::Snapshot snapshot = store_.snapshot();
    if (store_.is_cleanly_checkpointed() && snapshot.position() == store_.stats().checkpoint) {
      return store_.verify(snapshot, true);
    }
  }
  auto cut = write_checkpoint(/*clean=*/false);
  if (cut.has_value()) return store_.verify(cut->snapshot, true);
  // Writing has stopped; what can be read can still be checked.
  auto report = NACRE_TRY(store_.verify(store_.snapshot(), false));
  if (cut.error().code() == Code::kFull) return report;
  report.problems.push_back(cut.error().text());
  return report;
}

Result<> Pipeline::close(bool with_checkpoint) {
  if (closed_.exchange(true, std::memory_order_acq_rel)) {
    return fail(Code::kClosed, "the database is closed");
  }
  {
    MutexLock lock(sequencer_);
    sequencing_ended_ = true;
  }
  auto result = flush();
  stop_background();
  MutexLock lock(checkpoint_mutex_);
  const bool writes = with_checkpoint && !options_.read_only;
  if (result.has_value() && writes && !store_.is_cleanly_checkpointed()) {
    auto cut = write_checkpoint(/*clean=*/true);
    if (!cut.has_value()) result = std::unexpected(std::move(cut).error());
  }
  feed_.wake();
  auto closed = store_.close();
  return result.has_value() ? std::move(closed) : std::move(result);
}

// --- the past

Result<> Pipeline::set_horizon(Position position) {
  MutexLock lock(checkpoint_mutex_);
  if (is_closed()) return fail(Code::kClosed, "the database is closed");
  NACRE_TRY(check_may_write());
  NACRE_TRY(store_.set_horizon(position));
  store_.raise_horizon();
  if (store_.is_horizon_durable() || NACRE_PLANTED(horizon_raised_in_memory_only)) return {};
  // Who was told that something is forgotten must not find it again after a crash: HIST-6.
  NACRE_TRY(write_checkpoint(/*clean=*/false));
  return {};
}

Result<bool> Pipeline::vacuum_some(int steps) {
  for (int step = 0; step < steps; ++step) {
    take_role();
    auto more = store_.vacuum_step();
    give_role();
    if (!more.has_value() || !*more) return more;
    // Who waits for the role gets it before the next step does.
    MutexLock lock(queue_mutex_);
    if (waiters_ > 0) queue_changed_.wait_for(queue_mutex_, std::chrono::milliseconds(1));
  }
  return true;
}

Result<> Pipeline::vacuum(const std::function<bool(const VacuumProgress&)>& progress) {
  constexpr int kStepsAtOnce = 16;
  NACRE_TRY(check_may_write());
  {
    MutexLock lock(checkpoint_mutex_);
    store_.raise_horizon();
  }
  for (bool more = true; more;) {
    {
      MutexLock lock(checkpoint_mutex_);
      if (is_closed()) return fail(Code::kClosed, "the database is closed");
      more = NACRE_TRY(vacuum_some(kStepsAtOnce));
      if (pressure() >= kPressureDue) NACRE_TRY(write_checkpoint(/*clean=*/false));
    }
    if (!progress) continue;
    const store::StoreStats seen = store_.stats();
    if (!progress({.horizon = seen.horizon,
                   .history_bytes = seen.history_bytes,
                   .history_rows = seen.history_rows})) {
      return {};
    }
  }
  return {};
}

// A commit that is in the log must be applied, and for that pages in memory must be had. So on a
// full disk nothing with new rows enters the log before a checkpoint has found space again;
// removals do, as long as enough of the memory can be given up.
Result<> Pipeline::admit(Bytes ops) {
  MutexLock lock(checkpoint_mutex_);
  if (!store_.is_disk_full()) return {};
  auto written = write_checkpoint(/*clean=*/false);
  if (written.has_value()) return {};
  if (written.error().code() != Code::kFull) return std::unexpected(std::move(written).error());
  store::BatchReader reader(ops);
  bool removes_only = true;
  for (auto op = NACRE_TRY(reader.next()); op.has_value() && removes_only;) {
    removes_only = op->kind != store::OpKind::kPut;
    op = NACRE_TRY(reader.next());
  }
  if (removes_only && !store_.is_dirty_beyond(kDirtyPercentFull)) return {};
  return std::unexpected(std::move(written).error().while_doing("committing on a full disk"));
}

}  // namespace nacre::txn
