#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "document/index_spec.h"

namespace nacre::cli {
namespace {

constexpr std::int64_t kNoExpiry = -1;

constexpr CommandText kText{
    .name = "create-index",
    .summary = "Build an index over a collection",
    .about =
        "The keys are field names, most significant first, with :-1 behind those that\n"
        "descend, :text, :hashed, :2dsphere or :2d behind those of such a kind, or a key\n"
        "pattern as JSON.\n"
        "'$**' is every path. The index is built over the documents there are, kept up to\n"
        "date by every later write, and chosen by find where it helps. Ctrl-C ends the\n"
        "build, and nothing is left of it.\n",
    .examples =
        "  nacre create-index country --db world --collection cities\n"
        "  nacre create-index country population:-1 --db world --collection cities\n"
        "  nacre create-index '{\"email\": 1}' --unique --db shop --collection users\n"
        "  nacre create-index seen --expire-after 3600 --db shop --collection sessions\n"
        "  nacre create-index due --partial '{\"state\": \"open\"}' \\\n"
        "      --db shop --collection orders\n"
        "  nacre create-index title:text body:text --weights '{\"title\": 10}' \\\n"
        "      --language german --db wiki --collection pages\n"};

// Takes the kind off the end of FIELD:KIND; 1 when there is none.
[[nodiscard]] std::string_view take_kind(std::string_view& key) {
  for (const std::string_view kind : {"1", "-1", "text", "hashed", "2dsphere", "2d"}) {
    if (!key.ends_with(kind) || key.size() <= kind.size()) continue;
    if (key[key.size() - kind.size() - 1] != ':') continue;
    key.remove_suffix(kind.size() + 1);
    return kind;
  }
  return "1";
}

[[nodiscard]] Result<bson::Document> parse_keys(const std::vector<std::string>& keys) {
  if (keys.size() == 1 && keys.front().starts_with('{')) {
    return parse_json("the key pattern", keys.front());
  }
  bson::Builder pattern;
  for (const std::string& key : keys) {
    std::string_view path = key;
    const std::string_view kind = take_kind(path);
    if (path.empty() || path.find('\0') != std::string_view::npos) {
      return fail(Code::kInvalid, format("key \"{}\" has no field name", key));
    }
    if (kind == "1" || kind == "-1") {
      pattern.append(path, kind == "1" ? 1 : -1);
    } else {
      pattern.append(path, kind);
    }
  }
  return pattern.finish();
}

// What createIndexes takes beside the keys.
struct Options {
  std::string name;
  std::string partial;
  std::string collation;
  std::string weights;
  std::string language;
  std::string language_field;
  std::string wildcard_projection;
  std::int64_t expire_after = kNoExpiry;
  bool unique = false;
  bool sparse = false;
  bool hidden = false;

  void declare(Arguments& arguments);
  [[nodiscard]] Result<bson::Document> with(const bson::Document& keys) const;
};

void Options::declare(Arguments& arguments) {
  arguments.option("--name", "NAME", name, "What to call it; country_1 if not given.");
  arguments.flag("--unique", unique, "No two documents may have the same key.");
  arguments.flag("--sparse", sparse, "Leave out documents without the field.");
  arguments.flag("--hidden", hidden, "Keep it up to date, but let no query use it.");
  arguments.option("--partial", "JSON", partial, "Leave out documents that do not match.");
  arguments.number("--expire-after", "SECONDS", expire_after, 0, document::kExpireAfterSecondsMax,
                   "Remove documents that long after the date in the field.");
  arguments.option("--collation", "JSON", collation,
                   "How strings compare: a locale (de) or {\"locale\": \"de\", ...}.");
  arguments.option("--weights", "JSON", weights, "How much a text field counts; 1 if not given.");
  arguments.option("--language", "NAME", language,
                   "Of text whose document names none; english if not given.");
  arguments.option("--language-field", "FIELD", language_field,
                   "Where a document names it; language if not given.");
  arguments.option("--wildcard-projection", "JSON", wildcard_projection,
                   "Which paths '$**' takes: {\"address\": 1}, or leaves out: {\"log\": 0}.");
}

Result<bson::Document> Options::with(const bson::Document& keys) const {
  bson::Builder asked;
  asked.append("key", keys);
  const auto append_text = [&](std::string_view option, const std::string& text) {
    if (!text.empty()) asked.append(option, text);
  };
  const auto append_flag = [&](std::string_view option, bool flag) {
    if (flag) asked.append(option, true);
  };
  const auto append_json = [&](std::string_view option, const std::string& flag,
                               const std::string& text) -> Result<> {
    if (text.empty()) return {};
    const bson::Document value = NACRE_TRY(parse_json(flag, text));
    asked.append(option, value);
    return {};
  };
  append_text("name", name);
  append_flag("unique", unique);
  append_flag("sparse", sparse);
  append_flag("hidden", hidden);
  NACRE_TRY(append_json("partialFilterExpression", "--partial", partial));
  if (expire_after != kNoExpiry) asked.append_number("expireAfterSeconds", expire_after);
  if (collation.empty() || collation.starts_with('{')) {
    NACRE_TRY(append_json("collation", "--collation", collation));
  } else {
    asked.begin_document("collation").append("locale", collation).end();
  }
  NACRE_TRY(append_json("weights", "--weights", weights));
  append_text("default_language", language);
  append_text("language_override", language_field);
  NACRE_TRY(append_json("wildcardProjection", "--wildcard-projection", wildcard_projection));
  return asked.finish();
}

class CreateIndexCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positionals("KEY...", keys_, "FIELD, FIELD:KIND, or one key pattern as JSON.");
    where_.declare(arguments);
    options_.declare(arguments);
    arguments.flag("--json", json_, "Print {\"name\":..., \"seconds\":...}.");
  }

  Result<Exit> run(Console& console) override {
    const bson::Document keys = NACRE_TRY(parse_keys(keys_));
    const bson::Document whole = NACRE_TRY(options_.with(keys));
    const document::IndexSpec spec = NACRE_TRY(document::parse_index_spec(whole));
    catch_interrupts();
    auto database = NACRE_TRY(where_.open_with_collection());
    Progress progress(console, !json_, std::nullopt);
    const document::IndexBuildWatch watch = [&](const document::IndexBuildProgress& now) {
      progress.update_of(now.documents_done, now.documents_total);
      return !interrupted();
    };
    auto built = database->create_indexes(where_.collection, std::array{spec},
                                          txn::Durability::kSync, watch);
    progress.clear();
    if (!built && interrupted()) {
      NACRE_TRY(database->close());
      console.message("interrupted; nothing is left of the index");
      return Exit::kInterrupted;
    }
    const document::CreateIndexesResult made = NACRE_TRY(std::move(built));
    const double seconds = progress.seconds();
    NACRE_TRY(database->close());
    tell(console, spec.name, made.count_after == made.count_before, seconds);
    return Exit::kOk;
  }

 private:
  void tell(Console& console, const std::string& name, bool existed, double seconds) const {
    if (json_) {
      const auto line = bson::Builder()
                            .append("name", name)
                            .append("created", !existed)
                            .append("seconds", seconds)
                            .finish();
      console.print(bson::to_json(line) + "\n");
      return;
    }
    console.message(existed ? format("index {} was there already", name)
                            : format("index {} built in {}", name, show_seconds(seconds)));
  }

  CollectionFlags where_;
  Options options_;
  std::vector<std::string> keys_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_create_index_command() {
  return std::make_unique<CreateIndexCommand>();
}

}  // namespace nacre::cli
