// Follower: the commits of a database one by one, from a position of the past into the future.
//
// Why: change streams, replicas and caches that are to be told need every commit once and in order,
//   and a place to go on from. That place is a position.
// What comes is visible and durable (TXN-4), so no crash takes back what a follower was told. The
//   newest commits come from memory, older ones from the log as far back as it is kept. A follower
//   holds nothing back: one that stays behind too long gets kTooOld, which names the oldest
//   position.
// Errors:  kTooOld; kClosed when the database is; kCorrupt, kIo as reading the log says. After an
//   error the follower may be asked again.
// Threads: one at a time. May outlive the database; it answers kClosed then.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"

namespace nacre::txn {

struct Change {
  enum class Kind : std::uint8_t { kPut, kRemove, kDropTable };
  Kind kind;
  TableId table;
  Bytes key;                    // empty for a dropped table
  Bytes value;                  // of a put
  std::optional<Bytes> before;  // when asked for, the value before the commit; none: not there
};

// Whether changes are told with what they replaced. That is read from the history when the follower
// comes to them, so it costs the follower, not the writer. Of a dropped table no rows are told.
enum class BeforeImages : std::uint8_t {
  kNone,
  kRequired,  // kTooOld when the horizon has passed the position before the commit
};

// What one transaction did, by table and key; a drop of a table comes before the puts of it.
struct CommitEvent {
  Position position;
  Time time;
  std::vector<Change> changes;
};

class Follower {
 public:
  Follower(Follower&&) noexcept;
  Follower& operator=(Follower&&) noexcept;
  ~Follower();

  // The next commit, valid until the next call; null when none came for `at_most`. Waits no longer
  // than until the commit is there.
  [[nodiscard]] Result<const CommitEvent*> next(std::chrono::microseconds at_most);
  // Of the last commit given, or where following began: Database::follow goes on from there.
  [[nodiscard]] Position position() const;

 private:
  friend class Database;
  class Rep;
  explicit Follower(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace nacre::txn
