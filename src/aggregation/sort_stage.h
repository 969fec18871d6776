// SortStage: $sort, which may stop at as many rows as the stages behind it want.
//
// Errors:  parse: 15973-15976 and those of query::SortPattern. next: 292 when the rows take more
//          than the stage may and disk use is not allowed.
// Cost:    rows are held until all are there; beyond the stage's memory they go to disk in sorted
//          runs, and are merged from there.
// Threads: the spec is immutable once parsed and optimised.
#pragma once

#include <cstdint>
#include <optional>

#include "aggregation/stage_spec.h"
#include "base/bytes.h"
#include "query/sort_key.h"
#include "query/sorter.h"

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

// Rows ordered by keys that somebody made, in the memory that the context allows.
class Sorter {
 public:
  // limit 0: all.
  Sorter(Context& context, std::string_view name, std::uint64_t limit)
      : sorter_({.files = &context.scope.database.temporary_files(),
                 .bytes_max = context.stage_bytes_max,
                 .allow_disk_use = context.allow_disk_use},
                name, limit) {}

  [[nodiscard]] Result<> add(std::string_view key, const bson::View& row) {
    return sorter_.add(key, as_text(row.bytes()));
  }
  // After the last add.
  [[nodiscard]] Result<> finish() { return sorter_.finish(); }
  // The next row, valid until the next call.
  [[nodiscard]] Result<std::optional<bson::View>> next() {
    const auto record = NACRE_TRY(sorter_.next());
    if (!record) return std::nullopt;
    return bson::View::trusted(as_bytes(*record));
  }
  // The same as a copy, for those who look ahead.
  [[nodiscard]] Result<std::optional<bson::Document>> next_copy() {
    const auto row = NACRE_TRY(next());
    if (!row) return std::nullopt;
    return bson::Document(*row);
  }
  [[nodiscard]] bool used_disk() const { return sorter_.used_disk(); }

 private:
  query::Sorter sorter_;
};

}  // namespace nacre::aggregation
