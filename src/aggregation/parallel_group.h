// ParallelGroup: a $group over a whole collection, by several threads.
//
// Each takes parts of the collection in turn, runs the stages in front of the group over one, and
//   groups its rows; the groups of the parts are then made one, in the order of the parts. So the
//   groups come out in the order in which a single thread would have met them, and lists and first
//   and last values are what they would have been.
// Why not for all pipelines: only rows that depend on nothing but one document may be made apart.
// Errors:  those of Group and of the stages.
// Threads: one thread at a time; those it uses end before next() returns.
#pragma once

#include <memory>
#include <vector>

#include "aggregation/group.h"
#include "aggregation/stage_spec.h"
#include "query/index_bounds.h"

namespace nacre::aggregation {

class ParallelGroup final : public query::Operator {
 public:
  // The collection, where it is divided, and the stages of `pipeline` from `first` up to the group.
  // All that is pointed to outlives it.
  struct Plan {
    const document::CollectionInfo* collection;
    const match::Filter* filter;  // that documents are asked
    std::vector<query::KeyRange> parts;
    const Pipeline* pipeline;
    std::size_t first;
    std::size_t group;
    const GroupSpec* spec;
  };
  ParallelGroup(Plan plan, Context& context);
  ~ParallelGroup() override;
  ParallelGroup(const ParallelGroup&) = delete;
  ParallelGroup& operator=(const ParallelGroup&) = delete;

  Result<std::optional<query::Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "GROUP"; }

 private:
  struct Part;

  [[nodiscard]] Result<> collect();
  [[nodiscard]] Result<OperatorPtr> open_rows(const query::KeyRange& range, Context& context) const;
  [[nodiscard]] Result<bool> run_part(Part& part, std::size_t i) const;
  [[nodiscard]] Result<> collect_alone();

  const Plan plan_;
  Context& context_;
  std::vector<std::unique_ptr<Part>> parts_;  // their contexts live as long as their groups
  std::unique_ptr<Group> whole_;
};

// How a pipeline was planned so far: `rows` finds its documents for the stages from `first` on.
struct PlannedRows {
  const Pipeline& pipeline;
  std::size_t first;
  const query::AccessRequest& request;
  const query::Operator& rows;
  const match::Filter* filter;  // null: none was needed
};
// The first group of the pipeline, in place of `rows` and all stages up to it, where it is worth
// several threads; else null. `behind` is set to the first stage behind the group.
[[nodiscard]] Result<OperatorPtr> open_parallel_group(const PlannedRows& planned, Context& context,
                                                      std::size_t& behind);

}  // namespace nacre::aggregation
