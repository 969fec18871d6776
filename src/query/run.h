// A plan with all it needs to run: what stands behind a Cursor, and what the other operations pull.
//
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expression/environment.h"
#include "match/filter.h"
#include "query/cursor.h"
#include "query/operations.h"
#include "query/operator.h"
#include "query/planner.h"

namespace nacre::query {

// What the expressions of an operation that begins now are evaluated in; the clock is read when
// they ask for it.
[[nodiscard]] expression::Environment environment_now();

class Cursor::Source {
 public:
  Source(Reader reader, const Scope& scope)
      : execution{.reader = std::move(reader),
                  .limits = Limits(scope.max_time_ms, scope.interrupted),
                  .environment = environment_now()} {}
  // Operators look into what stands above them here.
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // What strings are compared with from now on; null: by their bytes.
  void set_collator(std::shared_ptr<const text::Collator> collator) {
    collator_ = std::move(collator);
    variables.set_collator(collator_.get());
    execution.environment.set_collator(collator_.get());
  }
  [[nodiscard]] const std::shared_ptr<const text::Collator>& shared_collator() const {
    return collator_;
  }
  [[nodiscard]] const text::Collator* collator() const { return collator_.get(); }

  Execution execution;
  std::shared_ptr<void>
      kept;  // what else operators look into; its maker's, shared with nobody else
  expression::Scope variables;  // of the command; their values are in the environment
  std::unique_ptr<const match::Filter> filter;
  std::unique_ptr<Operator> root;
  // Of an explained run: the plans that lost a race.
  std::vector<std::unique_ptr<Operator>> rejected;

 private:
  std::shared_ptr<const text::Collator> collator_;  // shared with those that order by it
};

using Run = Cursor::Source;

// A reader of the scope's transaction, or of a snapshot taken now.
[[nodiscard]] Result<Reader> open_reader(const Scope& scope);

// A run over the documents of a collection that a filter takes; without order, skip and limit.
struct AccessRequest {
  std::string_view collection;
  bson::View filter;
  std::vector<document::IndexField> sort{};  // what the plan should give if it can
  bson::Element hint{};
  Need need = Need::kDocuments;
  const text::Collator* collator = nullptr;  // of the query, for open_access; outlives the run
  bson::View min = {};
  bson::View max = {};
  std::size_t rows = 0;                    // that will be pulled at most; 0: all
  std::vector<std::string> fields{};       // the only ones that are wanted; empty: all
  bool by_text_score = false;              // in place of `sort`
  const match::NearQuery* near = nullptr;  // in place of the filter's $near; outlives the run
  bool explained = false;                  // plans race again, and those that lose are kept
  bson::View let{};                        // variables of the command, for open_run
  // What $expr may name, for open_access; their values are in `environment`, which outlives the run
  // (null: in the execution's).
  const expression::Scope* variables = nullptr;
  expression::Environment* environment = nullptr;
  Collation collation{};  // the same, for open_run: the run keeps it
  // The collection, where it was looked up already.
  const document::CollectionInfo* found = nullptr;
};
// Within an execution that is there already: for pipelines that read several collections as of one
// position. The operators look into the filter.
struct OpenedAccess {
  std::unique_ptr<const match::Filter> filter;  // null: an _id was all there was
  std::unique_ptr<Operator> root;
  bool sorted = false;  // in the order of `sort`
  std::vector<std::unique_ptr<Operator>> rejected{};
};
[[nodiscard]] Result<OpenedAccess> open_access(Execution& execution, const AccessRequest& request);

struct OpenedRun {
  std::unique_ptr<Run> run;
  bool sorted = false;  // in the order of `sort`
};
[[nodiscard]] Result<OpenedRun> open_run(const Scope& scope, AccessRequest request);

// The whole of a find.
[[nodiscard]] Result<std::unique_ptr<Run>> open_find(const Scope& scope,
                                                     const FindRequest& request);
[[nodiscard]] Result<std::unique_ptr<Run>> open_count(const Scope& scope,
                                                      const CountRequest& request);

// Explains a run, carrying it out when the verbosity asks for figures; see explain in operations.h.
[[nodiscard]] Result<bson::Document> explain_run(const Scope& scope, std::string_view collection,
                                                 const bson::View& filter, Run& run,
                                                 Verbosity verbosity);

// {stage, inputStage, ...}: a plan by itself, as the winning one of explain.
[[nodiscard]] bson::Document describe_plan(const Operator& root);

// kInvalid 2 (BadValue) naming `field` when `value` is negative.
[[nodiscard]] Result<> check_not_negative(std::string_view field, std::int64_t value);

// kInvalid 2 (BadValue) for {$natural: ...} that is not alone, or neither 1 nor -1.
[[nodiscard]] Result<> check_hint(const bson::Element& hint);

// A SORT over the run's root unless the pattern is empty; limit 0: none.
[[nodiscard]] Result<> add_sort(Run& run, const bson::View& sort, std::size_t limit,
                                bool allow_disk_use = true);

// The pattern as the planner wants it; empty when {}.
[[nodiscard]] Result<std::vector<document::IndexField>> sort_fields(const bson::View& sort);

}  // namespace nacre::query
