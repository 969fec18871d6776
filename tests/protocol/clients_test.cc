// The Node driver and mongosh, unmodified, against the server. They are where ./dev put them
// (build/node, or $NACRE_NODE); without them these tests are skipped, and say so, unless
// $NACRE_REQUIRE_CLIENTS is set, as it is in CI.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "serving_testing.h"

extern char** environ;

namespace nacre::server {
namespace {

namespace fs = std::filesystem;

const fs::path kScripts = NACRE_PROTOCOL_SCRIPTS;

fs::path node_directory() {
  const char* given = std::getenv("NACRE_NODE");
  return given != nullptr ? fs::path(given) : fs::path(NACRE_NODE_DIRECTORY);
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Outcome {
  int status = -1;
  std::string output;
};

// Runs a program to its end; both its outputs go to one file below `scratch`, its home as well.
Outcome run(const std::string& scratch, std::vector<std::string> arguments) {
  const std::string output = scratch + "/output.txt";
  std::vector<std::string> environment = {"HOME=" + scratch,
                                          "NACRE_NODE=" + node_directory().string()};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    if (!text.starts_with("HOME=") && !text.starts_with("NACRE_NODE=")) environment.push_back(text);
  }
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (std::string& text : arguments) argv.push_back(text.data());
  for (std::string& text : environment) envp.push_back(text.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {.status = error, .output = "posix_spawn failed"};
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .output = text_of(output)};
}

class Clients : public ::testing::Test {
 protected:
  void SetUp() override {
    node_ = (node_directory() / "node").string();
    if (fs::exists(node_)) return;
    if (std::getenv("NACRE_REQUIRE_CLIENTS") != nullptr) {
      FAIL() << "no Node.js clients in " << node_directory();
    }
    std::cerr << "SKIPPED: no Node.js clients in " << node_directory()
              << "; ./dev test installs them\n";
    GTEST_SKIP();
  }

  void run_scenario(const std::string& name, const std::vector<std::string>& uris) {
    std::vector<std::string> arguments = {node_, kScripts / "node_driver.mjs", name};
    arguments.insert(arguments.end(), uris.begin(), uris.end());
    const Outcome outcome = run(serving_.directory(), arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_EQ(outcome.output, name + ": ok\n");
  }
  void run_scenario(const std::string& name) { run_scenario(name, {serving_.uris().front()}); }

  Outcome run_mongosh(const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {node_,
                                          node_directory() / "node_modules/mongosh/bin/mongosh.js",
                                          serving_.uris().front(), "--quiet"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(serving_.directory(), arguments);
  }

  Serving serving_;
  std::string node_;
};

TEST_F(Clients, NodeConnectsInEveryWay) {
  std::vector<std::string> uris = serving_.uris();
  ASSERT_GE(uris.size(), 2U);
  const std::string port = uris[1];  // mongodb://127.0.0.1:<port>/
  std::string by_name = port;
  by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
  uris.push_back(by_name);
  uris.push_back(port + "?directConnection=true");
  uris.push_back(port + "?replicaSet=nacre");
  uris.push_back(uris.front() + "?directConnection=true");
  uris.push_back(port + "?compressors=zlib");  // nothing in common: plain messages
  run_scenario("connect", uris);
}

TEST_F(Clients, NodeReadsAndWrites) { run_scenario("crud"); }
TEST_F(Clients, NodeReadsAndWritesOverTcp) { run_scenario("crud", {serving_.uris().at(1)}); }
TEST_F(Clients, NodeIteratesCursors) { run_scenario("cursors"); }
TEST_F(Clients, NodeMovesLargeDocuments) { run_scenario("large"); }
TEST_F(Clients, NodeUsesIndexes) { run_scenario("indexes"); }
TEST_F(Clients, NodeUsesSeveralDatabases) { run_scenario("databases"); }
TEST_F(Clients, NodeGetsErrorsItUnderstands) { run_scenario("errors"); }
TEST_F(Clients, NodeRepeatsWritesAndWaitsForNone) { run_scenario("sessions"); }

TEST_F(Clients, NodeRunsTransactions) { run_scenario("transactions"); }

TEST_F(Clients, MongoshRunsAScript) {
  const Outcome outcome = run_mongosh({"--file", (kScripts / "mongosh.js").string()});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_TRUE(outcome.output.ends_with("mongosh: ok\n")) << outcome.output;
}

TEST_F(Clients, MongoshShowsDatabases) {
  const Outcome made = run_mongosh({"--eval", "db.getSiblingDB('seen').c.insertOne({_id: 1})"});
  EXPECT_EQ(made.status, 0) << made.output;
  const Outcome shown = run_mongosh({"--eval", "show dbs"});
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_TRUE(shown.output.starts_with("seen ")) << shown.output;
}

// What was written before a clean stop is there for the next server.
TEST_F(Clients, ARestartedServerHasItAll) {
  const Outcome made = run_mongosh({"--eval", "db.getSiblingDB('kept').c.insertOne({_id: 7})"});
  EXPECT_EQ(made.status, 0) << made.output;
  serving_.stop();
  serving_.start();
  const Outcome found = run_mongosh({"--eval", "db.getSiblingDB('kept').c.findOne()._id"});
  EXPECT_EQ(found.output, "7\n");
}

}  // namespace
}  // namespace nacre::server
