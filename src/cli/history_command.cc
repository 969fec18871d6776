#include <algorithm>

#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/past_flags.h"
#include "document/difference.h"
#include "document/history.h"
#include "document/index_keys.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "history",
    .summary = "Show the versions of one document and what changed",
    .about =
        "Lists the versions of the document of that _id, newest first, as far back as\n"
        "history is kept: the position and time of the commit, what kind of change it\n"
        "was, and the fields it set or took away. Works for removed documents too.\n"
        "ID is a JSON value (42, '{\"$oid\": \"...\"}'); what is not JSON is a string.\n",
    .examples =
        "  nacre history 42 --db world --collection cities\n"
        "  nacre history BRN --db world --collection cities --limit 1 --json\n"};

std::string_view kind_of(const document::DocumentVersion& version) {
  if (version.is_removed) return "remove";
  if (version.envelope.version == 1) return "insert";
  return version.envelope.is_replacement ? "replace" : "update";
}

// {position, time, kind, version, document, updated, removed}
bson::Document describe(const document::DocumentVersion& version,
                        const document::DocumentVersion* before) {
  bson::Builder all;
  all.append("position", static_cast<std::int64_t>(number(version.position)))
      .append("time", show_time(version.time))
      .append("kind", kind_of(version));
  if (version.is_removed) return all.finish();
  all.append_number("version", static_cast<std::int64_t>(version.envelope.version));
  if (version.envelope.version > 1 && before != nullptr && !before->is_removed) {
    const document::Difference difference =
        document::difference(before->document, version.document);
    all.append("updated", difference.updated).begin_array("removed");
    for (const std::string& path : difference.removed) all.push(path);
    all.end();
  }
  return all.append("document", version.document).finish();
}

class HistoryCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("ID", id_, "The _id of the document.");
    where_.declare(arguments);
    past_.declare(arguments);
    arguments.number("--limit", "N", limit_, 1, 1'000'000, "At most N versions; 100 if not given.");
    arguments.flag("--json", json_, "One version per line, as JSON, the whole document included.");
  }

  Result<Exit> run(Console& console) override {
    const auto id = NACRE_TRY(parse_id(id_));
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    NACRE_TRY(scope_of(database, past, where_.collection));
    const document::Snapshot from = past ? *past : NACRE_TRY(database->snapshot());
    const std::string key = document::id_key(id.find("_id"));
    const auto limit = static_cast<std::size_t>(limit_);
    const document::History history = NACRE_TRY(
        document::history_of(*database, from, where_.collection, as_bytes(key), limit + 1));
    const auto& versions = history.versions;
    for (std::size_t i = 0; i < std::min(limit, versions.size()); ++i) {
      const auto* before = i + 1 < versions.size() ? &versions[i + 1] : nullptr;
      const bson::Document line = describe(versions[i], before);
      console.print(json_ ? bson::to_json(line) + "\n" : as_line(line));
    }
    if (versions.empty()) {
      console.message(format("{} has no document of that _id, as far back as history is kept",
                             where_.collection));
      return Exit::kProblem;
    }
    if (!history.is_whole && versions.size() <= limit) {
      console.message("older versions are no longer kept");
    }
    return Exit::kOk;
  }

 private:
  static std::string as_line(const bson::Document& version) {
    const std::string_view kind = version.find("kind").string();
    std::string line = format("{:>10}  {}  {:<7}", version.find("position").int64(),
                              version.find("time").string(), kind);
    if (const bson::Element updated = version.find("updated"); updated && kind == "update") {
      if (!updated.document().empty()) line += "  " + bson::to_json(updated);
      for (const bson::Element& path : version.find("removed").array()) {
        line += format("  -{}", path.string());
      }
    } else if (const bson::Element document = version.find("document")) {
      line += "  " + bson::to_json(document);
    }
    return line + "\n";
  }

  CollectionFlags where_;
  PastFlags past_;
  std::string id_;
  std::int64_t limit_ = 100;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_history_command() { return std::make_unique<HistoryCommand>(); }

}  // namespace nacre::cli
