// What becomes of a database after a power cut, held against the oracle.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/sim_file_system.h"
#include "sim/oracle.h"
#include "sim/plan.h"

namespace nacre::sim {

inline constexpr const char* kPath = "db";

// The disk at one moment, and what had been promised by then.
struct Image {
  std::unique_ptr<io::SimFileSystem> disk;
  std::uint64_t acknowledged = 0;
  std::uint64_t possible = 0;  // the newest position that can be on the disk
  std::uint64_t horizon = 0;   // what lies before it is forgotten for good
  io::SimObserver::Call call{};
};

// What the recovery of crash images needs to know, and what it finds.
struct Recovery {
  const Oracle& oracle;
  txn::Options options;  // without background work; the disk is put in
  Tally& tally;
  std::vector<std::string>& violations;

  // Cuts the power of a copy of `image`, opens what is left, and asks for every promise; several
  // times, with other fates, and in the midst of the recovery too.
  void check(const Image& image, io::Random& random, bool damages);

 private:
  void check_fate(const Image& image, io::Random& random, bool damages);
  // Opens the database after a power cut; recoveries are interrupted by further ones.
  [[nodiscard]] Result<std::unique_ptr<txn::Database>> open(io::SimFileSystem& disk,
                                                            io::Random& random, bool interrupts);
  // What can be told without a change of `database` or its disk.
  [[nodiscard]] std::string check_opened(txn::Database& database, io::Random& random,
                                         std::uint64_t horizon);
  // Opened to be read only it shows the same, and changes nothing.
  [[nodiscard]] std::string check_read_only(io::SimFileSystem& disk, io::Random& random,
                                            const Image& image);
  void check_again(io::SimFileSystem& disk, io::Random& random, std::uint64_t position,
                   std::unique_ptr<txn::Database> database);
  void check_damaged(io::SimFileSystem& disk, io::Random& random, const Image& image);
  void fail(const std::string& what) { violations.push_back(what); }
};

}  // namespace nacre::sim
