#include "aggregation/parallel_group.h"

#include <algorithm>
#include <array>
#include <utility>

#include "aggregation/no_rows.h"
#include "query/parallel.h"
#include "query/planner.h"

namespace nacre::aggregation {
namespace {

constexpr std::size_t kPartsPerThread = 4;  // so that none waits long for the last one

// A group that is fed by absorb() alone.
bool is_row_by_row(const StageSpec& stage) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"$match", "$unwind", "$project", "$addFields", "$set", "$unset"});
  return std::ranges::find(kNames, stage.name()) != kNames.end();
}

// The first group behind stages that may be run apart; null: there is none.
const GroupStage* group_behind(const Pipeline& pipeline, std::size_t& at) {
  while (at < pipeline.stages.size() && is_row_by_row(*pipeline.stages[at])) ++at;
  if (at == pipeline.stages.size()) return nullptr;
  return dynamic_cast<const GroupStage*>(pipeline.stages[at].get());
}

}  // namespace

// What one thread works with while it is at one part.
struct ParallelGroup::Part {
  Part(const Context& outer, std::size_t bytes_max)
      : execution{.reader = outer.execution.reader,
                  .limits = outer.execution.limits,
                  .works_left = {},
                  .environment = outer.execution.environment.fork()},
        context{.scope = outer.scope,
                .execution = execution,
                .environment = outer.environment.fork(),
                .collator = outer.collator,
                .allow_disk_use = true,
                .stage_bytes_max = bytes_max} {}

  query::Execution execution;
  Context context;
  std::unique_ptr<Group> group;
  Result<bool> fits = true;  // in memory
};

ParallelGroup::ParallelGroup(Plan plan, Context& context)
    : plan_(std::move(plan)), context_(context) {}
ParallelGroup::~ParallelGroup() = default;

Result<std::optional<query::Row>> ParallelGroup::next() {
  if (whole_ == nullptr) NACRE_TRY(collect());
  return whole_->next();
}

Result<OperatorPtr> ParallelGroup::open_rows(const query::KeyRange& range, Context& context) const {
  query::Access access{.kind = query::AccessKind::kCollection, .collection = plan_.collection};
  access.bounds.ranges = {range};
  OperatorPtr rows = query::open(context.execution, std::move(access), *plan_.filter);
  for (std::size_t stage = plan_.first; stage < plan_.group; ++stage) {
    rows = NACRE_TRY(plan_.pipeline->stages[stage]->open(std::move(rows), context));
  }
  return rows;
}

// False: its groups do not fit into memory.
Result<bool> ParallelGroup::run_part(Part& part, std::size_t i) const {
  OperatorPtr rows = NACRE_TRY(open_rows(plan_.parts[i], part.context));
  part.group = std::make_unique<Group>(std::move(rows), *plan_.spec, part.context);
  return part.group->collect_in_memory();
}

Result<> ParallelGroup::collect() {
  // All of them together may have what one group may.
  const std::size_t share = context_.stage_bytes_max / plan_.parts.size();
  for (std::size_t i = 0; i < plan_.parts.size(); ++i) {
    parts_.push_back(std::make_unique<Part>(context_, share));
  }
  query::run_parts(parts_.size(), query::scan_threads(),
                   [this](std::size_t i) { parts_[i]->fits = run_part(*parts_[i], i); });
  for (const auto& part : parts_) {
    const bool fits = NACRE_TRY(std::move(part->fits));
    if (!fits) return collect_alone();
  }
  auto whole = std::make_unique<Group>(no_rows(), *plan_.spec, context_);
  for (const auto& part : parts_) NACRE_TRY(whole->absorb(*part->group));
  whole_ = std::move(whole);
  return {};
}

// What does not fit is grouped by way of the disk, from the beginning.
Result<> ParallelGroup::collect_alone() {
  parts_.clear();
  OperatorPtr rows = NACRE_TRY(open_rows(query::KeyRange{}, context_));
  whole_ = std::make_unique<Group>(std::move(rows), *plan_.spec, context_);
  return {};
}

Result<OperatorPtr> open_parallel_group(const PlannedRows& planned, Context& context,
                                        std::size_t& behind) {
  std::size_t at = planned.first;
  const GroupStage* group = group_behind(planned.pipeline, at);
  const bool is_scan = planned.rows.stage() == "COLLSCAN" && planned.filter != nullptr &&
                       !planned.filter->has_expression();
  const query::Scope& scope = context.scope;
  if (group == nullptr || !is_scan || planned.request.hint) return nullptr;
  if (scope.transaction != nullptr || scope.explained || query::scan_threads() < 2) return nullptr;
  const document::CollectionInfo* info =
      context.execution.reader.catalog().find(planned.request.collection);
  if (info == nullptr || info->order) return nullptr;
  const auto documents = NACRE_TRY(scope.database.count(planned.request.collection));
  if (!documents || *documents < query::parallel_tuning().documents_min) return nullptr;
  const std::size_t parts = query::scan_threads() * kPartsPerThread;
  std::vector<std::string> keys =
      NACRE_TRY(context.execution.reader.split_keys(info->table, parts));
  if (keys.empty()) return nullptr;
  std::vector<query::KeyRange> ranges(keys.size() + 1);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ranges[i].end = keys[i];
    ranges[i + 1].begin = std::move(keys[i]);
  }
  behind = at + 1;
  return std::make_unique<ParallelGroup>(ParallelGroup::Plan{.collection = info,
                                                             .filter = planned.filter,
                                                             .parts = std::move(ranges),
                                                             .pipeline = &planned.pipeline,
                                                             .first = planned.first,
                                                             .group = at,
                                                             .spec = &group->spec()},
                                         context);
}

}  // namespace nacre::aggregation
