// A history of list appends, and what a database of a given isolation may not show in one.
//
// Each transaction appends numbers to lists and reads lists. No number is appended twice, so a list
// read back says who wrote in which order, and from that follows who depends on whom:
//   ww  a appended right before b                    wr  b read a's append as the last
//   rw  a read a list that b appended to next        rt  a had ended before b began
// A cycle of dependences is something no order of the transactions explains. Which cycles are
// allowed is what the isolation levels differ in (Adya 1999; the method is Elle's, 2020).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace nacre::test {

struct Op {
  enum class Kind : std::uint8_t { kAppend, kRead };
  Kind kind = Kind::kRead;
  std::uint64_t key = 0;
  std::uint64_t value = 0;            // appended
  std::vector<std::uint64_t> list{};  // read, own appends so far included
};

struct HistoryTransaction {
  enum class Outcome : std::uint8_t { kOk, kFailed, kUnknown };
  std::vector<Op> ops;
  Outcome outcome = Outcome::kOk;
  // Ticks of one clock, before the first call and after the last.
  std::uint64_t begun = 0;
  std::uint64_t ended = 0;
};

using History = std::vector<HistoryTransaction>;

enum class Anomaly : std::uint8_t {
  kInternal,           // a read does not show what the transaction itself did or read before
  kUnwritten,          // a number nobody appended
  kDuplicate,          // a number twice in one list
  kAborted,            // G1a: a number of a transaction that failed
  kIntermediate,       // G1b: a list that ends in the middle of a transaction's appends
  kIncompatibleOrder,  // two reads of a key of which neither begins the other
  kLostUpdate,         // two transactions read one state of a list, and both appended to it
  kWriteCycle,         // G0: ww
  kInformationCycle,   // G1c: ww, wr
  kReadSkew,           // G-single: ww, wr, one rw
  kItemCycle,          // G2-item: ww, wr, two rw or more
  kSnapshotCycle,      // no snapshots explain it: a cycle without two rw in a row
  kStaleSnapshot,      // as kSnapshotCycle with rt: snapshots older than the newest state
  kStaleOrder          // a cycle of any of these with rt: not strictly serializable
};

struct Finding {
  Anomaly anomaly;
  std::string text;
};

struct Findings {
  std::vector<Finding> all;  // at most a few of each kind
  std::uint64_t committed = 0;
  std::uint64_t dependences = 0;  // ww, wr, rw

  [[nodiscard]] bool has(Anomaly anomaly) const;
  // "" when the history is what such a database may show; else what it may not.
  [[nodiscard]] std::string against_snapshot_isolation()
      const;  // with snapshots of the newest state
  [[nodiscard]] std::string against_serializable() const;
  [[nodiscard]] std::string against_strictly_serializable() const;
};

// Transactions of unknown outcome count as committed when a read shows one of their appends.
[[nodiscard]] Findings check(const History& history);

}  // namespace nacre::test
