#include "base/text.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/progress.h"
#include "io/posix_file_system.h"
#include "store/salvage.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "salvage",
    .summary = "Copy what is readable of a damaged database into a new one",
    .about =
        "For a database that does not open, or of which verify says that it is damaged.\n"
        "Every page is looked at for itself, and every commit of the log that is not\n"
        "yet in the pages is applied as far as none is missing. The damaged database is\n"
        "only read; nobody may have it open.\n\n"
        "Prints one line per loss, with file, page and range of keys where they are\n"
        "known, and checks the copy's indexes against its documents. Exit code 0 says\n"
        "that all was saved, 1 that something was lost or an index has to be built anew\n"
        "(drop-index, create-index).\n",
    .examples = "  nacre salvage world world-saved\n"};

class SalvageCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("DAMAGED", damaged_, "The directory of the damaged database.");
    arguments.positional("TARGET", target_, "The directory of the copy; made, or empty.");
  }

  Result<Exit> run(Console& console) override {
    const Progress time(console, /*wanted=*/false, std::nullopt);
    const auto files = io::make_posix_file_system();
    store::Options options;
    options.file_system = files.get();
    const auto saved = NACRE_TRY(store::salvage(damaged_, target_, options));
    for (const std::string& loss : saved.losses) console.print(loss + "\n");
    auto copy = NACRE_TRY(OpenDatabase::open(target_, OpenOptions{}));
    const auto report = NACRE_TRY(copy->verify());
    for (const std::string& problem : report.problems) {
      console.print(format("in the copy: {}\n", problem));
    }
    console.print(format(
        "{}: {} rows of {} tables and {} commits of the log, as of position {}, {}\n", target_,
        with_thousands(saved.row_count), saved.table_count, with_thousands(saved.commit_count),
        number(saved.position), show_seconds(time.seconds())));
    if (saved.losses.empty() && report.clean()) return Exit::kOk;
    console.message(console.styled_message(
        Style::kRed,
        format("{} losses, {} problems in the copy", with_thousands(saved.losses.size()),
               with_thousands(report.problems.size()))));
    return Exit::kProblem;
  }

 private:
  std::string damaged_;
  std::string target_;
};

}  // namespace

std::unique_ptr<Command> make_salvage_command() { return std::make_unique<SalvageCommand>(); }

}  // namespace nacre::cli
