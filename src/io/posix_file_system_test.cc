#include "io/posix_file_system.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/text.h"

namespace nacre::io {
namespace {

class PosixFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "nacre-posix-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(std::string_view name) const {
    return format("{}/{}", directory_, name);
  }
  [[nodiscard]] unsigned mode_of(std::string_view name) const {
    struct stat status{};
    EXPECT_EQ(::lstat(path(name).c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  std::string directory_;
};

TEST_F(PosixFileSystemTest, FilesAndDirectoriesAreTheOwnersOnly) {
  ASSERT_TRUE(fs_->open(path("a"), {.mode = OpenMode::kCreate}).has_value());
  ASSERT_TRUE(fs_->make_directory(path("d")).has_value());
  ASSERT_TRUE(fs_->lock(path("LOCK")).has_value());
  EXPECT_EQ(mode_of("a"), 0600U);
  EXPECT_EQ(mode_of("d"), 0700U);
  EXPECT_EQ(mode_of("LOCK"), 0600U);
}

TEST_F(PosixFileSystemTest, SymbolicLinksAreNotFollowed) {
  ASSERT_TRUE(fs_->open(path("a"), {.mode = OpenMode::kCreate}).has_value());
  std::filesystem::create_symlink(path("a"), path("link"));
  const auto opened = fs_->open(path("link"), {});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), Code::kIo);
  EXPECT_FALSE(fs_->lock(path("link")).has_value());
}

TEST_F(PosixFileSystemTest, LimitReachedInTheMiddleOfAWriteIsFull) {
  auto file = fs_->open(path("a"), {.mode = OpenMode::kCreate});
  ASSERT_TRUE(file.has_value());
  // A file size limit makes the kernel cut the transfer short, as a disk does when it fills up.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const old = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{.rlim_cur = 5000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  const std::string bytes(8192, 'x');
  const auto written = (*file)->write(0, as_bytes(bytes));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code(), Code::kFull) << written.error().text();
  EXPECT_EQ(*(*file)->size(), 5000U);
  EXPECT_TRUE((*file)->write(0, as_bytes("y")).has_value()) << "a full disk may have room again";
}

TEST_F(PosixFileSystemTest, FailedSyncClosesTheHandleForWriting) {
  // /dev/full takes no byte and cannot be synced: fdatasync answers EINVAL.
  auto file = fs_->open("/dev/full", {.mode = OpenMode::kReadWrite});
  if (!file.has_value()) GTEST_SKIP() << file.error().text();
  const auto refused = (*file)->write_durably(0, as_bytes("x"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::kFull) << "what did not fit is no failed sync";
  const auto first = (*file)->sync();
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code(), Code::kIo) << first.error().text();
  const auto second = (*file)->write(0, as_bytes("x"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Code::kClosed);
  const auto third = (*file)->sync();
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code(), Code::kClosed);
}

}  // namespace
}  // namespace nacre::io
