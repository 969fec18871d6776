#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/progress.h"
#include "document/index_spec.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "create-index",
    .summary = "Build an index over a collection",
    .about =
        "The keys are field names, most significant first, with :-1 behind those that\n"
        "descend, or a key pattern as JSON. The index is built over the documents there\n"
        "are, kept up to date by every later write, and chosen by find where it helps.\n",
    .examples =
        "  nacre create-index country --db world --collection cities\n"
        "  nacre create-index country population:-1 --db world --collection cities\n"
        "  nacre create-index '{\"email\": 1}' --unique --db shop --collection users\n"};

[[nodiscard]] Result<bson::Document> parse_keys(const std::vector<std::string>& keys) {
  if (keys.size() == 1 && keys.front().starts_with('{')) {
    return parse_json("the key pattern", keys.front());
  }
  bson::Builder pattern;
  for (const std::string& key : keys) {
    std::string_view path = key;
    int direction = 1;
    if (path.ends_with(":-1")) {
      path.remove_suffix(3);
      direction = -1;
    } else if (path.ends_with(":1")) {
      path.remove_suffix(2);
    }
    if (path.empty() || path.find('\0') != std::string_view::npos) {
      return fail(Code::kInvalid, format("key \"{}\" has no field name", key));
    }
    pattern.append(path, direction);
  }
  return pattern.finish();
}

class CreateIndexCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positionals("KEY...", keys_, "FIELD, FIELD:-1, or one key pattern as JSON.");
    where_.declare(arguments);
    arguments.option("--name", "NAME", name_, "What to call it; country_1 if not given.");
    arguments.flag("--unique", unique_, "No two documents may have the same key.");
    arguments.flag("--sparse", sparse_, "Leave out documents without the field.");
    arguments.flag("--json", json_, "Print {\"name\":..., \"seconds\":...}.");
  }

  Result<Exit> run(Console& console) override {
    const auto keys = NACRE_TRY(parse_keys(keys_));
    bson::Builder asked;
    asked.append("key", keys);
    if (!name_.empty()) asked.append("name", name_);
    if (unique_) asked.append("unique", true);
    if (sparse_) asked.append("sparse", true);
    const bson::Document whole = asked.finish();
    const document::IndexSpec spec = NACRE_TRY(document::parse_index_spec(whole));
    auto database = NACRE_TRY(where_.open_with_collection());
    Progress time(console, /*wanted=*/false, std::nullopt);
    const auto made = NACRE_TRY(database->create_indexes(where_.collection, std::array{spec}));
    const double seconds = time.seconds();
    NACRE_TRY(database->close());
    const bool existed = made.count_after == made.count_before;
    if (json_) {
      const auto line = bson::Builder()
                            .append("name", spec.name)
                            .append("created", !existed)
                            .append("seconds", seconds)
                            .finish();
      console.print(bson::to_json(line) + "\n");
      return Exit::kOk;
    }
    console.message(existed ? format("index {} was there already", spec.name)
                            : format("index {} built in {}", spec.name, show_seconds(seconds)));
    return Exit::kOk;
  }

 private:
  CollectionFlags where_;
  std::vector<std::string> keys_;
  std::string name_;
  bool unique_ = false;
  bool sparse_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_create_index_command() {
  return std::make_unique<CreateIndexCommand>();
}

}  // namespace nacre::cli
