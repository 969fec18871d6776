// What becomes of a database of documents after a power cut: the documents of one position, the
// indexes that were there, and each index in step with its collection both ways.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/document_session.h"
#include "sim/recovery.h"

namespace nacre::sim {

struct DocumentRecovery {
  const Oracle& oracle;
  const IndexLog& indexes;
  document::Options options;  // without background work; the disk is put in
  Tally& tally;
  std::vector<std::string>& violations;

  // Cuts the power of copies of `image`, opens what is left, and asks for every promise.
  void check(const Image& image, io::Random& random);
  // Opens what is on `disk`, which has been between `acknowledged` and `possible`. Returns its
  // position before what half-built indexes left was removed; 0 after a violation.
  std::uint64_t check_disk(io::SimFileSystem& disk, io::Random& random, std::uint64_t acknowledged,
                           std::uint64_t possible, bool interrupts);

  // What is on `disk` as the engine opens it, which makes it durable.
  [[nodiscard]] Result<std::uint64_t> position_of(io::SimFileSystem& disk) const;

 private:
  void check_fate(const Image& image, io::Random& random);
  void interrupt(io::SimFileSystem& disk, io::Random& random);
  [[nodiscard]] std::string check_open(document::Database& database, io::Random& random,
                                       std::uint64_t position);
  [[nodiscard]] std::string check_indexes(const document::Catalog& catalog,
                                          std::uint64_t position) const;
  [[nodiscard]] std::string check_step(document::Database& database);
  [[nodiscard]] std::string go_on(document::Database& database, io::Random& random);
  void fail(const std::string& what) { violations.push_back(what); }
};

}  // namespace nacre::sim
