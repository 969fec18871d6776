// The past: the database as it was, the versions of a document, what commits did.
#include "example.h"

using nacre::ChangeKind;
using nacre::Update;
using nacre::where;

namespace {

const char* name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kInsert:
      return "insert";
    case ChangeKind::kUpdate:
      return "update";
    case ChangeKind::kReplace:
      return "replace";
    case ChangeKind::kRemove:
      return "remove";
    case ChangeKind::kDrop:
      return "drop";
    case ChangeKind::kRename:
      return "rename";
  }
  return "";
}

nacre::Result<> run(const char* path) {
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto prices = database.collection("prices");
  NACRE_TRY(prices.insert_one(R"({"_id": "tea", "cents": 250})"));
  const auto opening_day = database.position();
  NACRE_TRY(prices.update_one(where("_id").eq("tea"), Update().set("cents", 290)));
  NACRE_TRY(prices.delete_one(where("_id").eq("tea")));

  const auto then = NACRE_TRY(database.at(opening_day));
  const auto tea = NACRE_TRY(then.collection("prices").find_one(where("_id").eq("tea")));
  say("on the opening day: " + (tea ? tea->to_json() : "no tea"));

  const auto history = NACRE_TRY(prices.history("tea"));
  for (const auto& version : history.versions) {
    say(std::string(name_of(version.kind)) + " " + version.document.to_json() + " set " +
        version.updated.to_json());
  }

  NACRE_TRY(prices.restore("tea", opening_day));
  say("restored: " + NACRE_TRY(prices.get("tea"))->document.to_json());

  auto changes = NACRE_TRY(database.changes(opening_day));
  while (const auto change = NACRE_TRY(changes.next())) {
    say(std::string(name_of(change->kind)) + " " + change->collection + " " + change->id.to_json());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
