#include <utility>

#include "base/text.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/document_reader.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/statements.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "apply",
    .summary = "Carry out many writes in one transaction: all or nothing",
    .about =
        "Reads statements, one JSON document per line, in the form of MongoDB's commands:\n\n"
        "  {\"insert\": \"cities\", \"documents\": [{...}]}\n"
        "  {\"update\": \"cities\", \"updates\": [{\"q\": {...}, \"u\": {...}, \"multi\": true}]}\n"
        "  {\"delete\": \"cities\", \"deletes\": [{\"q\": {...}, \"limit\": 0}]}\n\n"
        "They may touch any number of collections and see what those before them wrote.\n"
        "One durable commit makes all of them visible at once. When one cannot be carried\n"
        "out, or Ctrl-C is pressed before the commit, nothing has happened.\n",
    .examples =
        "  nacre apply changes.jsonl --db world\n"
        "  nacre apply - --db world <<'END'\n"
        "  {\"delete\": \"cities\", \"deletes\": [{\"q\": {\"country\": \"XX\"}, \"limit\": 0}]}\n"
        "  END\n"};

class ApplyCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILE", file_, "The statements; - is standard input.");
    where_.declare(arguments);
    arguments.flag("--json", json_, "Print what was done as JSON.");
  }

  Result<Exit> run(Console& console) override {
    const auto input = NACRE_TRY(open_input(file_));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    auto transaction = NACRE_TRY(database->begin());
    DocumentReader reader(*input);
    StatementCounts counts;
    while (true) {
      const auto read = NACRE_TRY(reader.next());
      if (!read.has_value()) break;
      if (interrupted()) {
        console.message("interrupted; nothing was changed");
        return Exit::kInterrupted;
      }
      if (!read->reason.empty()) {
        console.message(describe_problem(input->name(), read->place, read->reason));
        console.message("nothing was changed");
        return Exit::kProblem;
      }
      auto done = run_statement(*database, transaction, read->document, counts);
      if (!done.has_value()) {
        return std::unexpected(std::move(done).error().while_doing(format(
            "applying line {} of {}; nothing was changed", read->place.line, input->name())));
      }
    }
    const auto position = NACRE_TRY(transaction.commit());
    NACRE_TRY(database->close());
    if (json_) {
      console.print(format("{{\"inserted\":{},\"modified\":{},\"deleted\":{},\"position\":{}}}\n",
                           counts.inserted, counts.modified, counts.deleted, number(position)));
    } else {
      console.message(format("{} inserted, {} modified, {} deleted in one commit, position {}",
                             counts.inserted, counts.modified, counts.deleted, number(position)));
    }
    return Exit::kOk;
  }

 private:
  DatabaseFlags where_;
  std::string file_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_apply_command() { return std::make_unique<ApplyCommand>(); }

}  // namespace nacre::cli
