#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/past_flags.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "restore-document",
    .summary = "Make one document what it was at an earlier time",
    .about =
        "Writes the document of that _id as it was then, by a new commit; what it was\n"
        "until now stays in its history. A removed document comes back. 'nacre history'\n"
        "shows the positions to choose from.\n"
        "ID is a JSON value (42, '{\"$oid\": \"...\"}'); what is not JSON is a string.\n",
    .examples = "  nacre restore-document 42 --at 1234 --db world --collection cities\n"};

class RestoreDocumentCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("ID", id_, "The _id of the document.");
    where_.declare(arguments);
    past_.declare(arguments);
    arguments.flag("--json", json_, "Print the document as it is now.");
  }

  Result<Exit> run(Console& console) override {
    if (past_.at.empty()) return fail(Code::kInvalid, "--at WHEN is required");
    const auto id = NACRE_TRY(parse_id(id_));
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const query::Scope then = NACRE_TRY(scope_of(database, past, where_.collection));
    auto cursor = NACRE_TRY(
        query::find(then, {.collection = where_.collection, .filter = id, .limit = 1, .hint = {}}));
    const auto found = NACRE_TRY(cursor.next());
    if (!found.has_value()) {
      return fail(Code::kNotFound, format("at position {} {} had no document of that _id",
                                          number(past->position()), where_.collection));
    }
    const auto result = NACRE_TRY(query::update(database.scope(), {.collection = where_.collection,
                                                                   .filter = id,
                                                                   .update = *found,
                                                                   .upsert = true,
                                                                   .hint = {}}));
    const std::string shown = bson::to_json(*found);
    NACRE_TRY(database->close());
    if (json_) console.print(shown + "\n");
    const bool is_same = result.modified == 0 && !result.did_upsert();
    console.message(format("{} of position {}",
                           is_same ? "nothing to do: the document is that" : "restored what it was",
                           number(past->position())));
    return Exit::kOk;
  }

 private:
  CollectionFlags where_;
  PastFlags past_;
  std::string id_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_restore_document_command() {
  return std::make_unique<RestoreDocumentCommand>();
}

}  // namespace nacre::cli
