// The command aggregate.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "aggregation/aggregate.h"
#include "base/text.h"
#include "io/memory_file_system.h"
#include "server/aggregate_request.h"
#include "server/batch.h"
#include "server/commands.h"
#include "server/each_stage.h"
#include "server/explain_command.h"
#include "server/scope.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

// A database that is not there, to find out what a pipeline over it gives: an error, or the rows it
// makes by itself.
class Absent {
 public:
  static Result<Absent> open(std::string_view name) {
    Absent absent;
    absent.files_ = io::make_memory_file_system();
    document::Options options;
    options.engine.file_system = absent.files_.get();
    options.engine.create_if_missing = true;
    options.engine.background_thread = false;
    options.engine.cache_bytes = std::size_t{1} << 20;
    options.name = name;
    absent.database_ = NACRE_TRY(document::Database::open("absent", options));
    return absent;
  }
  [[nodiscard]] document::Database& operator*() const { return *database_; }

 private:
  std::unique_ptr<io::FileSystem> files_;
  std::unique_ptr<document::Database> database_;  // dies first
};

// Stages that refuse in their own way before anything else is looked at.
Result<> check_first_stage(const bson::View& pipeline) {
  const bson::Element stage = pipeline.at(0);
  const bool is_named = stage.is(bson::Type::kDocument) && !stage.document().empty();
  if (is_named && stage.document().begin()->name() == "$listSearchIndexes") {
    NACRE_TRY(search_not_enabled());
  }
  return {};
}

// Stages that show this server's own state show the newest, under no other concern.
Result<> check_own_stages(const Fields& fields, const bson::View& pipeline) {
  constexpr auto kOwn =
      std::to_array<std::string_view>({"$currentOp", "$listLocalSessions", "$planCacheStats"});
  const bson::View concern = NACRE_TRY(fields.document("readConcern"));
  const bson::Element level = concern.find("level");
  if (!level.is(bson::Type::kString) || level.string() == "local") return {};
  return each_stage(pipeline, [&](const bson::Element& stage) -> Result<> {
    if (std::ranges::find(kOwn, stage.name()) == kOwn.end()) return {};
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                format("Aggregation stage {} requires read concern local but found {}",
                       stage.name(), level.string()));
  });
}

// What is read to be written again cannot be proven the newest while it is.
Result<> check_read_concern(const Fields& fields, const bson::View& pipeline) {
  const bson::View concern = NACRE_TRY(fields.document("readConcern"));
  const bson::Element level = concern.find("level");
  const bool linearizable = level.is(bson::Type::kString) && level.string() == "linearizable";
  if (!linearizable || !aggregation::writes(pipeline)) return {};
  return fail(Code::kInvalid, wire_code::kInvalidOptions,
              "$out and $merge cannot be used with a 'linearizable' read concern level");
}

std::string cursor_namespace(std::string_view collection) {
  return collection.empty() ? "$cmd.aggregate" : std::string(collection);
}

// What a pipeline over nothing makes by itself came with the command and is no larger than it.
Result<std::vector<bson::Document>> all_rows(query::Cursor& cursor) {
  std::vector<bson::Document> rows;
  while (true) {
    const auto row = NACRE_TRY(cursor.next());
    if (!row) return rows;
    rows.emplace_back(*row);
  }
}

Result<> run(const Request& request, document::Database& database, const AggregateCommand& command,
             bool is_absent, bson::Builder& reply) {
  // Databases that $out and $merge name stay open until the rows are written.
  std::vector<Databases::Lease> leases;
  aggregation::AggregateRequest asked = command.request;
  asked.open_database = [&](std::string_view name) -> Result<document::Database*> {
    leases.push_back(NACRE_TRY(request.services.databases.open_or_create(name)));
    return &*leases.back();
  };
  query::Cursor cursor = NACRE_TRY(aggregation::aggregate(scope_of(request, database), asked));
  std::optional<std::int64_t> batch_size = command.batch_size;
  if (aggregation::writes(asked.pipeline)) {
    // Everything is written before the answer, whatever the size of the batch: there is no row.
    static_cast<void>(NACRE_TRY(cursor.next()));
  }
  Rows rows = is_absent ? Rows(NACRE_TRY(all_rows(cursor))) : Rows(std::move(cursor));
  return append_first_batch(request,
                            StoredCursor{.database = std::string(request.database),
                                         .collection = cursor_namespace(asked.collection),
                                         .rows = std::move(rows)},
                            {.batch_size = batch_size}, reply);
}

}  // namespace

Result<> aggregate(const Request& request, bson::Builder& reply) {
  const Fields& fields = request.fields;
  const AggregateCommand command = NACRE_TRY(parse_aggregate(fields));
  NACRE_TRY(check_first_stage(command.request.pipeline));
  if (command.explain) {
    if (fields.get("writeConcern")) {
      return fail(Code::kInvalid, wire_code::kFailedToParse,
                  "Aggregation explain does not support the 'writeConcern' option");
    }
    return explain_into(request, fields, query::Verbosity::kQueryPlanner, reply);
  }
  NACRE_TRY(check_own_stages(fields, command.request.pipeline));
  NACRE_TRY(check_read_concern(fields, command.request.pipeline));
  const bson::Element cursor = fields.get("cursor");
  if (!cursor) {
    return fail(Code::kInvalid, wire_code::kFailedToParse,
                "The 'cursor' option is required, except for aggregate with the explain argument");
  }
  std::optional<Databases::Lease> database = NACRE_TRY(find_database(request));
  if (!database && aggregation::writes(command.request.pipeline)) {
    database.emplace(NACRE_TRY(open_database(request)));
  }
  if (database) return run(request, **database, command, /*is_absent=*/false, reply);
  const Absent absent = NACRE_TRY(Absent::open(request.database));
  return run(request, *absent, command, /*is_absent=*/true, reply);
}

}  // namespace nacre::server
