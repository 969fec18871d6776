#include "aggregation/view_reads.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/past_flags.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "count",
    .summary = "Count the documents that match a filter",
    .about = "Prints the number alone. Without a filter every document counts.\n",
    .examples =
        "  nacre count --db world --collection cities\n"
        "  nacre count '{\"country\": \"AD\"}' --db world --collection cities\n"};

class CountCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILTER", query_.filter, "Which documents: {\"country\": \"AD\"}.",
                         Need::kOptional);
    where_.declare(arguments);
    query_.declare(arguments, /*with_projection=*/false);
    past_.declare(arguments);
    arguments.flag("--json", json_, "Print {\"count\":N}.");
  }

  Result<Exit> run(Console& console) override {
    const auto query = NACRE_TRY(Query::parse(query_));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const query::Scope scope = NACRE_TRY(scope_of(database, past, where_.collection));
    const auto count = NACRE_TRY(aggregation::count(scope, query.count(where_.collection)));
    console.print(json_ ? format("{{\"count\":{}}}\n", count) : format("{}\n", count));
    return Exit::kOk;
  }

 private:
  CollectionFlags where_;
  QueryFlags query_;
  PastFlags past_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_count_command() { return std::make_unique<CountCommand>(); }

}  // namespace nacre::cli
