#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "bson/builder.h"
#include "bson/collation.h"
#include "query/run.h"

namespace nacre::query {
namespace {

constexpr int kStagesMax = 100;  // of one plan: deeper ones are cut off here

const Operator& shown(const Operator& root) {
  const Operator* stage = &root;
  while (stage->is_hidden() && stage->input() != nullptr) stage = stage->input();
  return *stage;
}

void append_counters(bson::Builder& to, const Operator& stage) {
  const Counters& counters = stage.counters();
  to.append_number("nReturned", counters.returned);
  to.append_number("executionTimeMillisEstimate", 0);
  to.append_number("works", counters.works);
  to.append_number("advanced", counters.returned);
  to.append_number("needTime", std::max<std::int64_t>(0, counters.works - counters.returned));
  to.append_number("needYield", 0);
  to.append_number("saveState", 0);
  to.append_number("restoreState", 0);
  to.append_number("isEOF", counters.works > counters.returned ? 1 : 0);
  if (counters.keys > 0 || stage.stage() == "IXSCAN") {
    to.append_number("keysExamined", counters.keys);
  }
  if (counters.documents > 0 || stage.stage() == "FETCH") {
    to.append_number("docsExamined", counters.documents);
  }
}

// The stages inside each other, the last one outermost, as MongoDB nests them.
// NOLINTNEXTLINE(misc-no-recursion): to kStagesMax
void append_stage(bson::Builder& to, const Operator& root, bool with_counters, int depth = 0) {
  const Operator& stage = shown(root);
  to.append("stage", stage.stage());
  if (with_counters) append_counters(to, stage);
  stage.describe(to);
  const std::vector<const Operator*> inputs = stage.inputs();
  if (depth == kStagesMax) return;
  if (inputs.size() == 1 && stage.input() != nullptr) {
    to.begin_document("inputStage");
    append_stage(to, *inputs.front(), with_counters, depth + 1);
    to.end();
  } else if (!inputs.empty()) {
    to.begin_array("inputStages");
    for (const Operator* input : inputs) {
      to.push_begin_document();
      append_stage(to, *input, with_counters, depth + 1);
      to.end();
    }
    to.end();
  }
}

struct Totals {
  std::int64_t keys = 0;
  std::int64_t documents = 0;
};

// NOLINTNEXTLINE(misc-no-recursion): as deep as the plan
void add_totals(const Operator& root, Totals& totals) {
  const Operator& stage = shown(root);
  totals.keys += stage.counters().keys;
  totals.documents += stage.counters().documents;
  for (const Operator* input : stage.inputs()) add_totals(*input, totals);
}

Totals totals_of(const Operator& root) {
  Totals totals;
  add_totals(root, totals);
  return totals;
}

void append_planner(bson::Builder& to, const Scope& scope, std::string_view collection,
                    const bson::View& filter, const Run& run) {
  to.begin_document("queryPlanner");
  to.append("namespace", scope.database.name() + "." + std::string(collection));
  to.append("parsedQuery", filter);
  if (run.collator() != nullptr) {
    to.append("collation", bson::describe_collation(run.collator()));
  }
  to.append("indexFilterSet", false).append("optimizationTimeMillis", 0);
  to.append("maxIndexedOrSolutionsReached", false).append("maxIndexedAndSolutionsReached", false);
  to.append("maxScansToExplodeReached", false).append("prunedSimilarIndexes", false);
  to.begin_document("winningPlan").append("isCached", false);
  append_stage(to, *run.root, false);
  to.end().begin_array("rejectedPlans");
  for (const auto& loser : run.rejected) {
    to.push_begin_document().append("isCached", false);
    append_stage(to, *loser, false);
    to.end();
  }
  to.end().end();
}

// How far the losers came before they were given up.
void append_all_plans(bson::Builder& to, const Run& run) {
  to.begin_array("allPlansExecution");
  for (const auto& loser : run.rejected) {
    const Totals totals = totals_of(*loser);
    to.push_begin_document().append_number("nReturned", shown(*loser).counters().returned);
    to.append_number("executionTimeMillisEstimate", 0);
    to.append_number("totalKeysExamined", totals.keys);
    to.append_number("totalDocsExamined", totals.documents);
    to.begin_document("executionStages");
    append_stage(to, *loser, true);
    to.end().end();
  }
  to.end();
}

Scope explaining(const Scope& scope) {
  Scope explained = scope;
  explained.explained = true;
  return explained;
}

// Of a statement that writes, what finds the documents.
template <class Request>
Result<bson::Document> explain_matches(const Scope& scope, const Request& request,
                                       Verbosity verbosity) {
  const OpenedRun opened = NACRE_TRY(open_run(explaining(scope), {.collection = request.collection,
                                                                  .filter = request.filter,
                                                                  .hint = request.hint,
                                                                  .let = request.let,
                                                                  .collation = request.collation}));
  return explain_run(scope, request.collection, request.filter, *opened.run, verbosity);
}

}  // namespace

bson::Document describe_plan(const Operator& root) {
  bson::Builder plan;
  append_stage(plan, root, false);
  return plan.finish();
}

Result<bson::Document> explain_run(const Scope& scope, std::string_view collection,
                                   const bson::View& filter, Run& run, Verbosity verbosity) {
  bson::Builder builder;
  builder.append("explainVersion", "1");
  append_planner(builder, scope, collection, filter, run);
  if (verbosity == Verbosity::kQueryPlanner) return builder.finish();

  const auto start = std::chrono::steady_clock::now();
  std::int64_t returned = 0;
  while (true) {
    const auto row = NACRE_TRY(run.root->next());
    if (!row) break;
    ++returned;
  }
  const auto took = std::chrono::steady_clock::now() - start;
  const Totals totals = totals_of(*run.root);
  builder.begin_document("executionStats").append("executionSuccess", true);
  builder.append_number("nReturned", returned);
  builder.append_number("executionTimeMillis",
                        std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  // What MongoDB leaves out: most plans here take less than a millisecond.
  builder.append_number("executionTimeMicros",
                        std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  builder.append_number("totalKeysExamined", totals.keys);
  builder.append_number("totalDocsExamined", totals.documents);
  builder.begin_document("executionStages");
  append_stage(builder, *run.root, true);
  builder.end();
  if (verbosity == Verbosity::kAllPlans) append_all_plans(builder, run);
  builder.end();
  return builder.finish();
}

Result<bson::Document> explain(const Scope& scope, const FindRequest& request,
                               Verbosity verbosity) {
  const auto run = NACRE_TRY(open_find(explaining(scope), request));
  return explain_run(scope, request.collection, request.filter, *run, verbosity);
}

Result<bson::Document> explain(const Scope& scope, const CountRequest& request,
                               Verbosity verbosity) {
  const auto run = NACRE_TRY(open_count(explaining(scope), request));
  return explain_run(scope, request.collection, request.filter, *run, verbosity);
}

Result<bson::Document> explain(const Scope& scope, const UpdateRequest& request,
                               Verbosity verbosity) {
  return explain_matches(scope, request, verbosity);
}

Result<bson::Document> explain(const Scope& scope, const RemoveRequest& request,
                               Verbosity verbosity) {
  return explain_matches(scope, request, verbosity);
}

}  // namespace nacre::query
