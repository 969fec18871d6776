#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/text.h"
#include "cli/command.h"
#include "cli/csv_reader.h"
#include "cli/csv_writer.h"
#include "cli/database_flags.h"
#include "cli/importer.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr std::uint64_t kProblemsShownMax = 100;

constexpr CommandText kText{
    .name = "import",
    .summary = "Put the documents of a JSON, CSV or TSV file into a collection",
    .about =
        "JSON: an array of documents or one document per line, whichever the file is;\n"
        "MongoDB Extended JSON gives the types that JSON lacks. CSV and TSV: the first\n"
        "line names the columns, or --fields does; a.b makes documents inside documents,\n"
        "and with --columns-have-types n.int64() gives the type: auto (the default)\n"
        "string int32 int64 double decimal boolean date date_ms object_id binary json.\n"
        "The file may be of any size: it is read once and never held whole; one whose\n"
        "name ends in .gz is unpacked. Database and collection are made when not there.\n\n"
        "Every batch is one commit, durable a few milliseconds later; the summary comes\n"
        "when all are. A bad document is reported as FILE:LINE: byte OFFSET: reason.\n"
        "Ctrl-C stops between two batches; what was imported until then is kept, and\n"
        "--skip-records goes on from there.\n",
    .examples =
        "  nacre import cities.json --db world --collection cities\n"
        "  nacre import log.jsonl.gz --db logs --collection events --on-error skip\n"
        "  nacre import people.csv --columns-have-types --upsert-fields email \\\n"
        "      --db crm --collection people\n"};

class ImportCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILE", file_, "The file; - is standard input.");
    where_.declare(arguments);
    arguments.choice("--type", {"json", "csv", "tsv"}, type_,
                     "The format; by the name of the file if not given, else json.");
    arguments.option("--fields", "NAMES", fields_,
                     "The columns of a CSV or TSV file without a first line that names them.");
    arguments.flag("--columns-have-types", have_types_, "Names of columns end in .TYPE().");
    arguments.flag("--ignore-blanks", ignore_blanks_, "Leave out fields that are empty.");
    arguments.flag("--drop", drop_, "Drop the collection first.");
    arguments.option("--upsert-fields", "PATHS", upsert_fields_,
                     "Replace the document whose values there are the same: _id.");
    arguments.number("--skip-records", "N", skip_records_, 0, INT64_MAX,
                     "Leave out the first N: they are there already.");
    arguments.choice("--on-error", {"stop", "skip"}, on_error_,
                     "At a bad document: stop there (the default), or report it and go on.");
    arguments.number("--batch", "N", batch_, 1, 10'000,
                     "Documents in one commit at most; 5000 if not given.");
    arguments.flag("--quiet", quiet_, "No progress and no summary; problems are still reported.");
    arguments.flag("--json", json_, "Print the summary as JSON to standard output.");
  }

  Result<Exit> run(Console& console) override {
    const auto input = NACRE_TRY(open_input(file_));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open({.create = true}));
    if (drop_) NACRE_TRY(database->drop_collection(where_.collection));
    Progress progress(console, !quiet_, input->size());
    ImportOptions options{.collection = where_.collection,
                          .skip_bad = on_error_ == "skip",
                          .batch_documents = static_cast<std::size_t>(batch_),
                          .skip_records = static_cast<std::uint64_t>(skip_records_)};
    if (!upsert_fields_.empty()) options.upsert_fields = split_fields(upsert_fields_);
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
    // A commit that Ctrl-C catches is finished: stopping is for between the batches. The log is
    // written while the next batch is made; close() waits for the rest.
    const query::Scope scope{.database = *database, .durability = txn::Durability::kGroup};
    const auto reader = open_reader(*input);
    const auto result = NACRE_TRY(import_records(scope, *reader, options));
    progress.clear();
    const double seconds = progress.seconds();
    NACRE_TRY(database->close());
    summarize(console, result, seconds);
    if (result.interrupted) return Exit::kInterrupted;
    return result.bad == 0 ? Exit::kOk : Exit::kProblem;
  }

 private:
  std::unique_ptr<RecordReader> open_reader(Input& input) const {
    std::string_view name = file_;
    if (name.ends_with(".gz")) name.remove_suffix(3);
    std::string type = type_;
    if (type.empty())
      type = name.ends_with(".csv") ? "csv" : name.ends_with(".tsv") ? "tsv" : "json";
    if (type == "json") return std::make_unique<DocumentReader>(input);
    CsvReader::Options options{.tabs = type == "tsv",
                               .columns = {},
                               .have_types = have_types_,
                               .ignore_blanks = ignore_blanks_};
    if (!fields_.empty()) options.columns = split_fields(fields_);
    return std::make_unique<CsvReader>(input, std::move(options));
  }

  void summarize(Console& console, const ImportResult& result, double seconds) const {
    const auto rate =
        static_cast<std::uint64_t>(static_cast<double>(result.imported) / std::max(seconds, 1e-6));
    if (json_) {
      console.print(
          format("{{\"imported\":{},\"bad\":{},\"records\":{},\"bytes\":{},\"seconds\":{:.3f},"
                 "\"per_second\":{},\"stopped\":{},\"interrupted\":{}}}\n",
                 result.imported, result.bad, result.records, result.bytes, seconds, rate,
                 result.stopped, result.interrupted));
    }
    if (result.interrupted) {
      console.message(
          format("interrupted; the {} documents imported until then are kept; "
                 "--skip-records {} goes on",
                 with_thousands(result.imported), result.records));
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
  std::string type_;
  std::string fields_;
  std::string upsert_fields_;
  std::string on_error_ = "stop";
  std::int64_t skip_records_ = 0;
  bool have_types_ = false;
  bool ignore_blanks_ = false;
  bool drop_ = false;
  std::int64_t batch_ = 5000;
  bool quiet_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace nacre::cli
