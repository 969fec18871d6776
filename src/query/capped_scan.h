// Every document of a capped collection in the order of its inserts (COLLSCAN).
//
// Errors:  kCorrupt names the collection; what the reader and the filter return.
// Threads: one thread at a time.
#pragma once

#include <optional>
#include <string>

#include "match/filter.h"
#include "query/operator.h"
#include "query/scan.h"

namespace nacre::query {

class CappedScan final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection;  // a capped one
    bool backward = false;
    const match::Filter* filter = nullptr;  // null: every document; outlives the operator
  };
  CappedScan(Execution& execution, Plan plan);

  Result<std::optional<Row>> next() override;
  void pause() override { walk_.pause(); }
  // Before the first row: leaves out what comes up to that place in the order.
  void start_behind(const std::string& place);
  // The place in the order of the last document it looked at; empty: none yet.
  [[nodiscard]] const std::string& reached() const { return reached_; }
  [[nodiscard]] std::string_view stage() const override { return "COLLSCAN"; }
  void describe(bson::Builder& to) const override;

 private:
  Execution& execution_;
  Plan plan_;
  KeyWalk walk_;  // of the order
  std::string reached_;
  std::string key_;
  std::optional<std::string> row_;
};

}  // namespace nacre::query
