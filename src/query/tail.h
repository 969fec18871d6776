// Tail: a find on a capped collection that goes on with what is inserted after it began.
//
// Why not a Cursor: a cursor shows one position for good; this one takes a new snapshot each time
// it
//   is asked to go on, and continues behind the last document it looked at.
// Errors:  open: 2 (BadValue) for a collection that is not capped, or an order other than that of
//          the inserts; kUnsupported 115 with a limit or a skip. go_on: 136 (CappedPositionLost)
//          when the document it stood on has been forgotten, 175 (QueryPlanKilled) when the
//          collection was dropped. After an error it is over.
// Threads: one thread at a time, any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "query/capped_scan.h"
#include "query/run.h"

namespace nacre::query {

class Tail {
 public:
  // Copies the request.
  [[nodiscard]] static Result<Tail> open(const Scope& scope, const FindRequest& request);

  // Nothing: no more as of its snapshot. Valid until the next call.
  [[nodiscard]] Result<std::optional<bson::View>> next();
  // Looks for what came since next() gave nothing; before that it does nothing.
  [[nodiscard]] Result<> go_on(const Scope& scope);
  void pause();
  // Whether it has come to the end without meeting any document, matching or not.
  [[nodiscard]] bool found_nothing() const { return run_ == nullptr && after_.empty(); }
  void set_time_limit(std::int64_t milliseconds);

 private:
  Tail() = default;
  [[nodiscard]] Result<> start(const Scope& scope);

  std::string collection_;
  document::Uuid uuid_{};
  bson::Document filter_;
  bson::Document projection_;
  bson::Document let_;
  Collation collation_;
  bool show_record_id_ = false;

  std::unique_ptr<Run> run_;    // null between its end and go_on
  CappedScan* scan_ = nullptr;  // inside of it
  std::string after_;           // the place in the order it has come to
};

}  // namespace nacre::query
