#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "projection/state_internal.h"

namespace nacre {

// --- Batch

Batch::Batch() : state_(std::make_unique<detail::BatchState>()) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

void Batch::put(std::uint32_t table, std::string_view key, std::string_view value) {
  state_->writes.push_back(
      {detail::BatchState::Kind::kPut, TableId{table}, std::string(key), std::string(value)});
}
Result<> Batch::put_stream(std::uint32_t table, std::string_view key, std::uint64_t size,
                           const ValueSource& source) {
  constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;  // bytes
  if (size > txn::kValueSizeMax) {
    return fail(Code::kInvalid,
                format("value has {} bytes, expected at most {}", size, txn::kValueSizeMax));
  }
  std::string value(size, '\0');
  for (std::uint64_t at = 0; at < size; at += kPiece) {
    NACRE_TRY(source(std::span(value).subspan(at, std::min(kPiece, size - at))));
  }
  state_->writes.push_back(
      {detail::BatchState::Kind::kPut, TableId{table}, std::string(key), std::move(value)});
  return {};
}
void Batch::remove(std::uint32_t table, std::string_view key) {
  state_->writes.push_back(
      {detail::BatchState::Kind::kRemove, TableId{table}, std::string(key), {}});
}
void Batch::drop_table(std::uint32_t table) {
  state_->writes.push_back({detail::BatchState::Kind::kDrop, TableId{table}, {}, {}});
}
void Batch::clear() { state_->writes.clear(); }

// --- StoreTransaction

StoreTransaction::StoreTransaction(std::unique_ptr<detail::StoreTransactionState> state)
    : state_(std::move(state)) {}
StoreTransaction::StoreTransaction(StoreTransaction&&) noexcept = default;
StoreTransaction& StoreTransaction::operator=(StoreTransaction&&) noexcept = default;
StoreTransaction::~StoreTransaction() = default;

namespace {

std::unexpected<Error> transaction_over() { return fail(Code::kClosed, "the transaction is over"); }

}  // namespace

Result<std::optional<std::string>> StoreTransaction::get(std::uint32_t table,
                                                         std::string_view key) const {
  if (state_ == nullptr) return transaction_over();
  return state_->transaction.get(TableId{table}, as_bytes(key));
}

Result<StoreCursor> StoreTransaction::cursor(std::uint32_t table) const {
  if (state_ == nullptr) return transaction_over();
  return detail::StoreAccess::cursor(NACRE_TRY(state_->transaction.cursor(TableId{table})));
}

Result<> StoreTransaction::put(std::uint32_t table, std::string_view key, std::string_view value) {
  if (state_ == nullptr) return transaction_over();
  return state_->transaction.put(TableId{table}, as_bytes(key), as_bytes(value));
}

Result<> StoreTransaction::put_stream(std::uint32_t table, std::string_view key, std::uint64_t size,
                                      const ValueSource& source) {
  if (state_ == nullptr) return transaction_over();
  return state_->transaction.put_stream(TableId{table}, as_bytes(key), size,
                                        detail::source_of(source));
}

Result<std::optional<std::uint64_t>> StoreTransaction::read_value(std::uint32_t table,
                                                                  std::string_view key,
                                                                  std::uint64_t offset,
                                                                  const ValueSink& sink) const {
  if (state_ == nullptr) return transaction_over();
  return state_->transaction.read_value(TableId{table}, as_bytes(key), offset,
                                        detail::sink_of(sink));
}

Result<> StoreTransaction::remove(std::uint32_t table, std::string_view key) {
  if (state_ == nullptr) return transaction_over();
  return state_->transaction.remove(TableId{table}, as_bytes(key));
}

Result<> StoreTransaction::drop_table(std::uint32_t table) {
  if (state_ == nullptr) return transaction_over();
  return state_->transaction.drop_table(TableId{table});
}

Result<StorePosition> StoreTransaction::commit() {
  if (state_ == nullptr) return transaction_over();
  const auto state = std::move(state_);
  const Position position = NACRE_TRY(state->transaction.commit());
  return number(position);
}

// --- StoreFollower

StoreFollower::StoreFollower(std::unique_ptr<detail::FollowerState> state)
    : state_(std::move(state)) {}
StoreFollower::StoreFollower(StoreFollower&&) noexcept = default;
StoreFollower& StoreFollower::operator=(StoreFollower&&) noexcept = default;
StoreFollower::~StoreFollower() = default;

StorePosition StoreFollower::position() const { return number(state_->follower.position()); }

Result<const StoreCommit*> StoreFollower::next(std::chrono::microseconds at_most) {
  const txn::CommitEvent* event = NACRE_TRY(state_->follower.next(at_most));
  if (event == nullptr) return nullptr;
  StoreCommit& commit = state_->commit;
  commit.position = number(event->position);
  commit.time = std::chrono::microseconds(number(event->time));
  commit.changes.clear();
  for (const txn::Change& change : event->changes) {
    const auto kind = change.kind == txn::Change::Kind::kPut      ? StoreChange::Kind::kPut
                      : change.kind == txn::Change::Kind::kRemove ? StoreChange::Kind::kRemove
                                                                  : StoreChange::Kind::kDropTable;
    commit.changes.push_back({.kind = kind,
                              .table = number(change.table),
                              .key = as_text(change.key),
                              .value = as_text(change.value),
                              .before = change.before.has_value()
                                            ? std::optional(as_text(*change.before))
                                            : std::nullopt});
  }
  return &commit;
}

}  // namespace nacre
