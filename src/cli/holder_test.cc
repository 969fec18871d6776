#include "cli/holder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace nacre::cli {
namespace {

namespace fs = std::filesystem;

// A database's directory whose lock is held by a process that looks like `nacre ARGUMENT...`: a
// shell whose script has the name of nacre's first argument, and waits.
class Holder : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/nacre-holder-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    ASSERT_EQ(::pipe(ready_), 0);
  }

  void TearDown() override {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    ::close(ready_[0]);
    ::close(ready_[1]);
    fs::remove_all(directory_);
  }

  void hold_by(const char* command) {
    std::ofstream(directory_ / command) << "echo ready\nread -r line < fifo\n";
    ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(ready_[1], 1);
      if (::chdir(directory_.c_str()) == 0) {
        ::execl("/bin/sh", "nacre", command, "--data", "/srv", nullptr);
      }
      ::_exit(127);
    }
    char first = 0;
    ASSERT_EQ(::read(ready_[0], &first, 1), 1);
    std::ofstream(directory_ / "LOCK") << process_ << "\n";
  }

  fs::path directory_;
  int ready_[2] = {-1, -1};
  pid_t process_ = -1;
};

TEST_F(Holder, AServerIsNamedByItsCommand) {
  hold_by("serve");
  EXPECT_EQ(describe_holder(directory_),
            "the server 'nacre serve --data /srv' (process " + std::to_string(process_) +
                ") has it open: ask it through mongosh or a driver, or stop it first");
}

TEST_F(Holder, AnotherCommandIsNamedByItsProcess) {
  hold_by("import");
  EXPECT_EQ(describe_holder(directory_),
            "a server or another command has it open (process " + std::to_string(process_) + ")");
}

TEST_F(Holder, ALockThatNamesNobodyIsStillSomebodys) {
  EXPECT_EQ(describe_holder(directory_), "a server or another command has it open");
  std::ofstream(directory_ / "LOCK") << "\n";
  EXPECT_EQ(describe_holder(directory_), "a server or another command has it open");
}

}  // namespace
}  // namespace nacre::cli
