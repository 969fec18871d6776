#include "server/databases.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "io/sim_file_system.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using namespace std::string_literals;

std::unique_ptr<Databases> opened(io::FileSystem& files, std::string_view directory) {
  txn::Options engine{.file_system = &files};
  engine.background_thread = false;
  auto databases = Databases::open(directory, engine);
  EXPECT_TRUE(databases.has_value()) << databases.error().text();
  return *std::move(databases);
}

TEST(DatabaseName, EveryNameMongoTakesHasADirectoryThatLeadsBackToIt) {
  for (const std::string& name : {"shop"s, "Shop"s, "a-b_c9"s, "naïve"s, "a%b"s, "*<>:|?"s,
                                  std::string(63, 'x'), std::string(63, '%'), "\x01"s}) {
    ASSERT_TRUE(check_database_name(name).has_value()) << name;
    const std::string directory = database_directory(name);
    EXPECT_EQ(database_of_directory(directory), name);
    EXPECT_LE(directory.size(), 255U);
    for (const char c : directory)
      EXPECT_TRUE(std::isalnum(c) != 0 || c == '%' || c == '_' || c == '-');
  }
  EXPECT_EQ(database_directory("shop"), "shop");
  EXPECT_EQ(database_directory("a%b"), "a%25b");
}

TEST(DatabaseName, WhatCouldLeaveTheDirectoryIsNoName) {
  for (const std::string& name : {""s, "."s, ".."s, "a/b"s, "../x"s, "a\\b"s, "a.b"s, "a b"s,
                                  "a\"b"s, "a$b"s, std::string("a\0b", 3), std::string(64, 'x')}) {
    const auto checked = check_database_name(name);
    ASSERT_FALSE(checked.has_value()) << name;
    EXPECT_EQ(checked.error().number(), wire_code::kInvalidNamespace);
  }
}

TEST(DatabaseName, DirectoriesThatAreNotOursHaveNoName) {
  for (const char* directory : {"lost+found", ".", "..", ".hidden", "%dropped-1", "a%2", "a%zz",
                                "a%41", "a%2E", "a%2e", "naïve"}) {
    EXPECT_FALSE(database_of_directory(directory).has_value()) << directory;
  }
}

TEST(Databases, OneThatIsNotThereIsOnlyMadeWhenAsked) {
  io::SimFileSystem files(1);
  auto databases = opened(files, "data1");
  EXPECT_FALSE((*databases->find("shop")).has_value());
  EXPECT_TRUE(databases->names()->empty());
  {
    auto made = databases->open_or_create("shop");
    ASSERT_TRUE(made.has_value()) << made.error().text();
    ASSERT_TRUE((*made)->create_collection("orders", bson::View()).has_value());
  }
  EXPECT_EQ(*databases->names(), std::vector<std::string>{"shop"});
  ASSERT_TRUE(databases->close().has_value());

  auto again = opened(files, "data1");
  {
    const auto found = again->find("shop");
    ASSERT_TRUE(found.has_value() && found->has_value());
    EXPECT_NE((*found)->operator->()->snapshot()->catalog().find("orders"), nullptr);
  }
  ASSERT_TRUE(again->close().has_value());
}

TEST(Databases, ADropWaitsForWhoUsesTheDatabaseAndLeavesNothing) {
  io::SimFileSystem files(1);
  auto databases = opened(files, "data2");
  auto lease = std::make_unique<Databases::Lease>(*databases->open_or_create("shop"));
  std::atomic<bool> alone = false;
  std::thread dropper([&] {
    const auto dropped = databases->drop("shop", [&] { alone = true; });
    EXPECT_TRUE(dropped.has_value() && *dropped);
  });
  ASSERT_TRUE((*lease)->create_collection("orders", bson::View()).has_value());
  EXPECT_FALSE(alone);
  lease.reset();
  dropper.join();
  EXPECT_TRUE(alone);
  EXPECT_TRUE(files.list("data2")->empty());
  EXPECT_FALSE((*databases->find("shop")).has_value());
  EXPECT_FALSE(*databases->drop("shop", [] {}));
  ASSERT_TRUE(databases->open_or_create("shop").has_value());
  ASSERT_TRUE(databases->close().has_value());
}

TEST(Databases, WhatACrashLeftOfADropIsRemovedAtTheNextStart) {
  io::SimFileSystem files(1);
  {
    auto databases = opened(files, "data3");
    ASSERT_TRUE(databases->open_or_create("shop").has_value());
    ASSERT_TRUE(databases->close().has_value());
  }
  ASSERT_TRUE(files.rename("data3/shop", "data3/%dropped-7").has_value());
  auto databases = opened(files, "data3");
  EXPECT_TRUE(files.list("data3")->empty());
}

}  // namespace
}  // namespace nacre::server
