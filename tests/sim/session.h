// Session: one user of a simulated database, who does at random what users do and compares all that
// is read with the oracle.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/scheduler.h"

namespace nacre::sim {

// What the sessions of one life share.
struct Life {
  FiberScheduler& scheduler;
  SimClock& clock;
  Oracle& oracle;
  const Plan& plan;
  Tally& tally;
  std::vector<std::string>& violations;
  txn::Database* database = nullptr;
  bool may_fail = false;       // faults, a full disk or a power cut are to be expected
  bool is_over = false;        // nothing works any more
  std::uint64_t returned = 0;  // newest position that some commit returned
  std::uint64_t next_number = 1;
  std::uint64_t operations_left = 0;
  std::uint64_t sessions_left = 0;
  // By fiber: what it is committing.
  struct Committing {
    const std::vector<Change>* changes = nullptr;
    bool is_sync = false;
    std::uint64_t position = 0;  // once it has one
  };
  std::map<Scheduler::FiberId, Committing> committing{};

  void fail(const std::string& what) {
    violations.push_back(what);
    is_over = true;
  }
  // Told of every event that the engine notes.
  void note(std::string_view event, std::uint64_t number);
};

class Session {
 public:
  Session(Life& life, std::uint64_t seed) : life_(life), random_(seed) {}
  // Until the life is over or its operations are used up.
  void run();

 private:
  void operate();
  void read();
  void read_held();
  void read_newest();
  void read_past();
  void forget_past();
  void compact();
  void transact();
  void upkeep();
  [[nodiscard]] std::string key();
  [[nodiscard]] TableId table() {
    return TableId{static_cast<std::uint32_t>(1 + random_.below(test::kTables))};
  }
  [[nodiscard]] std::vector<Change> draw_changes();
  [[nodiscard]] txn::Durability draw_durability();
  void commit(txn::Transaction transaction, const std::vector<Change>& changes,
              const std::vector<Change>& reads, txn::Durability durability);
  void check_commit(std::uint64_t snapshot, std::uint64_t position,
                    const std::vector<Change>& changes, std::string_view did);
  void compare(const txn::Snapshot& snapshot);
  void compare_scan(const txn::Snapshot& snapshot);
  void visit_key(std::uint64_t first);
  void visit_range(std::uint64_t first);
  // Whether an answer is one that may come; the life is over after some.
  bool accept(const Error& error, std::string_view doing);

  Life& life_;
  io::Random random_;
  std::vector<txn::Snapshot> held_;
};

// Follows the commits from some position until the sessions are done: each once, in the order of
// the log, with what it changed, and never one that a crash could take back (TXN-4).
void follow(Life& life, std::uint64_t seed);

}  // namespace nacre::sim
