// ParallelScan: the rest of a collection scan with a filter, by several threads.
//
// Each takes a part of the collection in turn and keeps the documents that the filter takes; they
//   are given in the order of the collection. Some parts are scanned at a time, so that little is
//   done for nothing when nobody asks for the rest.
// Errors:  those of CollectionScan, in their place among the rows.
// Cost:    memory for what some parts found: kBytesMax of each at most, behind which a part goes on
//          document by document.
// Threads: one thread at a time; those it uses end before next() returns.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "query/scan.h"

namespace nacre::query {

class ParallelScan {
 public:
  // `parts` follow each other.
  ParallelScan(Execution& execution, const CollectionScan::Plan& plan, std::vector<KeyRange> parts);
  ~ParallelScan();
  ParallelScan(const ParallelScan&) = delete;
  ParallelScan& operator=(const ParallelScan&) = delete;

  [[nodiscard]] Result<std::optional<Row>> next();
  void pause();
  // Documents looked at since this was asked last.
  [[nodiscard]] std::int64_t take_looked_at();

 private:
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kPartsPerThread = 4;

  struct Part;

  void scan_some();
  void scan(Part& part) const;
  [[nodiscard]] std::unique_ptr<CollectionScan> scan_of(Execution& execution, KeyRange range) const;

  Execution& execution_;
  const CollectionScan::Plan& plan_;
  const std::vector<KeyRange> ranges_;
  std::size_t next_range_ = 0;
  std::vector<std::unique_ptr<Part>> parts_;  // that have been scanned
  std::size_t part_ = 0;                      // of those, the one that rows are given of
  std::size_t row_ = 0;
  std::unique_ptr<CollectionScan> rest_;  // of that part, behind what it could hold
  std::int64_t rest_seen_ = 0;
  std::int64_t looked_at_ = 0;
};

}  // namespace nacre::query
