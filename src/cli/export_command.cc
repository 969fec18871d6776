#include "aggregation/view_reads.h"
#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/csv_writer.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/past_flags.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "export",
    .summary = "Write the documents of a collection to a file",
    .about =
        "Writes JSON lines (one document per line), one JSON array, CSV or TSV, whichever\n"
        "the name of the file or --type says; a name that ends in .gz is packed. All of\n"
        "it shows the collection at one moment, now or --at an earlier time.\n\n"
        "JSON is MongoDB Extended JSON; --canonical keeps every type, so that an import\n"
        "gives the same documents. CSV and TSV need --fields: the columns, by path.\n",
    .examples =
        "  nacre export cities.jsonl --db world --collection cities\n"
        "  nacre export - --type csv --fields name,area --db world --collection cities\n"};

class ExportCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("FILE", file_, "The file; - is standard output.");
    where_.declare(arguments);
    arguments.choice("--type", {"jsonl", "json", "csv", "tsv"}, type_,
                     "The format; by the name of the file if not given, else jsonl.");
    arguments.option("--fields", "PATHS", fields_, "The columns of CSV and TSV: name,area.km2.");
    arguments.flag("--columns-have-types", have_types_,
                   "PATHS end in .TYPE(), which the header keeps for the import.");
    arguments.option("--filter", "JSON", query_.filter, "Which documents: {\"country\": \"AD\"}.");
    query_.declare(arguments, /*with_projection=*/true);
    past_.declare(arguments);
    arguments.flag("--canonical", canonical_,
                   "Keep every type: {\"$numberInt\": \"1\"} instead of 1.");
    arguments.flag("--quiet", quiet_, "No progress and no summary.");
  }

  Result<Exit> run(Console& console) override {
    const auto query = NACRE_TRY(Query::parse(query_));
    const std::string type = type_of_file();
    const bool is_table = type == "csv" || type == "tsv";
    if (is_table && fields_.empty()) {
      return fail(Code::kInvalid, format("--fields PATHS is required for {}", type));
    }
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const query::Scope scope = NACRE_TRY(scope_of(database, past, where_.collection));
    auto cursor = NACRE_TRY(aggregation::find(scope, query.find(where_.collection)));
    const auto output = NACRE_TRY(open_output(file_));
    Progress progress(console, !quiet_, std::nullopt);
    std::optional<CsvWriter> table;
    if (is_table) table.emplace(fields_, have_types_, type == "tsv");
    const auto written = NACRE_TRY(write(cursor, *output, type, table, progress));
    NACRE_TRY(output->close());
    progress.clear();
    if (!quiet_) {
      console.message(format("{} documents of {} in {}", with_thousands(written), where_.collection,
                             show_seconds(progress.seconds())));
    }
    return Exit::kOk;
  }

 private:
  std::string type_of_file() const {
    if (!type_.empty()) return type_;
    std::string_view name = file_;
    if (name.ends_with(".gz")) name.remove_suffix(3);
    for (const std::string_view type : {"json", "csv", "tsv"}) {
      if (name.ends_with(format(".{}", type))) return std::string(type);
    }
    return "jsonl";
  }

  Result<std::uint64_t> write(query::Cursor& cursor, Output& output, const std::string& type,
                              const std::optional<CsvWriter>& table, Progress& progress) const {
    const auto form = canonical_ ? bson::JsonForm::kCanonical : bson::JsonForm::kRelaxed;
    std::string buffer = table ? table->header() : type == "json" ? "[" : "";
    std::uint64_t documents = 0;
    std::uint64_t bytes = 0;
    while (true) {
      const auto row = NACRE_TRY(cursor.next());
      if (!row.has_value()) break;
      if (table) {
        table->append(buffer, *row);
      } else {
        if (type == "json") buffer += documents == 0 ? "\n" : ",\n";
        bson::append_json(buffer, *row, form);
        if (type != "json") buffer.push_back('\n');
      }
      ++documents;
      if (buffer.size() < kBufferBytes) continue;
      NACRE_TRY(output.write(buffer));
      bytes += buffer.size();
      buffer.clear();
      progress.update(documents, bytes);
    }
    if (type == "json") buffer += "\n]\n";
    NACRE_TRY(output.write(buffer));
    return documents;
  }

  static constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

  CollectionFlags where_;
  QueryFlags query_;
  PastFlags past_;
  std::string file_;
  std::string type_;
  std::string fields_;
  bool have_types_ = false;
  bool canonical_ = false;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export_command() { return std::make_unique<ExportCommand>(); }

}  // namespace nacre::cli
