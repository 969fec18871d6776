#include "base/text.h"
#include "cli/command.h"
#include "cli/database_flags.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "drop-index",
    .summary = "Take an index away",
    .about =
        "The documents stay as they are. The index on _id cannot be "
        "dropped.\n'nacre list' shows the names.\n",
    .examples = "  nacre drop-index country_1 --db world --collection cities\n"};

class DropIndexCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("INDEX", index_, "Its name.");
    where_.declare(arguments);
  }

  Result<Exit> run(Console& console) override {
    auto database = NACRE_TRY(where_.open_with_collection());
    NACRE_TRY(database->drop_index(where_.collection, std::string_view(index_)));
    NACRE_TRY(database->close());
    console.message(format("index {} dropped", index_));
    return Exit::kOk;
  }

 private:
  CollectionFlags where_;
  std::string index_;
};

}  // namespace

std::unique_ptr<Command> make_drop_index_command() { return std::make_unique<DropIndexCommand>(); }

}  // namespace nacre::cli
