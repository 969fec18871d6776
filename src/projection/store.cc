#include <algorithm>

#include "base/bytes.h"
#include "io/memory_file_system.h"
#include "io/posix_file_system.h"
#include "projection/state_internal.h"

namespace nacre {

using detail::BatchState;
using detail::StoreAccess;

Store::Store(std::unique_ptr<detail::StoreState> state) : state_(std::move(state)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(std::string_view path, StoreOptions options) {
  if (options.read_only && options.in_memory) {
    return fail(Code::kInvalid, "a store in memory begins empty; to be read only it is of no use");
  }
  auto state = std::make_unique<detail::StoreState>();
  state->files = options.in_memory ? io::make_memory_file_system() : io::make_posix_file_system();
  const txn::Options opening{
      .file_system = state->files.get(),
      .create_if_missing = options.create_if_missing || options.in_memory,
      .read_only = options.read_only,
      .cache_bytes = options.cache_bytes,
      .history_age_us =
          static_cast<std::uint64_t>(std::max<std::int64_t>(options.history_age.count(), 0)),
      .history_bytes = options.history_bytes,
  };
  state->database = NACRE_TRY(txn::Database::open(path, opening));
  return StoreAccess::store(std::move(state));
}

Result<> Store::apply(StorePosition position, const Batch& batch) {
  txn::Transaction transaction = state_->database->begin();
  for (const BatchState::Write& write : StoreAccess::writes(batch)) {
    switch (write.kind) {
      case BatchState::Kind::kPut:
        NACRE_TRY(transaction.put(write.table, as_bytes(write.key), as_bytes(write.value)));
        break;
      case BatchState::Kind::kRemove:
        NACRE_TRY(transaction.remove(write.table, as_bytes(write.key)));
        break;
      case BatchState::Kind::kDrop:
        NACRE_TRY(transaction.drop_table(write.table));
        break;
    }
  }
  return transaction.commit_as(Position{position}, txn::Durability::kAsync);
}

StorePosition Store::applied_position() const { return number(state_->database->stats().position); }
Result<> Store::sync() { return state_->database->sync(); }

Result<std::optional<std::string>> Store::get(std::uint32_t table, std::string_view key) const {
  return state_->database->snapshot().get(TableId{table}, as_bytes(key));
}

Result<std::optional<std::string>> Store::get_at(std::uint32_t table, std::string_view key,
                                                 StorePosition at) const {
  const StoreSnapshot snapshot = NACRE_TRY(snapshot_at(at));
  return snapshot.get(table, key);
}

Result<std::vector<StoreRow>> Store::scan(std::uint32_t table, KeyRange range, std::size_t limit,
                                          Direction direction) const {
  return snapshot().scan(table, range, limit, direction);
}

Result<std::vector<StoreRow>> Store::scan_at(std::uint32_t table, KeyRange range, std::size_t limit,
                                             StorePosition at, Direction direction) const {
  const StoreSnapshot snapshot = NACRE_TRY(snapshot_at(at));
  return snapshot.scan(table, range, limit, direction);
}

StoreSnapshot Store::snapshot() const {
  return StoreAccess::snapshot(state_->database->snapshot());
}

Result<StoreSnapshot> Store::snapshot_at(StorePosition position) const {
  return StoreAccess::snapshot(NACRE_TRY(state_->database->snapshot_at(Position{position})));
}

Result<StoreSnapshot> Store::snapshot_at_time(std::chrono::microseconds time) const {
  if (time.count() < 0) return fail(Code::kInvalid, "time lies before 1970");
  return StoreAccess::snapshot(NACRE_TRY(
      state_->database->snapshot_at_time(Time{static_cast<std::uint64_t>(time.count())})));
}

StorePosition Store::horizon() const { return number(state_->database->horizon()); }

Result<> Store::set_horizon(StorePosition position) {
  return state_->database->set_horizon(Position{position});
}

Result<> Store::vacuum() { return state_->database->vacuum(); }

Result<> Store::compact() {
  NACRE_TRY(state_->database->compact({}));
  return {};
}

StoreTransaction Store::begin(StoreIsolation isolation) {
  return StoreAccess::transaction(state_->database->begin(isolation == StoreIsolation::kSerializable
                                                              ? txn::Isolation::kSerializable
                                                              : txn::Isolation::kSnapshot));
}

Result<StoreFollower> Store::follow(StorePosition after, const FollowOptions& options) const {
  const auto before =
      options.before_images ? txn::BeforeImages::kRequired : txn::BeforeImages::kNone;
  return StoreAccess::follower(NACRE_TRY(state_->database->follow(Position{after}, before)));
}

Result<StoreReport> Store::verify() {
  txn::VerifyReport seen = NACRE_TRY(state_->database->verify());
  return StoreReport{.position = number(seen.position),
                     .pages_checked = seen.pages_checked,
                     .rows_checked = seen.rows_checked,
                     .problems = std::move(seen.problems)};
}

Result<> Store::checkpoint() { return state_->database->checkpoint(); }
Result<> Store::close() { return state_->database->close(); }

}  // namespace nacre
