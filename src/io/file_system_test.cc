// The contract of FileSystem and File, asked of every implementation alike.
#include "io/file_system.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "base/text.h"
#include "io/aligned_buffer.h"
#include "io/memory_file_system.h"
#include "io/posix_file_system.h"
#include "io/sim_file_system.h"

namespace nacre::io {
namespace {

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<FileSystem>()> make;
};

class FileSystemContract : public ::testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    fs_ = GetParam().make();
    if (std::string_view(GetParam().name) == "Posix") {
      std::string pattern = (std::filesystem::temp_directory_path() / "nacre-io-XXXXXX").string();
      ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
      directory_ = pattern;
      real_ = true;
    } else {
      directory_ = "d";
      ASSERT_TRUE(fs_->make_directory(directory_).has_value());
    }
  }

  void TearDown() override {
    if (real_) std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] std::string path(std::string_view name) const {
    return format("{}/{}", directory_, name);
  }

  std::unique_ptr<File> open(std::string_view name, OpenOptions options) {
    auto file = fs_->open(path(name), options);
    EXPECT_TRUE(file.has_value()) << file.error().text();
    return file.has_value() ? std::move(*file) : nullptr;
  }

  void create(std::string_view name, std::string_view text) {
    const auto file = open(name, {.mode = OpenMode::kCreate});
    ASSERT_TRUE(file->write(0, as_bytes(text)).has_value());
  }

  std::string read(std::string_view name) {
    const auto file = open(name, {});
    std::string text(*file->size(), '?');
    EXPECT_TRUE(file->read(0, std::as_writable_bytes(std::span(text))).has_value());
    return text;
  }

  std::unique_ptr<FileSystem> fs_;
  std::string directory_;
  bool real_ = false;
};

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? Code{} : result.error().code();
}

TEST_P(FileSystemContract, WrittenBytesAreReadBackAndGrowTheFile) {
  const auto file = open("a", {.mode = OpenMode::kCreate});
  ASSERT_TRUE(file->write(3, as_bytes("xyz")).has_value());
  ASSERT_TRUE(file->write_durably(6, as_bytes("!")).has_value());
  ASSERT_TRUE(file->sync().has_value());
  EXPECT_EQ(*file->size(), 7U);
  EXPECT_EQ(read("a"), std::string_view("\0\0\0xyz!", 7));
}

TEST_P(FileSystemContract, ReadingBeyondTheEndIsAnErrorThatNamesTheFile) {
  create("a", "abc");
  std::string into(4, '?');
  const auto read = open("a", {})->read(0, std::as_writable_bytes(std::span(into)));
  ASSERT_EQ(code_of(read), Code::kIo);
  EXPECT_NE(read.error().text().find(path("a")), std::string::npos) << read.error().text();
}

TEST_P(FileSystemContract, DirectFilesTransferAlignedBlocks) {
  const auto file = open("a", {.mode = OpenMode::kCreate, .direct = true});
  AlignedBuffer block(2 * kDirectAlignment);
  block.data()[0] = std::byte{1};
  block.data()[2 * kDirectAlignment - 1] = std::byte{2};
  ASSERT_TRUE(file->write(0, block.bytes()).has_value());
  ASSERT_TRUE(file->write_durably(2 * kDirectAlignment, block.bytes()).has_value());
  AlignedBuffer back(4 * kDirectAlignment);
  ASSERT_TRUE(file->read(0, back.bytes()).has_value());
  EXPECT_TRUE(equal(back.bytes().first(block.size()), block.bytes()));
  EXPECT_TRUE(equal(back.bytes().last(block.size()), block.bytes()));
}

TEST_P(FileSystemContract, CreateNeedsANewNameAndOpenAnExistingOne) {
  create("a", "");
  EXPECT_EQ(code_of(fs_->open(path("a"), {.mode = OpenMode::kCreate})), Code::kExists);
  EXPECT_EQ(code_of(fs_->open(path("b"), {.mode = OpenMode::kReadWrite})), Code::kNotFound);
  EXPECT_EQ(code_of(fs_->open(path("no/c"), {.mode = OpenMode::kCreate})), Code::kNotFound);
}

TEST_P(FileSystemContract, ResizeCutsAndGrowsWithZeros) {
  create("a", "abcdef");
  const auto file = open("a", {.mode = OpenMode::kReadWrite});
  ASSERT_TRUE(file->resize(2).has_value());
  ASSERT_TRUE(file->resize(4).has_value());
  EXPECT_EQ(read("a"), std::string_view("ab\0\0", 4));
}

TEST_P(FileSystemContract, AllocatedSpaceReadsAsZerosAndNothingIsLost) {
  create("a", "abc");
  const auto file = open("a", {.mode = OpenMode::kReadWrite});
  ASSERT_TRUE(file->allocate(5).has_value());
  EXPECT_EQ(read("a"), std::string_view("abc\0\0", 5));
  ASSERT_TRUE(file->allocate(2).has_value()) << "never less";
  EXPECT_EQ(read("a"), std::string_view("abc\0\0", 5));
}

TEST_P(FileSystemContract, PunchedHoleReadsAsZerosAndKeepsTheSize) {
  create("a", "abcdef");
  const auto file = open("a", {.mode = OpenMode::kReadWrite});
  ASSERT_TRUE(file->punch_hole(4, 100).has_value());
  EXPECT_EQ(read("a"), std::string_view("abcd\0\0", 6));
}

TEST_P(FileSystemContract, RenameReplacesTheTargetAndRemoveForgets) {
  create("a", "new");
  create("b", "old");
  ASSERT_TRUE(fs_->rename(path("a"), path("b")).has_value());
  EXPECT_EQ(read("b"), "new");
  EXPECT_FALSE(*fs_->exists(path("a")));
  ASSERT_TRUE(fs_->remove(path("b")).has_value());
  EXPECT_FALSE(*fs_->exists(path("b")));
  EXPECT_EQ(code_of(fs_->remove(path("b"))), Code::kNotFound);
  EXPECT_EQ(code_of(fs_->rename(path("b"), path("c"))), Code::kNotFound);
}

TEST_P(FileSystemContract, DirectoriesListTheirNamesInOrder) {
  ASSERT_TRUE(fs_->make_directory(path("sub")).has_value());
  EXPECT_EQ(code_of(fs_->make_directory(path("sub"))), Code::kExists);
  create("sub/b", "");
  create("sub/a", "");
  ASSERT_TRUE(fs_->sync_directory(path("sub")).has_value());
  EXPECT_EQ(*fs_->list(path("sub")), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(code_of(fs_->remove_directory(path("sub"))), Code::kIo);
  ASSERT_TRUE(fs_->remove(path("sub/a")).has_value());
  ASSERT_TRUE(fs_->remove(path("sub/b")).has_value());
  EXPECT_TRUE(fs_->remove_directory(path("sub")).has_value());
  EXPECT_EQ(code_of(fs_->list(path("sub"))), Code::kNotFound);
}

TEST_P(FileSystemContract, LockIsExclusiveUntilItIsDestroyed) {
  auto held = fs_->lock(path("LOCK"));
  ASSERT_TRUE(held.has_value()) << held.error().text();
  const auto second = fs_->lock(path("LOCK"));
  ASSERT_EQ(code_of(second), Code::kConflict);
  EXPECT_NE(second.error().text().find("another handle of this process"), std::string::npos)
      << second.error().text();
  held->reset();
  EXPECT_TRUE(fs_->lock(path("LOCK")).has_value());
}

TEST_P(FileSystemContract, OpenFileOutlivesItsName) {
  create("a", "abc");
  const auto file = open("a", {});
  ASSERT_TRUE(fs_->remove(path("a")).has_value());
  std::string text(3, '?');
  ASSERT_TRUE(file->read(0, std::as_writable_bytes(std::span(text))).has_value());
  EXPECT_EQ(text, "abc");
}

INSTANTIATE_TEST_SUITE_P(All, FileSystemContract,
                         ::testing::Values(Implementation{"Posix", make_posix_file_system},
                                           Implementation{"Memory", make_memory_file_system},
                                           Implementation{"Sim",
                                                          [] {
                                                            return std::unique_ptr<FileSystem>(
                                                                std::make_unique<SimFileSystem>(1));
                                                          }}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace nacre::io
