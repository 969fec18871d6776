#include <chrono>
#include <string_view>
#include <utility>

#include "bson/builder.h"
#include "query/run.h"

namespace nacre::query {
namespace {

constexpr int kStagesMax = 100;  // of one plan: deeper ones are cut off here

void append_plan(bson::Builder& to, const Operator& stage, bool with_counters) {
  to.append("stage", stage.stage());
  if (with_counters) {
    const Counters& counters = stage.counters();
    to.append_number("nReturned", counters.returned);
    to.append_number("works", counters.works);
    to.append_number("advanced", counters.returned);
    if (counters.keys > 0 || stage.stage() == "IXSCAN") {
      to.append_number("keysExamined", counters.keys);
    }
    if (counters.documents > 0 || stage.stage() == "FETCH") {
      to.append_number("docsExamined", counters.documents);
    }
  }
  stage.describe(to);
}

// The stages inside each other, the last one outermost, as MongoDB nests them.
void append_plan(bson::Builder& to, std::string_view name, const Operator& root,
                 bool with_counters) {
  int depth = 0;
  std::string_view as = name;
  for (const Operator* stage = &root; stage != nullptr && depth < kStagesMax;
       stage = stage->input()) {
    to.begin_document(as);
    append_plan(to, *stage, with_counters);
    as = "inputStage";
    ++depth;
  }
  for (; depth > 0; --depth) to.end();
}

struct Totals {
  std::int64_t keys = 0;
  std::int64_t documents = 0;
};

Totals totals_of(const Operator& root) {
  Totals totals;
  for (const Operator* stage = &root; stage != nullptr; stage = stage->input()) {
    totals.keys += stage->counters().keys;
    totals.documents += stage->counters().documents;
  }
  return totals;
}

Result<bson::Document> explain_matches(const Scope& scope, std::string_view collection,
                                       const bson::View& filter, const bson::Element& hint,
                                       Verbosity verbosity) {
  const OpenedRun opened =
      NACRE_TRY(open_run(scope, {.collection = collection, .filter = filter, .hint = hint}));
  return explain_run(scope, collection, filter, *opened.run, verbosity);
}

}  // namespace

Result<bson::Document> explain_run(const Scope& scope, std::string_view collection,
                                   const bson::View& filter, Run& run, Verbosity verbosity) {
  bson::Builder builder;
  builder.append("explainVersion", "1").begin_document("queryPlanner");
  builder.append("namespace", scope.database.name() + "." + std::string(collection));
  builder.append("parsedQuery", filter);
  builder.append("indexFilterSet", false);
  append_plan(builder, "winningPlan", *run.root, false);
  builder.begin_array("rejectedPlans").end().end();
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
  append_plan(builder, "executionStages", *run.root, true);
  builder.end();
  return builder.finish();
}

Result<bson::Document> explain(const Scope& scope, const FindRequest& request,
                               Verbosity verbosity) {
  const auto run = NACRE_TRY(open_find(scope, request));
  return explain_run(scope, request.collection, request.filter, *run, verbosity);
}

Result<bson::Document> explain(const Scope& scope, const CountRequest& request,
                               Verbosity verbosity) {
  const auto run = NACRE_TRY(open_count(scope, request));
  return explain_run(scope, request.collection, request.filter, *run, verbosity);
}

Result<bson::Document> explain(const Scope& scope, const UpdateRequest& request,
                               Verbosity verbosity) {
  return explain_matches(scope, request.collection, request.filter, request.hint, verbosity);
}

Result<bson::Document> explain(const Scope& scope, const RemoveRequest& request,
                               Verbosity verbosity) {
  return explain_matches(scope, request.collection, request.filter, request.hint, verbosity);
}

}  // namespace nacre::query
