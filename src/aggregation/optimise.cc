// What makes a pipeline cheaper and changes nothing of what it gives.
//
// Rules: a $match moves in front of stages that leave what it looks at alone; two in a row become
// one; a $sort keeps as many rows as the $limit behind it lets through; an $unwind copies the
// fields that are looked at behind it.
#include <algorithm>
#include <limits>
#include <utility>

#include "aggregation/cut_stages.h"
#include "aggregation/match_stage.h"
#include "aggregation/path_edit.h"
#include "aggregation/sort_stage.h"
#include "aggregation/stage_spec.h"
#include "aggregation/unwind.h"

namespace nacre::aggregation {
namespace {

const MatchStage* as_match(const StagePtr& stage) {
  return dynamic_cast<const MatchStage*>(stage.get());
}

bool leaves_alone(const Effect& effect, const std::vector<std::string>& paths) {
  if (!effect.row_by_row) return false;
  return std::ranges::all_of(paths, [&](const std::string& path) {
    const auto touches = [&](const std::string& written) { return paths_overlap(path, written); };
    if (std::ranges::any_of(effect.written, touches)) return false;
    if (!effect.only) return true;
    return std::ranges::any_of(*effect.only, [&](const std::string& kept) {
      return path == kept || path.starts_with(kept + ".");
    });
  });
}

bool may_pass(const MatchStage& match, const StageSpec& before) {
  const auto paths = filter_paths(match.filter());
  if (!paths) return false;
  // A sort with a limit gives other rows when fewer come in.
  if (const auto* sort = dynamic_cast<const SortStage*>(&before)) return sort->limit() == 0;
  if (before.name() == "$match") return false;
  return leaves_alone(before.effect(), *paths);
}

void move_matches(std::vector<StagePtr>& stages) {
  for (std::size_t i = 1; i < stages.size(); ++i) {
    for (std::size_t at = i; at > 0; --at) {
      const MatchStage* match = as_match(stages[at]);
      if (match == nullptr || !may_pass(*match, *stages[at - 1])) break;
      std::swap(stages[at], stages[at - 1]);
    }
  }
}

void join_matches(std::vector<StagePtr>& stages) {
  for (std::size_t i = 0; i + 1 < stages.size();) {
    const MatchStage* first = as_match(stages[i]);
    const MatchStage* second = as_match(stages[i + 1]);
    if (first == nullptr || second == nullptr) {
      ++i;
      continue;
    }
    bson::Builder both;
    both.begin_array("$and").push(first->filter()).push(second->filter()).end();
    const bson::Document filter = both.finish();
    auto joined = std::make_unique<MatchStage>(filter.view(), first->variables());
    const bson::Document source = bson::Builder().append("$match", filter).finish();
    joined->set_source(*source.view().begin());
    stages[i] = std::move(joined);
    stages.erase(stages.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

void limit_sorts(std::vector<StagePtr>& stages) {
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    auto* sort = dynamic_cast<SortStage*>(stages[i].get());
    const auto* limit = dynamic_cast<const LimitStage*>(stages[i + 1].get());
    if (sort == nullptr || limit == nullptr) continue;
    sort->set_limit(static_cast<std::uint64_t>(limit->count()));
    stages.erase(stages.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

using Fields = std::optional<std::vector<std::string>>;

// The fields of its input that a $match needs, when those behind it need `behind`.
Fields needs_of_match(const MatchStage& match, Fields behind) {
  const auto paths = filter_paths(match.filter());
  if (!behind || !paths) return std::nullopt;
  for (const std::string& path : *paths) behind->push_back(split_path(path).front());
  return behind;
}

void reduce_unwinds(std::vector<StagePtr>& stages) {
  Fields needed;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    if (auto* unwind = dynamic_cast<UnwindStage*>(stage->get())) {
      if (!needed) continue;
      const std::string& own = unwind->steps().front();
      std::erase(*needed, own);
      unwind->keep_only(*needed);
      needed->push_back(own);
    } else if (const MatchStage* match = as_match(*stage)) {
      needed = needs_of_match(*match, std::move(needed));
    } else {
      needed = (*stage)->needs();
    }
  }
}

// Collects into `paths`; false when the filter may look anywhere.
// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
bool collect_paths(const bson::View& filter, std::vector<std::string>& paths) {
  for (const bson::Element& part : filter) {
    const std::string_view name = part.name();
    if (name == "$comment") continue;
    if (!name.starts_with('$')) {
      paths.emplace_back(name);
      continue;
    }
    if (name != "$and" && name != "$or" && name != "$nor") return false;
    if (!part.is(bson::Type::kArray)) return false;
    for (const bson::Element& clause : part.array()) {
      if (!clause.is(bson::Type::kDocument) || !collect_paths(clause.document(), paths)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::string>> filter_paths(const bson::View& filter) {
  std::vector<std::string> paths;
  if (!collect_paths(filter, paths)) return std::nullopt;
  return paths;
}

void optimise(Pipeline& pipeline) {
  limit_sorts(pipeline.stages);
  move_matches(pipeline.stages);
  join_matches(pipeline.stages);
  reduce_unwinds(pipeline.stages);
}

}  // namespace nacre::aggregation
