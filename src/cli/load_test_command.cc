#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/write_load.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kProblemsShownMax = 20;

constexpr CommandText kText{
    .name = "load-test",
    .summary = "Measure durable commits, and prove that a crash loses none",
    .about =
        "Writers commit small transactions over two collections as fast as this machine\n"
        "makes them durable; the rate and the times of a commit are printed.\n\n"
        "With --acknowledge every commit is written to standard output, a line\n"
        "\"WRITER NUMBER\", after it returned. Kill the process, pull the plug, and hand\n"
        "what was printed to --check: each acknowledged commit must be there, and no\n"
        "transaction by half. Runs may follow each other in one database.\n",
    .examples =
        "  nacre load-test --db scratch --writers 8 --seconds 10\n"
        "  nacre load-test --db scratch --acknowledge > seen.txt   # kill -9 it\n"
        "  nacre load-test --db scratch --check seen.txt\n"};

// Past all buffers: what was written is with the reader even when this process dies now.
void write_acknowledgement(std::size_t writer, std::uint64_t n) {
  const std::string line = format("{} {}\n", writer, n);
  while (::write(STDOUT_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

[[nodiscard]] Result<std::string> read_whole(const std::string& path) {
  const auto input = NACRE_TRY(open_input(path));
  std::string text;
  std::string part(std::size_t{1} << 16, '\0');
  while (true) {
    const auto count = NACRE_TRY(input->read(std::as_writable_bytes(std::span(part))));
    if (count == 0) return text;
    text.append(part, 0, count);
  }
}

class LoadTestCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    where_.declare(arguments);
    arguments.option("--collection", "NAME", collection_,
                     "Where to write; load_test if not given.");
    arguments.number("--writers", "N", writers_, 1, 256, "Concurrent writers; 4 if not given.");
    arguments.number("--seconds", "N", seconds_, 1, 86'400, "How long; 5 if not given.");
    arguments.number("--checkpoint-kb", "N", checkpoint_kb_, 64, 1 << 30,
                     "Checkpoint when the log has grown by so much; 65536 if not given.");
    arguments.flag("--acknowledge", acknowledge_, "Print every commit that returned.");
    arguments.option("--check", "FILE", check_,
                     "Write nothing: hold the database against what was printed; - is standard "
                     "input.");
    arguments.flag("--json", json_, "The result as one JSON document (not with --acknowledge).");
  }

  Result<Exit> run(Console& console) override {
    if (json_ && acknowledge_) {
      return fail(Code::kInvalid, "--json and --acknowledge both want standard output");
    }
    return check_.empty() ? write(console) : check(console);
  }

 private:
  Result<Exit> write(Console& console) {
    catch_interrupts();
    auto database = NACRE_TRY(
        where_.open({.create = true,
                     .checkpoint_log_bytes = static_cast<std::uint64_t>(checkpoint_kb_) << 10}));
    LoadOptions options{.collection = collection_,
                        .writers = static_cast<std::size_t>(writers_),
                        .seconds = static_cast<double>(seconds_),
                        .stop = &interrupt_flag()};
    if (acknowledge_) options.on_acknowledged = write_acknowledgement;
    const auto load = NACRE_TRY(write_load(*database, options));
    NACRE_TRY(database->close());
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(load.commits) /
                                                 std::max(load.seconds, 1e-6));
    if (json_) {
      console.print(
          format("{{\"writers\":{},\"commits\":{},\"seconds\":{:.3f},\"per_second\":{},"
                 "\"median_us\":{},\"p99_us\":{},\"longest_us\":{}}}\n",
                 writers_, load.commits, load.seconds, rate, load.median_us, load.p99_us,
                 load.longest_us));
    } else {
      console.message(
          format("{} durable commits by {} writers in {}: {}/s; one takes {} us "
                 "(median), {} us (99 %), {} us (longest)",
                 with_thousands(load.commits), writers_, show_seconds(load.seconds),
                 with_thousands(rate), with_thousands(load.median_us), with_thousands(load.p99_us),
                 with_thousands(load.longest_us)));
    }
    return interrupted() ? Exit::kInterrupted : Exit::kOk;
  }

  Result<Exit> check(Console& console) const {
    const auto protocol = NACRE_TRY(read_whole(check_));
    auto database = NACRE_TRY(where_.open());
    const auto found = NACRE_TRY(check_load(*database, collection_, protocol));
    const Exit exit = found.problems.empty() ? Exit::kOk : Exit::kProblem;
    if (json_) {
      bson::Builder all;
      all.append_number("acknowledged", static_cast<std::int64_t>(found.acknowledged))
          .append_number("documents", static_cast<std::int64_t>(found.documents))
          .begin_array("problems");
      for (const std::string& problem : found.problems) all.push(problem);
      console.print(bson::to_json(all.end().finish()) + "\n");
      return exit;
    }
    for (std::size_t i = 0; i < std::min(found.problems.size(), kProblemsShownMax); ++i) {
      console.print(found.problems[i] + "\n");
    }
    console.print(format("{} acknowledged commits checked, {} documents there, {} problems\n",
                         with_thousands(found.acknowledged), with_thousands(found.documents),
                         found.problems.size()));
    return exit;
  }

  DatabaseFlags where_;
  std::string collection_ = "load_test";
  std::string check_;
  std::int64_t writers_ = 4;
  std::int64_t seconds_ = 5;
  std::int64_t checkpoint_kb_ = 65'536;
  bool acknowledge_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_load_test_command() { return std::make_unique<LoadTestCommand>(); }

}  // namespace nacre::cli
