// The sequence of commits of one database. What is in it, in order, is the truth; the store is a
// projection of it. Nothing above this header may assume a file.
//
// Errors: kIo, kFull from a write; after the first failed write or sync the log is poisoned: every
//   later append and wait answers kClosed and names that failure. kTooOld for trimmed positions.
//   kCorrupt from a reader.
// Threads: append: one thread at a time (the sequencer's lock). Everything else: internally locked.
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"

namespace nacre::log {

struct Commit {
  Position position;
  Time time;
  Bytes ops;  // encoded batch; valid until the next call on the reader
};

class Reader {
 public:
  virtual ~Reader() = default;
  // The next durable commit, or nothing when the reader has caught up.
  [[nodiscard]] virtual Result<std::optional<Commit>> next() = 0;
};

// Is told that durable_position() has advanced, by the thread that made it advance, before those
// who wait for it return; never by two threads at once. No lock of the log is held.
class DurableListener {
 public:
  virtual ~DurableListener() = default;
  virtual void durable_advanced() = 0;
};

// Whom the room is for that is left on a full disk.
enum class Room : std::uint8_t {
  kOrdinary,
  kAll  // for a commit that helps to free space: down to the last
};

class Log {
 public:
  virtual ~Log() = default;
  // One at most; null: nobody. Set while no commit is under way.
  virtual void set_listener(DurableListener* listener) = 0;
  // Queues one validated batch as position last_position() + 1; no I/O. Times strictly increase.
  // kFull, with nothing changed, where there is no room for it yet: make_room(), append again.
  [[nodiscard]] virtual Result<Position> append(Time time, Bytes ops, Room room) = 0;
  [[nodiscard]] Result<Position> append(Time time, Bytes ops) {
    return append(time, ops, Room::kOrdinary);
  }
  // Writes what waits, and gets hold of space for a commit of `bytes`; others may take it before
  // the caller does. kFull when the disk has none, or less than is kept back: nothing is lost by
  // that, and it may be tried again.
  [[nodiscard]] virtual Result<> make_room(std::uint64_t bytes) = 0;
  // Returns once `position` is durable: on disk here, on a majority when replicated. Any number of
  // threads may wait; one of them does the writing for all (group commit).
  [[nodiscard]] virtual Result<> wait_durable(Position position) = 0;
  // The same, and the listener has been told. Not for the listener itself.
  [[nodiscard]] virtual Result<> wait_announced(Position position) = 0;
  [[nodiscard]] virtual Position last_position() const = 0;     // appended
  [[nodiscard]] virtual Position durable_position() const = 0;  // never above last_position()
  [[nodiscard]] virtual Time last_time() const = 0;  // of last_position(), 0 when unknown
  // Commits from `first` on; kTooOld when they have been trimmed.
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> read_from(Position first) = 0;
  // The last position whose time is not after `time`: as the timeline stood then. What is appended
  // counts, durable or not. kTooOld when that position is before the oldest kept.
  [[nodiscard]] virtual Result<Position> position_at(Time time) = 0;
  // Permits the log to forget positions below both. `needed`: the first position that recovery
  // reads; `wanted`: the first that somebody who looks back asks for.
  [[nodiscard]] virtual Result<> trim(Position needed, Position wanted) = 0;
  [[nodiscard]] Result<> trim(Position floor) { return trim(floor, floor); }
  // Bytes written to hold what recovery reads; what decides when a checkpoint is due.
  [[nodiscard]] virtual std::uint64_t bytes() const = 0;
  // Bytes that the log takes on the disk, with what is kept only to look back.
  [[nodiscard]] virtual std::uint64_t kept_bytes() const = 0;
  // Makes everything appended durable and closes the tail, so that the next open can tell rot in
  // the last commit from a torn write. Nothing may be appended afterwards.
  [[nodiscard]] virtual Result<> close() = 0;
};

}  // namespace nacre::log
