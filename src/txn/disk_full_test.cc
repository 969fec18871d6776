// A disk that is full for pages: commits with new rows say so, reads and removals go on, and when
// there is space again writing goes on, in the same open database.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>

#include "base/text.h"
#include "io/sim_file_system.h"
#include "txn/database.h"

namespace nacre::txn {
namespace {

constexpr TableId kTable{1};
using Model = std::map<std::string, std::string>;

// While `left` writes are allowed, all is as below; then writes of store.dat find no space.
struct Space {
  std::uint64_t left = UINT64_MAX;
  std::uint64_t refused = 0;
  bool take() {
    if (left > 0) --left;
    refused += left == 0 ? 1 : 0;
    return left > 0;
  }
};

class TightFile final : public io::File {
 public:
  TightFile(std::unique_ptr<io::File> file, Space& space) : file_(std::move(file)), space_(space) {}
  Result<> read(std::uint64_t offset, MutableBytes into) override {
    return file_->read(offset, into);
  }
  Result<> write(std::uint64_t offset, Bytes bytes) override {
    if (!space_.take()) return full();
    return file_->write(offset, bytes);
  }
  Result<> write_durably(std::uint64_t offset, Bytes bytes) override {
    if (!space_.take()) return full();
    return file_->write_durably(offset, bytes);
  }
  Result<> sync() override { return file_->sync(); }
  Result<> resize(std::uint64_t size) override { return file_->resize(size); }
  Result<> allocate(std::uint64_t size) override { return file_->allocate(size); }
  Result<> punch_hole(std::uint64_t offset, std::uint64_t size) override {
    return file_->punch_hole(offset, size);
  }
  Result<std::uint64_t> size() override { return file_->size(); }

 private:
  static Result<> full() { return fail(Code::kFull, "store.dat: no space left on device"); }
  std::unique_ptr<io::File> file_;
  Space& space_;
};

class TightFileSystem final : public io::FileSystem {
 public:
  explicit TightFileSystem(io::FileSystem& below) : below_(below) {}
  Result<std::unique_ptr<io::File>> open(std::string_view path, io::OpenOptions options) override {
    auto file = below_.open(path, options);
    if (!file.has_value() || !path.ends_with("store.dat")) return file;
    return std::make_unique<TightFile>(*std::move(file), space);
  }
  Result<> rename(std::string_view source, std::string_view target) override {
    if (refuses_names) {
      ++names_refused;
      return fail(Code::kFull, "d/log: no space left on device");
    }
    return below_.rename(source, target);
  }
  Result<> remove(std::string_view path) override { return below_.remove(path); }
  Result<> make_directory(std::string_view path) override { return below_.make_directory(path); }
  Result<> remove_directory(std::string_view path) override {
    return below_.remove_directory(path);
  }
  Result<> sync_directory(std::string_view path) override { return below_.sync_directory(path); }
  Result<std::vector<std::string>> list(std::string_view path) override {
    return below_.list(path);
  }
  Result<bool> exists(std::string_view path) override { return below_.exists(path); }
  Result<std::unique_ptr<io::File>> lock(std::string_view path) override {
    return below_.lock(path);
  }
  Space space;
  bool refuses_names = false;
  std::uint64_t names_refused = 0;

 private:
  io::FileSystem& below_;
};

Options options_on(io::FileSystem& files) {
  Options options;
  options.file_system = &files;
  options.create_if_missing = true;
  options.cache_bytes = std::size_t{1} << 20;
  options.checkpoint_log_bytes = std::size_t{128} << 10;
  options.background_thread = false;
  return options;
}

Result<> put(Database& database, const std::string& key, const std::string& value) {
  Transaction txn = database.begin();
  NACRE_TRY(txn.put(kTable, as_bytes(key), as_bytes(value)));
  NACRE_TRY(txn.commit(Durability::kAsync));
  return {};
}

Result<> remove(Database& database, const std::string& key) {
  Transaction txn = database.begin();
  NACRE_TRY(txn.remove(kTable, as_bytes(key)));
  NACRE_TRY(txn.commit(Durability::kAsync));
  return {};
}

void expect_rows(Database& database, const Model& model) {
  const Snapshot snapshot = database.snapshot();
  auto cursor = snapshot.cursor(kTable);
  ASSERT_TRUE(cursor.has_value());
  auto there = (*cursor)->seek_first();
  for (const auto& [key, value] : model) {
    ASSERT_TRUE(there.has_value()) << there.error().text();
    ASSERT_TRUE(*there);
    ASSERT_EQ(as_text((*cursor)->key()), key);
    ASSERT_EQ(as_text((*cursor)->value()), value);
    there = (*cursor)->next();
  }
  ASSERT_TRUE(there.has_value() && !*there);
}

// The disk is full from write `nth` of store.dat on, until three commits were refused.
void run(std::uint64_t nth, std::size_t longest, std::uint64_t& refused_commits) {
  SCOPED_TRACE(format("full from write {} on, values of up to {} bytes", nth, longest));
  io::SimFileSystem disk(nth);
  TightFileSystem files(disk);
  auto opened = Database::open("d", options_on(files));
  ASSERT_TRUE(opened.has_value());
  Database& database = **opened;
  std::mt19937_64 random(5);
  Model model;
  for (int i = 0; i < 200; ++i) {
    const std::string key = format("old{:04}", i);
    model[key] = std::string(900, 'o');
    ASSERT_TRUE(put(database, key, model[key]).has_value());
  }
  ASSERT_TRUE(database.checkpoint().has_value());
  files.space.left = nth;
  refused_commits = 0;
  for (int i = 0; i < (longest > 1200 ? 150 : 900); ++i) {
    const std::string key = format("key{:05}", random() % 100'000);
    const std::size_t size = i % 4 == 0 ? longest : 1200;
    const std::string value(300 + random() % (size - 300), static_cast<char>('a' + i % 26));
    const auto done = put(database, key, value);
    if (done.has_value()) {
      model[key] = value;
      continue;
    }
    ASSERT_EQ(done.error().code(), Code::kFull) << done.error().text();
    ASSERT_NE(done.error().text().find("store.dat"), std::string::npos) << done.error().text();
    // Removals and reads go on.
    const std::string gone = format("old{:04}", refused_commits);
    const auto removed = remove(database, gone);
    ASSERT_TRUE(removed.has_value()) << removed.error().text();
    model.erase(gone);
    expect_rows(database, model);
    if (++refused_commits == 3) files.space.left = UINT64_MAX;
  }
  files.space.left = UINT64_MAX;
  const auto again = put(database, "after", "x");
  ASSERT_TRUE(again.has_value()) << again.error().text();
  model["after"] = "x";
  ASSERT_TRUE(database.checkpoint().has_value());
  expect_rows(database, model);
  const auto report = database.verify();
  ASSERT_TRUE(report.has_value());
  for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  // What a power cut leaves is all of it, too.
  ASSERT_TRUE(database.sync().has_value());
  opened->reset();
  disk.reboot();
  auto reopened = Database::open("d", options_on(files));
  ASSERT_TRUE(reopened.has_value()) << reopened.error().text();
  expect_rows(**reopened, model);
}

// PAGE-9
TEST(DiskFull, CommitsSayItAndResumeWithoutReopeningWhicheverWriteIsTheFirstRefused) {
  std::uint64_t total = 0;
  for (std::uint64_t nth = 1; nth < 40; nth += nth < 12 ? 1 : 5) {
    std::uint64_t refused = 0;
    run(nth, 1200, refused);
    total += refused;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(total, 20U);
}

// A commit that is in the log is applied, whether or not there is room for its value chunks; those
// wait in memory.
TEST(DiskFull, LongValuesOfACommitThatIsInTheLogWaitInMemory) {
  std::uint64_t total = 0;
  for (std::uint64_t nth = 1; nth < 60; nth += nth < 12 ? 1 : 5) {
    std::uint64_t refused = 0;
    run(nth, 300'000, refused);
    total += refused;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(total, 20U);
}

TEST(DiskFull, ACheckpointOnAFullDiskIsRefusedAndTheDatabaseGoesOn) {
  io::SimFileSystem disk(1);
  TightFileSystem files(disk);
  auto opened = Database::open("d", options_on(files));
  ASSERT_TRUE(opened.has_value());
  ASSERT_TRUE(put(**opened, "a", "1").has_value());
  files.space.left = 1;
  const auto refused = (*opened)->checkpoint();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kFull);
  EXPECT_NE(refused.error().text().find("store.dat: the disk is full"), std::string::npos)
      << refused.error().text();
  const auto report = (*opened)->verify();
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  files.space.left = UINT64_MAX;
  EXPECT_TRUE((*opened)->checkpoint().has_value());
  EXPECT_TRUE(put(**opened, "b", "2").has_value());
}

// LOG-6: a segment for whose name the directory has no room goes on under the one it has, over as
// many segments as come, through power cuts and orderly closes.
TEST(DiskFull, ASegmentWithoutRoomForItsNameLosesNothing) {
  for (const bool is_closed : {false, true}) {
    SCOPED_TRACE(is_closed);
    io::SimFileSystem disk(7);
    TightFileSystem files(disk);
    Options options = options_on(files);
    options.log_segment_bytes_min = 16384;
    options.log_segment_bytes_max = 32768;
    options.checkpoint_log_bytes = std::size_t{64} << 10;
    Model model;
    for (int life = 0; life < 4; ++life) {
      auto opened = Database::open("d", options);
      ASSERT_TRUE(opened.has_value()) << opened.error().text();
      expect_rows(**opened, model);
      files.refuses_names = life % 2 == 0;
      for (int i = 0; i < 120; ++i) {
        const std::string key = format("key{:05}", life * 40 + i);
        model[key] = std::string(static_cast<std::size_t>(100 + 13 * i), 'v');
        Transaction txn = (*opened)->begin();
        ASSERT_TRUE(txn.put(kTable, as_bytes(key), as_bytes(model[key])).has_value());
        const auto done = txn.commit();
        ASSERT_TRUE(done.has_value()) << done.error().text();
      }
      if (is_closed) {
        ASSERT_TRUE((*opened)->close().has_value());
      }
      opened->reset();
      if (!is_closed) disk.reboot();
    }
    EXPECT_GT(files.names_refused, 4U);
    files.refuses_names = false;
    auto opened = Database::open("d", options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    expect_rows(**opened, model);
    const auto report = (*opened)->verify();
    ASSERT_TRUE(report.has_value()) << report.error().text();
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
  }
}

}  // namespace
}  // namespace nacre::txn
