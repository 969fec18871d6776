#include "aggregation/aggregate.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/past_flags.h"
#include "cli/print_documents.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "aggregate",
    .summary = "Show what a pipeline makes of a collection",
    .about =
        "Prints one document per line, as MongoDB Extended JSON. The pipeline is\n"
        "MongoDB's, a JSON array of stages. --at shows what it makes of what was there\n"
        "then. One that ends in $out or $merge writes, and prints nothing.\n",
    .examples =
        "  nacre aggregate '[{\"$group\": {\"_id\": \"$country\", \"n\": {\"$sum\": 1}}}]' \\\n"
        "      --db world --collection cities\n"
        "  nacre aggregate '[{\"$match\": {\"country\": \"AD\"}}, {\"$out\": \"andorra\"}]' \\\n"
        "      --db world --collection cities\n"};

class AggregateCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("PIPELINE", pipeline_, "The stages: [{\"$match\": ...}, ...].");
    where_.declare(arguments);
    arguments.option("--let", "JSON", let_, "Variables: {\"least\": 10} is $$least in stages.");
    past_.declare(arguments);
    arguments.flag("--canonical", canonical_,
                   "Keep every type: {\"$numberInt\": \"1\"} instead of 1.");
    arguments.flag("--json", json_, "One JSON document per line; aggregate prints so always.");
  }

  Result<Exit> run(Console& console) override {
    const bson::Document stages = NACRE_TRY(parse_stages());
    const bson::Document let = NACRE_TRY(parse_json("--let", let_));
    if (!past_.at.empty() && aggregation::writes(stages)) {
      return fail(Code::kInvalid, "the past cannot be written: leave out --at, or $out and $merge");
    }
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const query::Scope scope = NACRE_TRY(scope_of(database, past, where_.collection));
    auto cursor = NACRE_TRY(aggregation::aggregate(
        scope, {.collection = where_.collection, .pipeline = stages, .let = let}));
    const auto form = canonical_ ? bson::JsonForm::kCanonical : bson::JsonForm::kRelaxed;
    NACRE_TRY(print_documents(console, cursor, form));
    return Exit::kOk;
  }

 private:
  [[nodiscard]] Result<bson::Document> parse_stages() const {
    if (!pipeline_.starts_with('[')) {
      return fail(Code::kInvalid,
                  "the pipeline is no JSON array: expected [{\"$match\": ...}, ...]");
    }
    return bson::array_from_json(pipeline_);
  }

  CollectionFlags where_;
  PastFlags past_;
  std::string pipeline_;
  std::string let_ = "{}";
  bool canonical_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_aggregate_command() { return std::make_unique<AggregateCommand>(); }

}  // namespace nacre::cli
