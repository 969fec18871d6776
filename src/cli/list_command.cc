#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "list",
    .summary = "List the collections of a database and their indexes",
    .about = "One line per collection, and below it one per index with its keys.\n",
    .examples = "  nacre list --db world\n"};

class ListCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    where_.declare(arguments);
    arguments.flag("--json", json_, "One JSON document per collection and line.");
  }

  Result<Exit> run(Console& console) override {
    auto database = NACRE_TRY(where_.open());
    const auto snapshot = NACRE_TRY(database->snapshot());
    for (const std::string& name : snapshot.catalog().collection_names()) {
      const auto* collection = snapshot.catalog().find(name);
      if (collection->settings.is_view) {
        const std::string& on = collection->settings.view_on;
        const auto line = bson::Builder().append("collection", name).append("view_on", on).finish();
        console.print(json_ ? bson::to_json(line) + "\n"
                            : format("{}  view of {}\n", console.styled(Style::kBold, name), on));
        continue;
      }
      const auto indexes = collection->index_specifications();
      if (json_) {
        bson::Builder line;
        line.append("collection", name).begin_array("indexes");
        for (const auto& index : indexes) line.push(index);
        console.print(bson::to_json(line.end().finish()) + "\n");
        continue;
      }
      console.print(console.styled(Style::kBold, name) + "\n");
      for (const auto& index : indexes) {
        console.print(format("  {:<20}  {}{}\n", index.find("name").string(),
                             bson::to_json(index.find("key")),
                             index.find("unique").truthy() ? " unique" : ""));
      }
    }
    return Exit::kOk;
  }

 private:
  DatabaseFlags where_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_list_command() { return std::make_unique<ListCommand>(); }

}  // namespace nacre::cli
