// The checker of histories refuses every hand-made bad history, by its name, and no good one.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <unordered_map>
#include <utility>

#include "isolation/history.h"

namespace nacre::test {
namespace {

using Outcome = HistoryTransaction::Outcome;
using List = std::vector<std::uint64_t>;

constexpr std::uint64_t kX = 1;
constexpr std::uint64_t kY = 2;

Op append(std::uint64_t key, std::uint64_t value) {
  return {.kind = Op::Kind::kAppend, .key = key, .value = value};
}
Op read(std::uint64_t key, List list) {
  return {.kind = Op::Kind::kRead, .key = key, .list = std::move(list)};
}

// Transactions that all ran at once, unless they say when.
HistoryTransaction ran(std::vector<Op> ops, std::uint64_t begun = 0, std::uint64_t ended = 100,
                       Outcome outcome = Outcome::kOk) {
  return {.ops = std::move(ops), .outcome = outcome, .begun = begun, .ended = ended};
}
HistoryTransaction with(Outcome outcome, std::vector<Op> ops) {
  return ran(std::move(ops), 0, 100, outcome);
}

void expect_refused_by_all(const Findings& findings) {
  EXPECT_NE(findings.against_snapshot_isolation(), "");
  EXPECT_NE(findings.against_serializable(), "");
  EXPECT_NE(findings.against_strictly_serializable(), "");
}

void expect_good(const Findings& findings) {
  EXPECT_EQ(findings.against_snapshot_isolation(), "");
  EXPECT_EQ(findings.against_strictly_serializable(), "");
}

TEST(HistoryChecker, GoodHistoriesPass) {
  expect_good(check({}));
  expect_good(check({ran({append(kX, 1)}, 0, 1), ran({read(kX, {1}), append(kX, 2)}, 2, 3),
                     ran({read(kX, {1, 2}), read(kY, {})}, 4, 5)}));
  // An own append is read back, and a concurrent reader sees none of it.
  expect_good(check({ran({append(kX, 1), read(kX, {1}), append(kX, 2), read(kX, {1, 2})}),
                     ran({read(kX, {})}), ran({read(kX, {1, 2})}, 200, 300)}));
}

TEST(HistoryChecker, OwnAppendThatIsNotReadBackIsInternal) {
  const Findings findings = check({ran({append(kX, 1), read(kX, {})})});
  EXPECT_TRUE(findings.has(Anomaly::kInternal));
  expect_refused_by_all(findings);
  EXPECT_TRUE(
      check({ran({append(kX, 7)}), ran({read(kX, {}), read(kX, {7})})}).has(Anomaly::kInternal));
}

TEST(HistoryChecker, NumberNobodyAppendedAndNumberReadTwiceAreRefused) {
  EXPECT_TRUE(check({ran({read(kX, {5})})}).has(Anomaly::kUnwritten));
  const Findings twice = check({ran({append(kX, 1)}), ran({read(kX, {1, 1})})});
  EXPECT_TRUE(twice.has(Anomaly::kDuplicate));
  expect_refused_by_all(twice);
}

TEST(HistoryChecker, ReadOfAFailedTransactionIsG1a) {
  const Findings findings = check({with(Outcome::kFailed, {append(kX, 1)}), ran({read(kX, {1})})});
  EXPECT_TRUE(findings.has(Anomaly::kAborted));
  expect_refused_by_all(findings);
  // Of an unknown outcome it only says that it happened.
  expect_good(check({with(Outcome::kUnknown, {append(kX, 1)}), ran({read(kX, {1})})}));
}

TEST(HistoryChecker, ReadInTheMiddleOfATransactionIsG1b) {
  const Findings findings =
      check({ran({append(kX, 1), append(kX, 2)}), ran({read(kX, {1})}), ran({read(kX, {1, 2})})});
  EXPECT_TRUE(findings.has(Anomaly::kIntermediate));
  expect_refused_by_all(findings);
}

TEST(HistoryChecker, ReadsThatDisagreeOnTheOrderAreRefused) {
  const Findings findings = check(
      {ran({append(kX, 1)}), ran({append(kX, 2)}), ran({read(kX, {1, 2})}), ran({read(kX, {2})})});
  EXPECT_TRUE(findings.has(Anomaly::kIncompatibleOrder));
  expect_refused_by_all(findings);
  // What a transaction of unknown outcome would have appended is no order of anybody.
  expect_good(check({with(Outcome::kUnknown, {append(kX, 1), read(kX, {1})}), ran({append(kX, 2)}),
                     ran({read(kX, {2})}, 200, 300)}));
}

TEST(HistoryChecker, AppendsInOppositeOrdersOfTwoKeysAreG0) {
  const Findings findings =
      check({ran({append(kX, 1), append(kY, 1001)}), ran({append(kX, 2), append(kY, 1002)}),
             ran({read(kX, {1, 2})}), ran({read(kY, {1002, 1001})})});
  EXPECT_TRUE(findings.has(Anomaly::kWriteCycle));
  expect_refused_by_all(findings);
}

TEST(HistoryChecker, TransactionsThatReadEachOtherAreG1c) {
  const Findings findings =
      check({ran({append(kX, 1), read(kY, {1001})}), ran({append(kY, 1001), read(kX, {1})})});
  EXPECT_TRUE(findings.has(Anomaly::kInformationCycle));
  EXPECT_FALSE(findings.has(Anomaly::kWriteCycle));
  expect_refused_by_all(findings);
}

TEST(HistoryChecker, HalfOfATransactionSeenIsReadSkew) {
  const Findings findings =
      check({ran({append(kX, 1), append(kY, 1001)}), ran({read(kX, {}), read(kY, {1001})}),
             ran({read(kX, {1})}, 200, 300)});
  EXPECT_TRUE(findings.has(Anomaly::kReadSkew));
  EXPECT_TRUE(findings.has(Anomaly::kSnapshotCycle));
  expect_refused_by_all(findings);
}

TEST(HistoryChecker, TwoAppendsToOneStateAreALostUpdate) {
  const Findings findings = check({ran({read(kX, {}), append(kX, 1)}),
                                   ran({read(kX, {}), append(kX, 2)}), ran({read(kX, {1, 2})})});
  EXPECT_TRUE(findings.has(Anomaly::kLostUpdate));
  expect_refused_by_all(findings);
  // Also when the list shows only one of them afterwards.
  EXPECT_TRUE(check({ran({read(kX, {}), append(kX, 1)}), ran({read(kX, {}), append(kX, 2)}),
                     ran({read(kX, {2})})})
                  .has(Anomaly::kLostUpdate));
}

TEST(HistoryChecker, WriteSkewIsAllowedBySnapshotIsolationOnly) {
  const Findings findings = check({ran({read(kX, {}), read(kY, {}), append(kX, 1)}, 0, 10),
                                   ran({read(kX, {}), read(kY, {}), append(kY, 1001)}, 0, 10),
                                   ran({read(kX, {1}), read(kY, {1001})}, 20, 30)});
  EXPECT_TRUE(findings.has(Anomaly::kItemCycle));
  EXPECT_FALSE(findings.has(Anomaly::kReadSkew));
  EXPECT_EQ(findings.against_snapshot_isolation(), "");
  EXPECT_NE(findings.against_serializable(), "");
}

// Two readers see two independent appends in opposite orders.
TEST(HistoryChecker, LongForkIsRefusedBySnapshotIsolation) {
  const Findings findings = check(
      {ran({append(kX, 1)}), ran({append(kY, 1001)}), ran({read(kX, {1}), read(kY, {})}),
       ran({read(kX, {}), read(kY, {1001})}), ran({read(kX, {1}), read(kY, {1001})}, 200, 300)});
  EXPECT_TRUE(findings.has(Anomaly::kSnapshotCycle));
  EXPECT_FALSE(findings.has(Anomaly::kReadSkew)) << "it takes two rw, which are not adjacent";
  expect_refused_by_all(findings);
}

TEST(HistoryChecker, StaleReadsAreRefusedWhereTimeCounts) {
  // The second began after the first had ended, and does not see it.
  const Findings findings = check(
      {ran({append(kX, 1)}, 0, 10), ran({read(kX, {})}, 20, 30), ran({read(kX, {1})}, 40, 50)});
  EXPECT_TRUE(findings.has(Anomaly::kStaleSnapshot));
  EXPECT_NE(findings.against_snapshot_isolation(), "");
  EXPECT_EQ(findings.against_serializable(), "");
  EXPECT_NE(findings.against_strictly_serializable(), "");
  // Nobody knows when an unknown transaction ended.
  expect_good(check({ran({append(kX, 1)}, 0, 10, Outcome::kUnknown), ran({read(kX, {})}, 20, 30),
                     ran({read(kX, {1})}, 40, 50)}));
}

TEST(HistoryChecker, CommitsTooLateForTheirTimeAreRefusedWhereTimeCounts) {
  // Write skew apart, each could be a snapshot; but the second append was acknowledged before the
  // first began, and the order of the list says otherwise.
  const Findings findings = check(
      {ran({append(kX, 1)}, 20, 30), ran({append(kX, 2)}, 0, 10), ran({read(kX, {1, 2})}, 40, 50)});
  EXPECT_TRUE(findings.has(Anomaly::kStaleOrder));
  EXPECT_EQ(findings.against_serializable(), "");
}

// A database that is right, simulated: appends in one order, every reader at a moment of it. Then
// one read of it is spoilt, and the checker must notice.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed) {
    for (std::uint64_t n = 0; n < 400; ++n) one(n);
    HistoryTransaction last{.ops = {}, .begun = 1000, .ended = 1001};
    for (const auto& [key, list] : lists_) last.ops.push_back(read(key, list));
    history.push_back(std::move(last));
  }

  History history;

  // Takes the last number from some read.
  bool spoil() {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      HistoryTransaction& reader = history[random_() % (history.size() - 1)];
      for (Op& op : reader.ops) {
        if (op.kind != Op::Kind::kRead || op.list.empty()) continue;
        op.list.pop_back();
        return true;
      }
    }
    return false;
  }

 private:
  void one(std::uint64_t n) {
    HistoryTransaction transaction{.ops = {}, .begun = 2 * n, .ended = 2 * n + 1};
    for (std::uint64_t ops = 1 + random_() % 4; ops > 0; --ops) {
      const std::uint64_t key = random_() % 5;
      if (random_() % 2 == 0) {
        transaction.ops.push_back(append(key, ++value_));
        lists_[key].push_back(value_);
      } else {
        transaction.ops.push_back(read(key, lists_[key]));
      }
    }
    history.push_back(std::move(transaction));
  }

  std::mt19937_64 random_;
  std::uint64_t value_ = 0;
  std::unordered_map<std::uint64_t, List> lists_;
};

TEST(HistoryChecker, OneSpoiltReadOfASerialHistoryIsNoticed) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomHistory random(seed);
    expect_good(check(random.history));
    ASSERT_TRUE(random.spoil());
    EXPECT_NE(check(random.history).against_strictly_serializable(), "");
  }
}

}  // namespace
}  // namespace nacre::test
