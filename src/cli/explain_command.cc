#include <chrono>

#include "aggregation/view_reads.h"
#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/past_flags.h"
#include "cli/plan_text.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "explain",
    .summary = "Show how a find is carried out, and what it cost",
    .about =
        "Runs the query and shows the winning plan, innermost stage last, with the index\n"
        "keys and documents it looked at. --json prints the whole of it in MongoDB's\n"
        "shape.\n",
    .examples =
        "  nacre explain '{\"country\": \"AD\"}' --db world --collection cities\n"
        "  nacre explain '{\"name\": \"Rome\"}' --db world --collection cities --json\n"};

class ExplainCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILTER", query_.filter, "Which documents: {\"country\": \"AD\"}.",
                         Need::kOptional);
    where_.declare(arguments);
    query_.declare(arguments, /*with_projection=*/true);
    past_.declare(arguments);
    arguments.flag("--plan-only", plan_only_, "Choose the plan, but run nothing.");
    arguments.flag("--json", json_, "The whole explanation as one JSON document.");
  }

  Result<Exit> run(Console& console) override {
    const auto query = NACRE_TRY(Query::parse(query_));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const query::Scope scope = NACRE_TRY(scope_of(database, past, where_.collection));
    const auto verbosity =
        plan_only_ ? query::Verbosity::kQueryPlanner : query::Verbosity::kExecutionStats;
    const auto begun = std::chrono::steady_clock::now();
    const auto plan =
        NACRE_TRY(aggregation::explain(scope, query.find(where_.collection), verbosity));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    if (json_) {
      console.print(bson::to_json(plan) + "\n");
      return Exit::kOk;
    }
    console.print(format("{:<14}  {}\n", "plan", winning_plan(plan)));
    const auto line = [&](std::string_view title, std::string_view path) {
      if (const auto value = plan.get(path).as_int64()) {
        console.print(
            format("{:<14}  {}\n", title, with_thousands(static_cast<std::uint64_t>(*value))));
      }
    };
    line("returned", "executionStats.nReturned");
    line("keys seen", "executionStats.totalKeysExamined");
    line("documents seen", "executionStats.totalDocsExamined");
    if (!plan_only_) console.print(format("{:<14}  {:.2f} ms\n", "time", taken.count() * 1000));
    return Exit::kOk;
  }

 private:
  CollectionFlags where_;
  QueryFlags query_;
  PastFlags past_;
  bool plan_only_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_explain_command() { return std::make_unique<ExplainCommand>(); }

}  // namespace nacre::cli
