#include "base/text.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/importer.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr std::uint64_t kProblemsShownMax = 100;

constexpr CommandText kText{
    .name = "import",
    .summary = "Put the JSON documents of a file into a collection",
    .about =
        "Reads an array of documents or one document per line, whichever the file is;\n"
        "MongoDB Extended JSON gives the types that JSON lacks. The file may be of any\n"
        "size: it is read once and never held whole. Database and collection are made\n"
        "when they are not there.\n\n"
        "Every batch is one durable commit. A bad document is reported as\n"
        "FILE:LINE: byte OFFSET: reason. Ctrl-C stops between two batches; what was\n"
        "imported until then is kept.\n",
    .examples =
        "  nacre import cities.json --db world --collection cities\n"
        "  zcat log.gz | nacre import - --db logs --collection events --on-error skip\n"};

class ImportCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILE", file_, "The file; - is standard input.");
    where_.declare(arguments);
    arguments.choice("--on-error", {"stop", "skip"}, on_error_,
                     "At a bad document: stop there (the default), or report it and go on.");
    arguments.number("--batch", "N", batch_, 1, 10'000,
                     "Documents in one commit; 5000 if not given.");
    arguments.flag("--quiet", quiet_, "No progress and no summary; problems are still reported.");
    arguments.flag("--json", json_, "Print the summary as JSON to standard output.");
  }

  Result<Exit> run(Console& console) override {
    const auto input = NACRE_TRY(open_input(file_));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open({.create = true}));
    Progress progress(console, !quiet_, input->size());
    ImportOptions options{.collection = where_.collection,
                          .skip_bad = on_error_ == "skip",
                          .batch_documents = static_cast<std::size_t>(batch_)};
    std::uint64_t problems = 0;
    options.on_problem = [&](Place place, const std::string& reason) {
      progress.clear();
      if (++problems <= kProblemsShownMax) {
        console.message(describe_problem(input->name(), place, reason));
      } else if (problems == kProblemsShownMax + 1) {
        console.message(
            format("more than {} bad documents; the rest is only counted", kProblemsShownMax));
      }
    };
    options.on_batch = [&](std::uint64_t documents, std::uint64_t bytes) {
      progress.update(documents, bytes);
    };
    options.stop_wanted = interrupted;
    // A commit that Ctrl-C catches is finished: stopping is for between the batches.
    const query::Scope scope{.database = *database};
    const auto result = NACRE_TRY(import_documents(scope, *input, options));
    progress.clear();
    const double seconds = progress.seconds();
    NACRE_TRY(database->close());
    summarize(console, result, seconds);
    if (result.interrupted) return Exit::kInterrupted;
    return result.bad == 0 ? Exit::kOk : Exit::kProblem;
  }

 private:
  void summarize(Console& console, const ImportResult& result, double seconds) const {
    const auto rate =
        static_cast<std::uint64_t>(static_cast<double>(result.imported) / std::max(seconds, 1e-6));
    if (json_) {
      console.print(
          format("{{\"imported\":{},\"bad\":{},\"bytes\":{},\"seconds\":{:.3f},"
                 "\"per_second\":{},\"stopped\":{},\"interrupted\":{}}}\n",
                 result.imported, result.bad, result.bytes, seconds, rate, result.stopped,
                 result.interrupted));
    }
    if (result.interrupted) {
      console.message(format("interrupted; the {} documents imported until then are kept",
                             with_thousands(result.imported)));
      return;
    }
    if (result.stopped) {
      console.message(
          format("stopped at the first bad document; the {} before it are kept "
                 "(--on-error skip goes on)",
                 with_thousands(result.imported)));
      return;
    }
    if (quiet_) return;
    std::string bad;
    if (result.bad > 0) bad = format("; {} bad ones left out", with_thousands(result.bad));
    console.message(format("{} documents into {} in {} ({}/s){}", with_thousands(result.imported),
                           where_.collection, show_seconds(seconds), with_thousands(rate), bad));
  }

  CollectionFlags where_;
  std::string file_;
  std::string on_error_ = "stop";
  std::int64_t batch_ = 5000;
  bool quiet_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace nacre::cli
