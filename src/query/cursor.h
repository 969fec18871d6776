// A cursor: the rows of one find or aggregate, pulled one after the other.
//
// Invariants: shows the database as of one position, however long it is paused; each document once.
// Errors:  next: kTooOld 239 (SnapshotTooOld) when its position was given up; 50
//          (MaxTimeMSExpired), 11601 (Interrupted); 292 (QueryExceededMemoryLimitNoDiskUseAllowed)
//          when a sort or group needs more than kStageBytesMax. After an error it is over.
// Cost:    a paused cursor holds its plan, its position and its last key, no page; a sort or group
//          holds its result.
// Threads: one thread at a time, any thread.
#pragma once

#include <memory>
#include <optional>

#include "base/position.h"
#include "base/result.h"
#include "bson/value.h"

namespace nacre::query {

inline constexpr std::size_t kStageBytesMax = std::size_t{100} << 20;  // one sort's or group's rows

class Cursor {
 public:
  class Source;  // executor.h

  explicit Cursor(std::unique_ptr<Source> source);
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  // The next row, valid until the next call on this cursor; nothing at the end.
  [[nodiscard]] Result<std::optional<bson::View>> next();

  // Gives back what must not be held for long (page pins). Called between batches; next() goes on.
  void pause();

  // The deadline is per batch or operation, as the caller likes; 0 takes it away.
  void set_time_limit(std::int64_t milliseconds);

  // Of the snapshot it reads.
  [[nodiscard]] Position position() const;

 private:
  std::unique_ptr<Source> source_;
};

}  // namespace nacre::query
