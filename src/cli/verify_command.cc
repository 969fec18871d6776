#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "verify",
    .summary = "Check every page, key and index entry of a database",
    .about =
        "Reads everything: the checksum of each page, the order of the keys, that every\n"
        "page is referred to as it should be, and each index entry against its document\n"
        "and each document against its index entries. Opening the database recovers it\n"
        "first when it was not closed cleanly.\n\n"
        "Prints one line per problem and ends with exit code 1 when there is one.\n",
    .examples = "  nacre verify --db world\n  nacre verify --db world --json\n"};

class VerifyCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    where_.declare(arguments);
    arguments.flag("--quiet", quiet_, "Say nothing when all is well.");
    arguments.flag("--json", json_, "One JSON document with all that was found.");
  }

  Result<Exit> run(Console& console) override {
    auto database = NACRE_TRY(where_.open());
    const Progress time(console, /*wanted=*/false, std::nullopt);
    const auto report = NACRE_TRY(database->verify());
    const Exit exit = report.clean() ? Exit::kOk : Exit::kProblem;
    if (json_) {
      console.print(bson::to_json(as_document(report)) + "\n");
      return exit;
    }
    for (const std::string& problem : report.problems) console.print(problem + "\n");
    if (!report.clean()) {
      console.message(console.styled_message(
          Style::kRed,
          format("{} problems in {}", with_thousands(report.problems.size()), where_.directory)));
      return exit;
    }
    if (quiet_) return exit;
    console.print(format("clean: {} pages, {} documents in {} collections, {} index entries, {}\n",
                         with_thousands(report.engine.pages_checked),
                         with_thousands(report.documents_checked), report.collections_checked,
                         with_thousands(report.index_entries_checked),
                         show_seconds(time.seconds())));
    return exit;
  }

 private:
  static bson::Document as_document(const document::DatabaseVerifyReport& report) {
    const auto signed_of = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
    bson::Builder all;
    all.append("clean", report.clean())
        .append_number("position", signed_of(number(report.engine.position)))
        .append_number("pages", signed_of(report.engine.pages_checked))
        .append_number("collections", signed_of(report.collections_checked))
        .append_number("documents", signed_of(report.documents_checked))
        .append_number("index_entries", signed_of(report.index_entries_checked))
        .begin_array("problems");
    for (const std::string& problem : report.problems) all.push(problem);
    return all.end().finish();
  }

  DatabaseFlags where_;
  bool quiet_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_verify_command() { return std::make_unique<VerifyCommand>(); }

}  // namespace nacre::cli
