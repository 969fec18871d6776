// What stands behind the classes of include/nacre/store.hpp.
//
// Threads: as the classes say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "nacre/store.hpp"
#include "txn/database.h"

namespace nacre::detail {

struct StoreState {
  std::unique_ptr<io::FileSystem> files;
  std::unique_ptr<txn::Database> database;  // destroyed before its files
};

struct BatchState {
  enum class Kind : std::uint8_t { kPut, kRemove, kDrop };
  struct Write {
    Kind kind;
    TableId table;
    std::string key;
    std::string value;
  };
  std::vector<Write> writes;
};

// The engine's view of a user's sink or source.
inline txn::ValueSink sink_of(const ValueSink& sink) {
  return [&sink](Bytes piece) { return sink(as_text(piece)); };
}
inline txn::ValueSource source_of(const ValueSource& source) {
  return [&source](MutableBytes piece) {
    return source({reinterpret_cast<char*>(piece.data()), piece.size()});
  };
}

struct SnapshotState {
  txn::Snapshot at;
};

struct StoreTransactionState {
  txn::Transaction transaction;
};

struct StoreCursorState {
  std::unique_ptr<txn::Cursor> rows;
};

struct FollowerState {
  txn::Follower follower;
  StoreCommit commit{};
};

// Makes and opens what users only hold.
struct StoreAccess {
  static Store store(std::unique_ptr<StoreState> state) { return Store(std::move(state)); }
  static StoreCursor cursor(std::unique_ptr<txn::Cursor> rows) {
    return StoreCursor(std::make_unique<StoreCursorState>(StoreCursorState{std::move(rows)}));
  }
  static StoreSnapshot snapshot(txn::Snapshot at) {
    return StoreSnapshot(std::make_shared<const SnapshotState>(SnapshotState{std::move(at)}));
  }
  static StoreTransaction transaction(txn::Transaction transaction) {
    return StoreTransaction(
        std::make_unique<StoreTransactionState>(StoreTransactionState{std::move(transaction)}));
  }
  static StoreFollower follower(txn::Follower follower) {
    return StoreFollower(std::make_unique<FollowerState>(FollowerState{std::move(follower)}));
  }
  static const std::vector<BatchState::Write>& writes(const Batch& batch) {
    return batch.state_->writes;
  }
};

}  // namespace nacre::detail
