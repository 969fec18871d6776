#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "cli/bson_reader.h"
#include "cli/command.h"
#include "cli/database_flags.h"
#include "cli/dump_layout.h"
#include "cli/importer.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "document/index_spec.h"

namespace nacre::cli {
namespace {

constexpr CommandText kText{
    .name = "restore",
    .summary = "Move a database in from a directory that mongodump wrote",
    .about =
        "Reads NAME.bson and NAME.metadata.json of every collection, packed (.gz) or not,\n"
        "and makes the collections with their options, documents and indexes. DIR is the\n"
        "folder of one database, or what holds it. An oplog.bson is not replayed; system\n"
        "collections are left out.\n\n"
        "Documents are committed batch by batch, durable when the summary comes. An\n"
        "option or index that this version does not carry out ends the restore, unless\n"
        "--skip-unsupported.\n",
    .examples =
        "  mongodump --uri mongodb://old/shop --out dump\n"
        "  nacre restore dump --db shop.nacre\n"
        "  nacre restore dump --from shop --collection orders --drop --db shop.nacre\n"};

class RestoreCommand final : public Command {
 public:
  const CommandText& text() const override { return kText; }

  void declare(Arguments& arguments) override {
    arguments.positional("DIR", directory_, "The directory that mongodump (or nacre dump) wrote.");
    where_.declare(arguments);
    arguments.option("--from", "NAME", from_, "Which of several databases in DIR.");
    arguments.option("--collection", "NAME", collection_, "Only this collection.");
    arguments.flag("--drop", drop_, "Drop each collection first.");
    arguments.flag("--upsert", upsert_,
                   "Replace documents of the same _id: goes on after an interrupted restore.");
    arguments.flag("--skip-unsupported", skip_unsupported_,
                   "Leave out options and indexes that cannot be carried out, and say so.");
    arguments.flag("--quiet", quiet_, "No progress and no summary; problems are still reported.");
    arguments.flag("--json", json_, "Print the summary as JSON to standard output.");
  }

  Result<Exit> run(Console& console) override {
    auto collections = NACRE_TRY(find_dump(directory_, from_));
    if (!collection_.empty()) {
      std::erase_if(collections, [&](const auto& each) { return each.name != collection_; });
      if (collections.empty()) {
        return fail(Code::kNotFound, format("{} has no collection {}", directory_, collection_));
      }
    }
    catch_interrupts();
    auto database = NACRE_TRY(where_.open({.create = true}));
    Progress progress(console, !quiet_, std::nullopt);
    Totals totals;
    for (const DumpedCollection& collection : collections) {
      auto done = restore(console, database, collection, progress, totals);
      progress.clear();
      if (!done) {
        return std::unexpected(
            std::move(done).error().while_doing("restoring collection " + collection.name));
      }
      if (*done != Exit::kOk) return *done;
    }
    const double seconds = progress.seconds();
    NACRE_TRY(database->close());
    summarize(console, totals, seconds);
    return totals.left_out == 0 ? Exit::kOk : Exit::kProblem;
  }

 private:
  struct Totals {
    std::uint64_t collections = 0;
    std::uint64_t documents = 0;
    std::uint64_t indexes = 0;
    std::uint64_t left_out = 0;  // options and indexes
  };

  Result<Exit> restore(Console& console, OpenDatabase& database, const DumpedCollection& collection,
                       Progress& progress, Totals& totals) {
    const DumpedMetadata metadata = NACRE_TRY(read_metadata(collection));
    if (drop_) NACRE_TRY(database->drop_collection(collection.name));
    NACRE_TRY(create(console, database, collection, metadata, totals));
    ++totals.collections;
    if (collection.bson.empty()) return Exit::kOk;
    const auto input = NACRE_TRY(open_input(collection.bson));
    BsonReader reader(*input);
    bool is_bad = false;
    ImportOptions options{.collection = collection.name};
    if (upsert_) options.upsert_fields = {"_id"};
    options.on_problem = [&](Place place, const std::string& reason) {
      progress.clear();
      is_bad = true;
      console.message(format("{}: document {}: byte {}: {}", collection.bson, place.line,
                             place.offset, reason));
    };
    options.on_batch = [&](std::uint64_t documents, std::uint64_t bytes) {
      progress.update(totals.documents + documents, bytes);
    };
    options.stop_wanted = interrupted;
    const query::Scope scope{.database = *database, .durability = txn::Durability::kGroup};
    const auto imported = NACRE_TRY(import_records(scope, reader, options));
    totals.documents += imported.imported;
    if (imported.interrupted) {
      console.message("interrupted; what was restored until then is kept; --upsert goes on");
      return Exit::kInterrupted;
    }
    if (is_bad) return Exit::kProblem;
    NACRE_TRY(build_indexes(console, database, collection.name, metadata, totals));
    return Exit::kOk;
  }

  // What cannot be carried out is said, or is the error.
  Result<> leave_out(Console& console, Error error, const std::string& what, Totals& totals) const {
    if (error.code() != Code::kUnsupported || !skip_unsupported_) {
      return std::unexpected(std::move(error).while_doing("carrying over " + what));
    }
    ++totals.left_out;
    console.message(format("left out {}: {}", what, error.what()));
    return {};
  }

  Result<> create(Console& console, OpenDatabase& database, const DumpedCollection& collection,
                  const DumpedMetadata& metadata, Totals& totals) const {
    const auto snapshot = NACRE_TRY(database->snapshot());
    if (snapshot.catalog().find(collection.name) != nullptr) return {};
    auto created = database->create_collection(collection.name, metadata.options);
    if (created) return {};
    const std::string what =
        format("the options {} of {}", bson::to_json(metadata.options), collection.name);
    NACRE_TRY(leave_out(console, std::move(created).error(), what, totals));
    if (collection.bson.empty()) return {};  // a view without its options is nothing
    return database->create_collection(collection.name, {});
  }

  Result<> build_indexes(Console& console, OpenDatabase& database, const std::string& collection,
                         const DumpedMetadata& metadata, Totals& totals) const {
    for (const bson::Document& index : metadata.indexes) {
      if (index.find("name").is(bson::Type::kString) && index.find("name").string() == "_id_") {
        continue;
      }
      bson::Builder wanted;
      for (const bson::Element& field : index.view()) {
        if (field.name() != "ns") wanted.append(field);  // of old servers
      }
      const bson::Document specification = wanted.finish();
      auto spec = document::parse_index_spec(specification);
      if (spec) {
        NACRE_TRY(database->create_indexes(collection, std::span(&*spec, 1)));
        ++totals.indexes;
        continue;
      }
      NACRE_TRY(leave_out(console, std::move(spec).error(),
                          format("the index {} of {}", bson::to_json(specification), collection),
                          totals));
    }
    return {};
  }

  void summarize(Console& console, const Totals& totals, double seconds) const {
    if (json_) {
      console.print(
          format("{{\"collections\":{},\"documents\":{},\"indexes\":{},\"left_out\":{},"
                 "\"seconds\":{:.3f}}}\n",
                 totals.collections, totals.documents, totals.indexes, totals.left_out, seconds));
    }
    if (quiet_) return;
    console.message(format("{} documents, {} indexes of {} collections in {}",
                           with_thousands(totals.documents), totals.indexes, totals.collections,
                           show_seconds(seconds)));
  }

  DatabaseFlags where_;
  std::string directory_;
  std::string from_;
  std::string collection_;
  bool drop_ = false;
  bool upsert_ = false;
  bool skip_unsupported_ = false;
  bool quiet_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_restore_command() { return std::make_unique<RestoreCommand>(); }

}  // namespace nacre::cli
