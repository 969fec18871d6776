// Memory and other resources of a whole process, as the system counts them.
#include <gtest/gtest.h>
#include <malloc.h>

#include <filesystem>
#include <fstream>

#include "io/posix_file_system.h"
#include "io/random.h"
#include "txn/background.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

constexpr TableId kTable{1};
constexpr std::size_t kMega = std::size_t{1} << 20;

// A number of /proc/self/status, such as "VmRSS" in KB.
std::size_t status(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) return std::stoul(line.substr(field.size() + 1));
  }
  ADD_FAILURE() << "no " << field << " in /proc/self/status";
  return 0;
}

// The peak counts from here on.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::size_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

class LimitsTest : public ::testing::Test {
 protected:
  LimitsTest() : directory_(std::filesystem::current_path() / "limits_test.data") {
    // As the nacre program does: the allocator's own habit is to keep whatever was large once.
    ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  ~LimitsTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Database> open(const std::string& name,
                                 const std::shared_ptr<MemoryBudget>& memory) {
    Options options{.file_system = files_.get(), .create_if_missing = true};
    options.memory = memory;
    options.checkpoint_log_bytes = 8 * kMega;
    auto opened = Database::open((directory_ / name).string(), options);
    EXPECT_TRUE(opened.has_value()) << opened.error().text();
    return std::move(*opened);
  }

  const std::filesystem::path directory_;
  const std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
};

std::string key_of(std::uint64_t i) { return "key" + std::to_string(1'000'000'000 + i); }

void write_rows(Database& database, std::uint64_t rows, std::uint64_t step, char mark) {
  const std::string value(1000, mark);
  for (std::uint64_t i = 0; i < rows;) {
    Transaction txn = database.begin();
    for (int n = 0; n < 100 && i < rows; ++n, i += step) {
      ASSERT_TRUE(txn.put(kTable, as_bytes(key_of(i)), as_bytes(value)).has_value());
    }
    const auto committed = txn.commit(Durability::kAsync);
    ASSERT_TRUE(committed.has_value()) << committed.error().text();
  }
}

void read_rows(Database& database, std::uint64_t rows, int count) {
  io::Random random(7);
  const Snapshot snapshot = database.snapshot();
  for (int i = 0; i < count; ++i) {
    const auto value = snapshot.get(kTable, as_bytes(key_of(random.below(rows))));
    ASSERT_TRUE(value.has_value()) << value.error().text();
    ASSERT_TRUE(value->has_value());
  }
}

std::uint64_t scan(Database& database) {
  std::uint64_t count = 0;
  const Snapshot snapshot = database.snapshot();
  const auto cursor = snapshot.cursor(kTable);
  EXPECT_TRUE(cursor.has_value());
  for (auto row = (*cursor)->seek_first();; row = (*cursor)->next(), ++count) {
    EXPECT_TRUE(row.has_value()) << row.error().text();
    if (!row.has_value() || !*row) return count;
  }
}

// What the budget counts is pages and tables; the allocator's waste, buffers of writes under way,
// batches ahead of the disk, stacks and the code that is paged in come on top.
constexpr std::size_t kOnTop = 24 * kMega;

TEST_F(LimitsTest, TwoDatabasesTenTimesTheirSharedBudgetStayInsideIt) {
  if (kIsSanitized) GTEST_SKIP() << "the memory of a sanitized process says nothing";
  constexpr std::size_t kBudget = 16 * kMega;
  constexpr std::uint64_t kRows = 80'000;  // of 1 KB, in each of two databases: 160 MB
  const auto memory = std::make_shared<MemoryBudget>(kBudget);
  const auto one = open("one", memory);
  const auto other = open("other", memory);
  const std::size_t before = status("VmRSS") * 1024;
  reset_peak();
  const auto expect_inside = [&](const char* after) {
    const std::size_t peak = status("VmHWM") * 1024;
    const std::size_t grown = peak > before ? peak - before : 0;
    EXPECT_LE(grown, kBudget + kOnTop) << after;
    EXPECT_LE(memory->held(), kBudget) << after;
    std::printf("[ memory   ] %-8s peak %5.1f MB above the start, pages %5.1f MB\n", after,
                static_cast<double>(grown) / kMega, static_cast<double>(memory->held()) / kMega);
  };
  write_rows(*one, kRows, 1, 'a');
  write_rows(*other, kRows, 1, 'a');
  expect_inside("loading");
  read_rows(*one, kRows, 20'000);
  read_rows(*other, kRows, 20'000);
  expect_inside("reading");
  EXPECT_EQ(scan(*one), kRows);
  expect_inside("scanning");
  write_rows(*one, kRows, 7, 'b');
  write_rows(*other, kRows, 3, 'c');
  expect_inside("updating");
  EXPECT_GT(one->stats().file_bytes + other->stats().file_bytes, 9 * kBudget);
  ASSERT_TRUE(one->compact({}).has_value());
  ASSERT_TRUE(other->compact({}).has_value());
  expect_inside("compacting");
  ASSERT_TRUE(one->close().has_value());
  ASSERT_TRUE(other->close().has_value());
}

TEST_F(LimitsTest, IdleDatabasesTakeNoThreadsAndLittleOfEverythingElse) {
  constexpr std::size_t kCount = 100;
  const auto memory = std::make_shared<MemoryBudget>(64 * kMega);
  std::vector<std::unique_ptr<Database>> databases;
  databases.push_back(open("first", memory));  // pays for what the process needs once
  const std::size_t memory_before = status("VmRSS");
  const std::size_t files_before = open_files();
  for (std::size_t i = 0; i < kCount; ++i) {
    databases.push_back(open(std::to_string(i), memory));
    Transaction txn = databases.back()->begin();
    ASSERT_TRUE(txn.put(kTable, as_bytes("key"), as_bytes("value")).has_value());
    ASSERT_TRUE(txn.commit(Durability::kAsync).has_value());
  }
  EXPECT_LE(BackgroundPool::of_process()->thread_count(), 4U);
  EXPECT_LE(status("Threads"), 8U);
  EXPECT_LE((open_files() - files_before) / kCount, 3U);
  const std::size_t each = (status("VmRSS") - memory_before) / kCount;
  std::printf("[ memory   ] %zu KB for an idle database\n", each);
  if (!kIsSanitized) {
    EXPECT_LE(each, 64U);
  }
  std::uintmax_t disk = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "7")) {
    if (entry.is_regular_file()) disk += entry.file_size();
  }
  std::printf("[ disk     ] %ju KB for an idle database\n", disk / 1024);
  EXPECT_LE(disk, kMega);
  for (const auto& database : databases) ASSERT_TRUE(database->close().has_value());
}

}  // namespace
}  // namespace nacre::txn
