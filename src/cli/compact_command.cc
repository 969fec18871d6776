#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "compact",
    .summary = "Give back the space that deleted documents have left",
    .about =
        "Makes half empty pages full, moves pages from the end of the file to free\n"
        "space and gives the end of the file back. Needs little memory and space. No\n"
        "document changes. Ctrl-C stops it; what is done until then stays done.\n",
    .examples =
        "  nacre compact --db world\n"
        "  nacre compact --db world --rate 20\n"};

class CompactCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    where_.declare(arguments);
    arguments.number("--rate", "MB", rate_, 0, 100'000,
                     "Megabytes written per second at most; without limit if not given.");
    arguments.flag("--quiet", quiet_, "No progress and no summary.");
    arguments.flag("--json", json_, "Print the summary as JSON to standard output.");
  }

  Result<Exit> run(Console& console) override {
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    Progress time(console, /*wanted=*/false, std::nullopt);
    double shown_at = 0;
    const auto show = [&](const txn::CompactProgress& progress) {
      if (quiet_ || !console.message_terminal() || time.seconds() < shown_at + 0.1) {
        return !interrupted();
      }
      shown_at = time.seconds();
      console.raw_message(format("\r{} in the file, {} in use, {} moved, {} pages freed\x1b[K",
                                 show_bytes(progress.file_bytes), show_bytes(progress.used_bytes),
                                 show_bytes(progress.bytes_moved),
                                 with_thousands(progress.pages_freed)));
      return !interrupted();
    };
    auto compacted = database->compact(
        {.bytes_per_second = static_cast<std::uint64_t>(rate_) << 20, .progress = show});
    if (shown_at > 0) console.raw_message("\r\x1b[K");
    const txn::CompactReport report = NACRE_TRY(std::move(compacted));
    const double seconds = time.seconds();
    NACRE_TRY(database->close());
    summarize(console, report, seconds);
    if (report.is_cancelled) return Exit::kInterrupted;
    return report.damaged == 0 ? Exit::kOk : Exit::kProblem;
  }

 private:
  void summarize(Console& console, const txn::CompactReport& report, double seconds) const {
    if (json_) {
      const auto signed_of = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
      bson::Builder all;
      all.append_number("file_bytes_before", signed_of(report.file_bytes_before))
          .append_number("file_bytes", signed_of(report.file_bytes))
          .append_number("used_bytes", signed_of(report.used_bytes))
          .append_number("bytes_moved", signed_of(report.bytes_moved))
          .append_number("pages_freed", signed_of(report.pages_freed))
          .append_number("damaged", signed_of(report.damaged))
          .append("interrupted", report.is_cancelled);
      console.print(bson::to_json(all.finish()) + "\n");
      return;
    }
    if (report.damaged > 0) {
      console.message(format("{} damaged pages were left where they are; 'nacre verify' names them",
                             with_thousands(report.damaged)));
    }
    if (quiet_) return;
    console.message(format("{}: {} before, {} now; {}",
                           report.is_cancelled ? "stopped" : "compacted",
                           show_bytes(report.file_bytes_before), show_bytes(report.file_bytes),
                           show_seconds(seconds)));
  }

  DatabaseFlags where_;
  std::int64_t rate_ = 0;
  bool quiet_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_compact_command() { return std::make_unique<CompactCommand>(); }

}  // namespace nacre::cli
