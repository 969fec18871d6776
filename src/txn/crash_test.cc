// Cuts the power after every file operation of a small workload that creates a database, commits,
// checkpoints, drops a table and closes, and asks for what a commit promises:
//   DUR-1  a commit that returned ok is there after the crash
//   ATOM-1 a commit that did not return ok is there whole, or not at all
#include <gtest/gtest.h>

#include <string>

#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kPairs{1};
constexpr TableId kScratch{2};
constexpr int kCommits = 6;

Options options_on(io::SimFileSystem& disk) {
  Options options;
  options.file_system = &disk;
  options.create_if_missing = true;
  options.cache_bytes = std::size_t{1} << 20;
  options.background_thread = false;
  return options;
}

// Commits n as the pair a = n, b = n, with a scratch table that even commits drop.
Result<> commit_pair(Database& database, int n) {
  const std::string value = std::to_string(n);
  Transaction txn = database.begin();
  if (n % 2 == 0) NACRE_TRY(txn.drop_table(kScratch));
  NACRE_TRY(txn.put(kPairs, as_bytes("a"), as_bytes(value)));
  NACRE_TRY(txn.put(kPairs, as_bytes("b"), as_bytes(value)));
  NACRE_TRY(txn.put(kScratch, as_bytes("n" + value), as_bytes(value)));
  NACRE_TRY(txn.commit());
  return {};
}

// Returns the last n whose commit was acknowledged.
int run_workload(io::SimFileSystem& disk) {
  auto database = Database::open("d", options_on(disk));
  if (!database.has_value()) return 0;
  int acknowledged = 0;
  for (int n = 1; n <= kCommits; ++n) {
    if (commit_pair(**database, n).has_value()) acknowledged = n;
    if (n % 3 == 0) [[maybe_unused]]
      const auto written = (*database)->checkpoint();
  }
  [[maybe_unused]] const auto closed = (*database)->close();
  return acknowledged;
}

int number_at(const Snapshot& snapshot, std::string_view key) {
  const auto found = snapshot.get(kPairs, as_bytes(key));
  EXPECT_TRUE(found.has_value()) << found.error().text();
  return found.has_value() ? std::stoi(found->value_or("0")) : -1;
}

void expect_promises_kept(io::SimFileSystem& disk, int acknowledged) {
  const auto database = Database::open("d", options_on(disk));
  ASSERT_TRUE(database.has_value()) << database.error().text();
  const auto report = (*database)->verify();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  const Snapshot snapshot = (*database)->snapshot();
  const int a = number_at(snapshot, "a");
  EXPECT_EQ(a, number_at(snapshot, "b")) << "ATOM-1";
  EXPECT_GE(a, acknowledged) << "DUR-1";
  EXPECT_LE(a, acknowledged + 1) << "ATOM-1: at most one commit was in flight";
  const auto scratch = snapshot.get(kScratch, as_bytes("n" + std::to_string(a)));
  ASSERT_TRUE(scratch.has_value()) << scratch.error().text();
  EXPECT_EQ(scratch->has_value(), a > 0);
}

TEST(CommitCrash, AcknowledgedCommitsSurviveAPowerCutAtEveryFileOperation) {
  io::SimFileSystem rehearsal(0);
  ASSERT_EQ(run_workload(rehearsal), kCommits);
  for (std::uint64_t cut = 0; cut <= rehearsal.operations(); ++cut) {
    SCOPED_TRACE("seed and power cut: " + std::to_string(cut));
    io::SimFileSystem disk(cut);
    disk.cut_power_after(cut);
    const int acknowledged = run_workload(disk);
    disk.reboot();
    expect_promises_kept(disk, acknowledged);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(CommitCrash, APowerCutDuringRecoveryIsRecoveredFromToo) {
  io::SimFileSystem crashed(5);
  crashed.cut_power_after(40);
  const int acknowledged = run_workload(crashed);
  crashed.reboot();
  for (std::uint64_t cut = 0; cut < 30; ++cut) {
    SCOPED_TRACE("seed and power cut during recovery: " + std::to_string(cut));
    const auto disk = crashed.clone(cut);
    disk->cut_power_after(cut);
    static_cast<void>(Database::open("d", options_on(*disk)));
    disk->reboot();
    expect_promises_kept(*disk, acknowledged);
  }
}

}  // namespace
}  // namespace nacre::txn
