// What a Follower is made of, for the database that makes it.
#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include "log/log.h"
#include "txn/follower.h"
#include "txn/pipeline.h"

namespace nacre::txn {

class Follower::Rep {
 public:
  // `owner` keeps store and pipeline alive.
  Rep(std::shared_ptr<void> owner, store::Store& store, Pipeline& pipeline, Position after,
      BeforeImages before);
  ~Rep();
  Rep(const Rep&) = delete;
  Rep& operator=(const Rep&) = delete;

  [[nodiscard]] Result<const CommitEvent*> next(std::chrono::microseconds at_most);
  [[nodiscard]] Position position() const { return last_; }
  // Whether the log has the next commit, or will have it.
  [[nodiscard]] Result<> check_kept() const;

 private:
  // The newest commit that may be told.
  [[nodiscard]] Position newest() const;
  // Gets commits up to `newest` into waiting_: from memory, or else from the log.
  [[nodiscard]] Result<> fetch(Position newest);
  [[nodiscard]] Result<> read_log(Position newest);
  // Takes the first of waiting_ apart.
  [[nodiscard]] Result<const CommitEvent*> give();
  // Fills in what the changes of event_ replaced.
  [[nodiscard]] Result<> read_before();

  std::shared_ptr<void> owner_;
  store::Store& store_;
  Pipeline& pipeline_;
  Position last_;
  RecentCommits waiting_;  // fetched and not yet given, from given_ on
  std::size_t given_ = 0;
  CommitEvent event_{};
  const BeforeImages before_;
  std::deque<std::string> before_values_;  // of event_
};

}  // namespace nacre::txn
