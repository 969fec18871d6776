#include "aggregation/view_reads.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/past_flags.h"
#include "cli/print_documents.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "find",
    .summary = "Show the documents that match a filter",
    .about =
        "Prints one document per line, as MongoDB Extended JSON. The filter is MongoDB's,\n"
        "as JSON; without one every document is shown. --at shows what was there then,\n"
        "as far back as history is kept.\n",
    .examples =
        "  nacre find --db world --collection cities --limit 5\n"
        "  nacre find '{\"country\": {\"$in\": [\"AD\", \"MC\"]}}' \\\n"
        "      --sort '{\"name\": 1}' --projection '{\"name\": 1, \"_id\": 0}' \\\n"
        "      --db world --collection cities\n"
        "  nacre find --at 2026-11-28T09:30:00Z --db world --collection cities\n"};

class FindCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILTER", query_.filter, "Which documents: {\"country\": \"AD\"}.",
                         Need::kOptional);
    where_.declare(arguments);
    query_.declare(arguments, /*with_projection=*/true);
    past_.declare(arguments);
    arguments.flag("--canonical", canonical_,
                   "Keep every type: {\"$numberInt\": \"1\"} instead of 1.");
    arguments.flag("--json", json_, "One JSON document per line; find prints so always.");
  }

  Result<Exit> run(Console& console) override {
    const auto query = NACRE_TRY(Query::parse(query_));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const query::Scope scope = NACRE_TRY(scope_of(database, past, where_.collection));
    const auto form = canonical_ ? bson::JsonForm::kCanonical : bson::JsonForm::kRelaxed;
    auto cursor = NACRE_TRY(aggregation::find(scope, query.find(where_.collection)));
    NACRE_TRY(print_documents(console, cursor, form));
    return Exit::kOk;
  }

 private:
  CollectionFlags where_;
  QueryFlags query_;
  PastFlags past_;
  bool canonical_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_find_command() { return std::make_unique<FindCommand>(); }

}  // namespace nacre::cli
