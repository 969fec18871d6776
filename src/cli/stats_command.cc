#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "query/collection_stats.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "stats",
    .summary = "Show what a database holds and how large it is",
    .about = "Reads every collection once to count its documents and their bytes.\n",
    .examples = "  nacre stats --db world\n  nacre stats --db world --json\n"};

[[nodiscard]] std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

class StatsCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    where_.declare(arguments);
    arguments.flag("--json", json_, "One JSON document.");
  }

  Result<Exit> run(Console& console) override {
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto snapshot = NACRE_TRY(database->snapshot());
    bson::Builder all;
    const txn::Stats stats = database->stats();
    all.append("database", database->name())
        .append_number("position", signed_of(number(stats.position)))
        .append_number("durable_position", signed_of(number(stats.durable)))
        .append_number("checkpoint_position", signed_of(number(stats.checkpoint)))
        .append_number("file_bytes", signed_of(stats.file_bytes))
        .append_number("log_bytes", signed_of(stats.log_bytes))
        .append_number("pages", signed_of(stats.page_count))
        .append_number("tables", signed_of(stats.table_count))
        .begin_array("collections");
    for (const std::string& name : snapshot.catalog().collection_names()) {
      const document::CollectionOptions& settings = snapshot.catalog().find(name)->settings;
      if (settings.is_view) {
        all.push_begin_document().append("name", name).append("view_on", settings.view_on).end();
        continue;
      }
      const auto counted = NACRE_TRY(query::collection_stats(database.scope(), name));
      all.push_begin_document()
          .append("name", name)
          .append_number("documents", counted.documents)
          .append_number("bytes", counted.bytes)
          .append_number("indexes", signed_of(counted.indexes.size()))
          .end();
    }
    const bson::Document document = all.end().finish();
    console.print(json_ ? bson::to_json(document) + "\n" : as_page(console, document));
    return Exit::kOk;
  }

 private:
  static std::uint64_t number_at(const bson::View& view, std::string_view name) {
    return static_cast<std::uint64_t>(view.find(name).as_int64().value_or(0));
  }

  static std::string as_page(const Console& console, const bson::View& stats) {
    const auto line = [](std::string_view title, const std::string& value) {
      return format("{:<10}  {}\n", title, value);
    };
    std::string page = line("database", std::string(stats.find("database").string()));
    page += line("position", format("{} (durable {}, checkpoint {})",
                                    with_thousands(number_at(stats, "position")),
                                    with_thousands(number_at(stats, "durable_position")),
                                    with_thousands(number_at(stats, "checkpoint_position"))));
    page += line("file", format("{} in {} pages", show_bytes(number_at(stats, "file_bytes")),
                                with_thousands(number_at(stats, "pages"))));
    page += line("log", show_bytes(number_at(stats, "log_bytes")));
    const auto collections = stats.find("collections").array();
    if (collections.empty()) return page;
    page += "\n" +
            console.styled(Style::kBold, format("{:<24}  {:>12}  {:>10}  {:>7}", "collection",
                                                "documents", "size", "indexes")) +
            "\n";
    for (const auto& element : collections) {
      const auto each = element.document();
      if (const auto on = each.find("view_on")) {
        page += format("{:<24}  view of {}\n", each.find("name").string(), on.string());
        continue;
      }
      page += format("{:<24}  {:>12}  {:>10}  {:>7}\n", each.find("name").string(),
                     with_thousands(number_at(each, "documents")),
                     show_bytes(number_at(each, "bytes")), number_at(each, "indexes"));
    }
    return page;
  }

  DatabaseFlags where_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_stats_command() { return std::make_unique<StatsCommand>(); }

}  // namespace nacre::cli
