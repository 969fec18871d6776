#include <chrono>

#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/past_flags.h"
#include "document/changes.h"
#include "document/difference.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "changes",
    .summary = "Show what commits did to documents",
    .about =
        "Prints one JSON document per change, in the order of the commits: position,\n"
        "time, kind (insert, update, replace, remove, drop, rename), collection, _id,\n"
        "and the document afterwards or, of an update, the fields that were set or taken\n"
        "away; of a rename, the new name.\n"
        "Goes back as far as history is kept; 'nacre stats' shows the newest position.\n",
    .examples =
        "  nacre changes --from 1200 --to 1300 --db world\n"
        "  nacre changes --from 1 --collection cities --db world\n"};

std::string_view name_of(document::ChangeKind kind) {
  switch (kind) {
    case document::ChangeKind::kInsert:
      return "insert";
    case document::ChangeKind::kUpdate:
      return "update";
    case document::ChangeKind::kReplace:
      return "replace";
    case document::ChangeKind::kRemove:
      return "remove";
    case document::ChangeKind::kDrop:
      return "drop";
    case document::ChangeKind::kRename:
      return "rename";
  }
  return {};
}

bson::Document describe(const document::DocumentChange& change) {
  bson::Builder all;
  all.append("position", static_cast<std::int64_t>(number(change.position)))
      .append("time", show_time(change.time))
      .append("kind", name_of(change.kind))
      .append("collection", change.collection);
  if (change.kind == document::ChangeKind::kRename) all.append("to", change.renamed_to);
  all.append_all(change.id);
  if (change.kind == document::ChangeKind::kUpdate && change.before) {
    const document::Difference difference = document::difference(*change.before, change.document);
    all.append("updated", difference.updated).begin_array("removed");
    for (const std::string& path : difference.removed) all.push(path);
    all.end();
  } else if (!change.document.view().empty()) {
    all.append("document", change.document);
  }
  return all.finish();
}

class ChangesCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    where_.declare(arguments);
    arguments.option("--from", "POSITION", from_,
                     "The first commit to show; the oldest that is kept if not given.");
    arguments.option("--to", "POSITION", to_, "The last one; the newest if not given.");
    arguments.option("--collection", "NAME", collection_, "Only changes of this collection.");
    arguments.flag("--json", json_, "One JSON document per line; changes prints so always.");
  }

  Result<Exit> run(Console& console) override {
    auto database = NACRE_TRY(where_.open());
    Position after = database->horizon();
    if (!from_.empty()) {
      const Position from = NACRE_TRY(parse_position("--from", from_));
      if (from == kNoPosition) return fail(Code::kInvalid, "--from is 0, expected 1 or more");
      after = Position{number(from) - 1};
    }
    Position last = database->stats().position;
    if (!to_.empty()) last = NACRE_TRY(parse_position("--to", to_));
    auto reader = NACRE_TRY(document::ChangeReader::open(*database, after));
    while (true) {
      const auto change = NACRE_TRY(reader.next(last, std::chrono::microseconds(0)));
      if (!change.has_value()) return Exit::kOk;
      const bool is_wanted = collection_.empty() || change->collection == collection_ ||
                             change->renamed_to == collection_;
      if (!is_wanted) continue;
      console.print(bson::to_json(describe(*change)) + "\n");
    }
  }

 private:
  DatabaseFlags where_;
  std::string from_;
  std::string to_;
  std::string collection_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_changes_command() { return std::make_unique<ChangesCommand>(); }

}  // namespace nacre::cli
