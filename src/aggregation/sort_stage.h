// SortStage: $sort, which may stop at as many rows as the stages behind it want.
//
// Errors:  parse: 15973-15976 and those of query::SortPattern. next: 292 when the rows take more
//          than the stage may and disk use is not allowed.
// Cost:    rows are held until all are there; beyond the stage's memory they go to disk in sorted
//          runs, and are merged from there.
// Threads: the spec is immutable once parsed and optimised.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aggregation/spill.h"
#include "aggregation/stage_spec.h"
#include "query/sort_key.h"

namespace nacre::aggregation {

class SortStage final : public StageSpec {
 public:
  SortStage(query::SortPattern pattern, const bson::View& specification)
      : pattern_(std::move(pattern)), specification_(specification) {}
  [[nodiscard]] std::string_view name() const override { return "$sort"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override;

  [[nodiscard]] bson::View specification() const { return specification_; }
  [[nodiscard]] const query::SortPattern& pattern() const { return pattern_; }
  // 0: all rows.
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  void set_limit(std::uint64_t limit) { limit_ = limit; }

 private:
  query::SortPattern pattern_;
  bson::Document specification_;
  std::uint64_t limit_ = 0;
};

// Rows ordered by keys that somebody made; equal keys in the order of arrival.
class Sorter {
 public:
  // limit 0: all.
  Sorter(Context& context, std::string_view name, std::uint64_t limit)
      : context_(context), name_(name), limit_(limit) {}

  [[nodiscard]] Result<> add(std::string_view key, const bson::View& row);
  // After the last add.
  [[nodiscard]] Result<> finish();
  // The next row, valid until the next call.
  [[nodiscard]] Result<std::optional<bson::View>> next();
  [[nodiscard]] bool used_disk() const { return spilled_; }

 private:
  struct Place {
    std::uint64_t offset;
    std::uint32_t key_size;  // the row's number included
    std::uint32_t row_size;
  };

  [[nodiscard]] std::string_view key_at(const Place& place) const {
    return std::string_view(data_).substr(place.offset, place.key_size);
  }
  [[nodiscard]] std::string_view row_at(const Place& place) const {
    return std::string_view(data_).substr(place.offset + place.key_size, place.row_size);
  }
  [[nodiscard]] bool before(const Place& a, const Place& b) const { return key_at(a) < key_at(b); }
  void order();
  void compact();
  [[nodiscard]] Result<> spill();
  [[nodiscard]] std::size_t bytes() const { return data_.size() + places_.size() * sizeof(Place); }

  Context& context_;
  std::string_view name_;
  std::uint64_t limit_;
  std::string data_;
  std::vector<Place> places_;  // a heap with the last one in front when there is a limit
  std::size_t garbage_ = 0;    // of data_
  std::uint64_t number_ = 0;
  std::size_t at_ = 0;
  RunMerge runs_;
  bool spilled_ = false;
  std::uint64_t given_ = 0;
};

}  // namespace nacre::aggregation
