// Stand-in kept in memory only, until the engine's rooms below are joined here.
#include "txn/database.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace nacre::txn {
namespace {

using RowKey = std::pair<TableId, std::string>;
using Overlay = std::map<RowKey, std::optional<std::string>>;

struct Version {
  Position position;
  std::optional<std::string> value;
};

struct State {
  std::mutex mutex;
  std::map<RowKey, std::vector<Version>> rows;
  Position position = kNoPosition;
  Time time{0};
  bool closed = false;

  [[nodiscard]] const std::string* at(const std::vector<Version>& versions, Position p) const {
    for (auto v = versions.rbegin(); v != versions.rend(); ++v) {
      if (v->position <= p) return v->value ? &*v->value : nullptr;
    }
    return nullptr;
  }
};

std::map<std::string, std::shared_ptr<State>>& states() {
  static std::map<std::string, std::shared_ptr<State>> all;
  return all;
}
std::mutex& states_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

class Snapshot::Rep {
 public:
  std::shared_ptr<State> state;
  Position position;
  Time time;
};

class Transaction::Rep {
 public:
  explicit Rep(Snapshot s) : snapshot(std::move(s)) {}
  Snapshot snapshot;
  Overlay writes;
  std::vector<RowKey> required;
  std::vector<TableId> dropped;
};

class Database::Rep {
 public:
  std::shared_ptr<State> state;
};

namespace {

class MemoryCursor final : public Cursor {
 public:
  MemoryCursor(std::shared_ptr<State> state, Position at, TableId table, Overlay overlay)
      : state_(std::move(state)), at_(at), table_(table), overlay_(std::move(overlay)) {}

  Result<bool> seek(Bytes key) override { return forward(to_string(key)); }
  Result<bool> seek_before(Bytes key) override { return backward(to_string(key), true); }
  Result<bool> seek_first() override { return forward({}); }
  Result<bool> seek_last() override { return backward({}, false); }
  Result<bool> next() override { return forward(key_ + '\0'); }
  Result<bool> prev() override { return backward(key_, true); }
  [[nodiscard]] Bytes key() const override { return as_bytes(key_); }
  [[nodiscard]] Bytes value() const override { return as_bytes(value_); }

 private:
  // The row at exactly `key`, own writes first.
  bool take(const RowKey& key, const std::vector<Version>* versions) {
    const auto own = overlay_.find(key);
    const std::string* found = nullptr;
    if (own != overlay_.end()) {
      found = own->second ? &*own->second : nullptr;
    } else if (versions != nullptr) {
      found = state_->at(*versions, at_);
    }
    if (found == nullptr) return false;
    key_ = key.second;
    value_ = *found;
    return true;
  }

  bool forward(std::string from) {
    const std::scoped_lock lock(state_->mutex);
    auto row = state_->rows.lower_bound({table_, from});
    auto own = overlay_.lower_bound({table_, from});
    while (true) {
      const bool has_row = row != state_->rows.end() && row->first.first == table_;
      const bool has_own = own != overlay_.end() && own->first.first == table_;
      if (!has_row && !has_own) return false;
      if (has_row && (!has_own || row->first <= own->first)) {
        if (has_own && own->first == row->first) ++own;
        if (take(row->first, &row->second)) return true;
        ++row;
      } else {
        if (take(own->first, nullptr)) return true;
        ++own;
      }
    }
  }

  bool backward(const std::string& below, bool bounded) {
    const std::scoped_lock lock(state_->mutex);
    const RowKey limit = bounded ? RowKey{table_, below} : RowKey{TableId{number(table_) + 1}, {}};
    std::optional<RowKey> bound = limit;
    while (true) {
      auto row = state_->rows.lower_bound(*bound);
      auto own = overlay_.lower_bound(*bound);
      const bool has_row = row != state_->rows.begin() && std::prev(row)->first.first == table_;
      const bool has_own = own != overlay_.begin() && std::prev(own)->first.first == table_;
      if (!has_row && !has_own) return false;
      if (has_row && (!has_own || std::prev(row)->first >= std::prev(own)->first)) {
        --row;
        if (take(row->first, &row->second)) return true;
        bound = row->first;
      } else {
        --own;
        if (take(own->first, nullptr)) return true;
        bound = own->first;
      }
    }
  }

  std::shared_ptr<State> state_;
  Position at_;
  TableId table_;
  Overlay overlay_;
  std::string key_;
  std::string value_;
};

Result<> check_key(Bytes key) {
  if (key.empty() || key.size() > kKeySizeMax) {
    return fail(Code::kInvalid,
                format("key has {} bytes, expected 1 to {}", key.size(), kKeySizeMax));
  }
  return {};
}

}  // namespace

Position Snapshot::position() const { return rep_->position; }
Time Snapshot::time() const { return rep_->time; }

Result<std::optional<std::string>> Snapshot::get(TableId table, Bytes key) const {
  const std::scoped_lock lock(rep_->state->mutex);
  const auto row = rep_->state->rows.find({table, to_string(key)});
  if (row == rep_->state->rows.end()) return std::optional<std::string>();
  const std::string* value = rep_->state->at(row->second, rep_->position);
  return value == nullptr ? std::optional<std::string>() : std::optional<std::string>(*value);
}

Result<std::unique_ptr<Cursor>> Snapshot::cursor(TableId table) const {
  return std::make_unique<MemoryCursor>(rep_->state, rep_->position, table, Overlay{});
}

Transaction::Transaction(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

const Snapshot& Transaction::snapshot() const { return rep_->snapshot; }

Result<std::optional<std::string>> Transaction::get(TableId table, Bytes key) const {
  const auto own = rep_->writes.find({table, to_string(key)});
  if (own != rep_->writes.end()) return own->second;
  return rep_->snapshot.get(table, key);
}

Result<std::unique_ptr<Cursor>> Transaction::cursor(TableId table) const {
  const Snapshot& s = rep_->snapshot;
  return std::make_unique<MemoryCursor>(s.rep_->state, s.position(), table, rep_->writes);
}

Result<> Transaction::put(TableId table, Bytes key, Bytes value) {
  NACRE_TRY(check_key(key));
  if (value.size() > kValueSizeMax) {
    return fail(Code::kFull,
                format("value has {} bytes, expected at most {}", value.size(), kValueSizeMax));
  }
  rep_->writes[{table, to_string(key)}] = to_string(value);
  return {};
}

Result<> Transaction::remove(TableId table, Bytes key) {
  NACRE_TRY(check_key(key));
  rep_->writes[{table, to_string(key)}] = std::nullopt;
  return {};
}

Result<> Transaction::drop_table(TableId table) {
  rep_->dropped.push_back(table);
  auto cursor = NACRE_TRY(this->cursor(table));
  std::vector<std::string> keys;
  for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
    keys.push_back(to_string(cursor->key()));
  }
  for (const std::string& key : keys) rep_->writes[{table, key}] = std::nullopt;
  return {};
}

Result<> Transaction::require_unchanged(TableId table, Bytes key) {
  rep_->required.emplace_back(table, to_string(key));
  return {};
}

bool Transaction::has_writes() const { return !rep_->writes.empty(); }

Result<Position> Transaction::commit(Durability) {
  const std::unique_ptr<Rep> rep = std::move(rep_);
  State& state = *rep->snapshot.rep_->state;
  const Position at = rep->snapshot.position();
  const std::scoped_lock lock(state.mutex);
  if (state.closed) return fail(Code::kClosed, "the database is closed");
  if (rep->writes.empty()) return at;
  const auto changed = [&](const RowKey& key) {
    const auto row = state.rows.find(key);
    return row != state.rows.end() && row->second.back().position > at;
  };
  std::vector<RowKey> watched = rep->required;
  for (const auto& [key, value] : rep->writes) watched.push_back(key);
  for (const RowKey& key : watched) {
    if (changed(key)) {
      return fail(Code::kConflict, format("a key of table {} was changed after snapshot {}",
                                          number(key.first), number(at)));
    }
  }
  for (const TableId table : rep->dropped) {
    for (auto row = state.rows.lower_bound({table, {}});
         row != state.rows.end() && row->first.first == table; ++row) {
      if (changed(row->first)) return fail(Code::kConflict, "a dropped table was written to");
    }
  }
  state.position = next(state.position);
  state.time = std::max(io::system_clock().now(), Time{number(state.time) + 1});
  for (auto& [key, value] : rep->writes) state.rows[key].push_back({state.position, value});
  return state.position;
}

Result<std::unique_ptr<Database>> Database::open(std::string_view path, const Options& options) {
  const std::scoped_lock lock(states_mutex());
  auto& state = states()[std::string(path)];
  if (state == nullptr && !options.create_if_missing) {
    return fail(Code::kNotFound, format("{}: no database here", path));
  }
  if (state == nullptr) state = std::make_shared<State>();
  state->closed = false;
  auto rep = std::make_shared<Rep>();
  rep->state = state;
  return std::unique_ptr<Database>(new Database(std::move(rep)));
}

Database::Database(std::shared_ptr<Rep> rep) : rep_(std::move(rep)) {}
Database::~Database() = default;

Snapshot Database::snapshot() {
  const std::scoped_lock lock(rep_->state->mutex);
  auto rep = std::make_shared<Snapshot::Rep>();
  rep->state = rep_->state;
  rep->position = rep_->state->position;
  rep->time = rep_->state->time;
  return Snapshot(std::move(rep));
}

Transaction Database::begin() {
  return Transaction(std::make_unique<Transaction::Rep>(snapshot()));
}

Result<> Database::sync() { return {}; }
Result<> Database::checkpoint() { return {}; }
Result<VerifyReport> Database::verify() { return VerifyReport{}; }
Stats Database::stats() const {
  const std::scoped_lock lock(rep_->state->mutex);
  Stats stats;
  stats.position = stats.durable = rep_->state->position;
  return stats;
}
Result<> Database::close() {
  const std::scoped_lock lock(rep_->state->mutex);
  rep_->state->closed = true;
  return {};
}

}  // namespace nacre::txn
