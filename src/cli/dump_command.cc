#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "bson/json.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/dump_layout.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/past_flags.h"
#include "cli/progress.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "dump",
    .summary = "Write a database to a directory as mongodump does",
    .about =
        "Writes NAME.bson and NAME.metadata.json of every collection into DIR/DATABASE,\n"
        "with options and indexes, for 'nacre restore' and for mongorestore. All\n"
        "collections show one moment, now or --at an earlier time; of a view there is\n"
        "its metadata only. Files of an earlier dump are replaced.\n",
    .examples =
        "  nacre dump backup --db shop.nacre\n"
        "  nacre dump yesterday --at 2026-11-27T00:00:00Z --gzip --db shop.nacre\n"};

std::string hex_of(const document::Uuid& uuid) {
  std::string text;
  for (const std::byte byte : uuid) text += format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

bson::Document metadata_of(const document::CollectionInfo& info) {
  bson::Builder all;
  if (info.settings.is_view) {
    return all.append("options", info.options)
        .begin_array("indexes")
        .end()
        .append("uuid", "")
        .append("collectionName", info.name)
        .append("type", "view")
        .finish();
  }
  all.append("options", info.options).begin_array("indexes");
  for (const bson::Document& index : info.index_specifications()) all.push(index);
  return all.end()
      .append("uuid", hex_of(info.uuid))
      .append("collectionName", info.name)
      .append("type", info.settings.series ? "timeseries" : "collection")
      .finish();
}

class DumpCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("DIR", directory_, "The directory; made when it is not there.");
    where_.declare(arguments);
    past_.declare(arguments);
    arguments.option("--collection", "NAME", collection_, "Only this collection.");
    arguments.flag("--gzip", gzip_, "Pack the files.");
    arguments.flag("--quiet", quiet_, "No progress and no summary.");
  }

  Result<Exit> run(Console& console) override {
    catch_interrupts();
    auto database = NACRE_TRY(where_.open());
    const auto past = NACRE_TRY(past_.open(database));
    const document::Snapshot snapshot = past ? *past : NACRE_TRY(database->snapshot());
    if (!collection_.empty() && snapshot.catalog().find(collection_) == nullptr) {
      return fail(Code::kNotFound, format("there is no collection {}", collection_));
    }
    const std::string folder = directory_ + "/" + escape_name(database->name());
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(Code::kIo, format("directory {}: {}", folder, error.message()));
    Progress progress(console, !quiet_, std::nullopt);
    std::uint64_t collections = 0;
    std::uint64_t documents = 0;
    for (const std::string& name : snapshot.catalog().collection_names()) {
      if (!collection_.empty() && name != collection_) continue;
      query::Scope scope = database.scope();
      scope.at = &snapshot;
      documents +=
          NACRE_TRY(dump(scope, *snapshot.catalog().find(name), folder, progress, documents));
      ++collections;
    }
    progress.clear();
    if (!quiet_) {
      console.message(format("{} documents of {} collections as of position {} in {}",
                             with_thousands(documents), collections, number(snapshot.position()),
                             show_seconds(progress.seconds())));
    }
    return Exit::kOk;
  }

 private:
  Result<std::uint64_t> dump(const query::Scope& scope, const document::CollectionInfo& info,
                             const std::string& folder, Progress& progress, std::uint64_t before) {
    const std::string base = folder + "/" + escape_name(info.name);
    const std::string ending = gzip_ ? ".gz" : "";
    std::uint64_t documents = 0;
    // Of a view there is nothing but its definition.
    if (!info.settings.is_view)
      documents = NACRE_TRY(dump_documents(scope, info, base + ".bson" + ending, progress, before));
    const auto metadata = NACRE_TRY(open_output(base + ".metadata.json" + ending));
    NACRE_TRY(metadata->write(bson::to_json(metadata_of(info), bson::JsonForm::kCanonical)));
    NACRE_TRY(metadata->close());
    return documents;
  }

  static Result<std::uint64_t> dump_documents(const query::Scope& scope,
                                              const document::CollectionInfo& info,
                                              const std::string& path, Progress& progress,
                                              std::uint64_t before) {
    const auto output = NACRE_TRY(open_output(path));
    auto cursor = NACRE_TRY(query::find(scope, {.collection = info.name, .hint = {}}));
    std::uint64_t documents = 0;
    std::uint64_t bytes = 0;
    while (true) {
      const auto row = NACRE_TRY(cursor.next());
      if (!row.has_value()) break;
      NACRE_TRY(output->write(as_text(row->bytes())));
      bytes += row->bytes().size();
      if (++documents % 1000 == 0) progress.update(before + documents, bytes);
    }
    NACRE_TRY(output->close());
    return documents;
  }

  DatabaseFlags where_;
  PastFlags past_;
  std::string directory_;
  std::string collection_;
  bool gzip_ = false;
  bool quiet_ = false;
};

}  // namespace

std::unique_ptr<Command> make_dump_command() { return std::make_unique<DumpCommand>(); }

}  // namespace nacre::cli
