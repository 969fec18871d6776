// What the server says about itself. Little, but nothing that is not so.
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "base/text.h"
#include "query/collection_stats.h"
#include "server/commands.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

struct Parameter {
  std::string_view name;
  void (*append)(bson::Builder& reply, std::string_view name);
};

constexpr auto kParameters = std::to_array<Parameter>({
    {"authenticationMechanisms",
     [](bson::Builder& reply, std::string_view name) { reply.begin_array(name).end(); }},
    {"enableTestCommands",
     [](bson::Builder& reply, std::string_view name) { reply.append(name, false); }},
    {"featureCompatibilityVersion",
     [](bson::Builder& reply, std::string_view name) {
       reply.begin_document(name).append("version", "8.0").end();
     }},
    {"requireApiVersion",
     [](bson::Builder& reply, std::string_view name) { reply.append(name, false); }},
});

// Resident memory, from the kernel.
std::int64_t resident_bytes() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%*d %ld", &pages);
  std::fclose(file);
  return read == 1 ? std::int64_t{pages} * ::sysconf(_SC_PAGESIZE) : 0;
}

// `scale` of dbStats and collStats.
Result<std::int64_t> scale_of(const Fields& fields) {
  const std::int64_t scale = NACRE_TRY(fields.integer("scale", 1));
  if (scale >= 1) return scale;
  return fail(Code::kInvalid, wire_code::kBadValue,
              format("BSON field 'scale' value must be >= 1, actual value '{}'", scale));
}

struct DatabaseTotals {
  std::int64_t collections = 0;
  std::int64_t views = 0;
  std::int64_t documents = 0;
  std::int64_t bytes = 0;
  std::int64_t indexes = 0;
  std::int64_t index_bytes = 0;
};
Result<DatabaseTotals> totals_of(document::Database& database) {
  DatabaseTotals totals;
  const document::Snapshot snapshot = NACRE_TRY(database.snapshot());
  for (const std::string& name : snapshot.catalog().collection_names()) {
    if (snapshot.catalog().find(name)->settings.is_view) {
      ++totals.views;
      continue;
    }
    const query::CollectionStats one =
        NACRE_TRY(query::collection_stats({.database = database, .at = &snapshot}, name));
    ++totals.collections;
    totals.documents += one.documents;
    totals.bytes += one.bytes;
    totals.indexes += static_cast<std::int64_t>(one.indexes.size());
    totals.index_bytes += one.index_bytes();
  }
  return totals;
}

}  // namespace

Result<> get_parameter(const Request& request, bson::Builder& reply) {
  const bson::Element first = *request.fields.body().begin();
  const bool all =
      (first.is(bson::Type::kString) && first.string() == "*") ||
      (first.is(bson::Type::kDocument) && first.document().find("allParameters").truthy());
  bool found = false;
  for (const Parameter& parameter : kParameters) {
    if (!all && !request.fields.get(parameter.name)) continue;
    parameter.append(reply, parameter.name);
    found = true;
  }
  if (found) return {};
  return fail(Code::kInvalid, wire_code::kInvalidOptions, "no option found to get");
}

Result<> get_log(const Request& request, bson::Builder& reply) {
  const bson::Element first = *request.fields.body().begin();
  const std::string_view name = first.is(bson::Type::kString) ? first.string() : "";
  if (name == "*") {
    reply.begin_array("names").push("global").push("startupWarnings").end();
    return {};
  }
  if (name != "global" && name != "startupWarnings") {
    return fail(Code::kInvalid, wire_code::kBadValue, format("No log named '{}'", name));
  }
  // The log goes to standard error and is not kept in memory.
  reply.append("totalLinesWritten", 0).begin_array("log").end();
  return {};
}

Result<> connection_status(const Request&, bson::Builder& reply) {
  reply.begin_document("authInfo").begin_array("authenticatedUsers").end();
  reply.begin_array("authenticatedUserRoles").end().end();
  return {};
}

Result<> get_cmd_line_opts(const Request& request, bson::Builder& reply) {
  reply.begin_array("argv");
  for (const std::string& argument : request.services.facts.arguments) reply.push(argument);
  reply.end().begin_document("parsed").end();
  return {};
}

Result<> host_info(const Request& request, bson::Builder& reply) {
  utsname names{};
  ::uname(&names);
  const std::int64_t memory =
      std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE) >> 20;
  reply.begin_document("system");
  reply.append("currentTime", bson::Date{request.services.clock.milliseconds()});
  reply.append("hostname", request.services.facts.host_name).append("cpuAddrSize", 64);
  reply.append_number("memSizeMB", memory);
  reply.append_number("numCores", std::int64_t{std::thread::hardware_concurrency()});
  reply.append("cpuArch", names.machine).append("numaEnabled", false).end();
  reply.begin_document("os").append("type", names.sysname).append("name", names.sysname);
  reply.append("version", names.release).end().begin_document("extra").end();
  return {};
}

Result<> server_status(const Request& request, bson::Builder& reply) {
  const ServerFacts& facts = request.services.facts;
  const NetworkStats network = request.services.network_stats();
  const std::int64_t now = request.services.clock.milliseconds();
  const std::int64_t uptime = now - facts.started_ms;
  reply.append("host", facts.host_name).append("version", "8.0.0").append("process", "nacre");
  reply.append("pid", facts.process_id).append("uptime", static_cast<double>(uptime / 1000));
  reply.append("uptimeMillis", uptime).append("uptimeEstimate", uptime / 1000);
  reply.append("localTime", bson::Date{now}).begin_document("connections");
  reply.append_number("current", static_cast<std::int64_t>(network.connections));
  reply.append_number("totalCreated", static_cast<std::int64_t>(network.accepted));
  reply.append_number("rejected", static_cast<std::int64_t>(network.refused)).end();
  reply.begin_document("mem").append("bits", 64).append_number("resident", resident_bytes() >> 20);
  reply.append("supported", true).end().begin_document("metrics").begin_document("cursor");
  reply.append_number("timedOut",
                      static_cast<std::int64_t>(request.services.cursors.timed_out_count()));
  reply.begin_document("open");
  reply.append_number("total", static_cast<std::int64_t>(request.services.cursors.open_count()));
  reply.end().end().end().begin_document("logicalSessionRecordCache");
  reply.append_number("activeSessionsCount",
                      static_cast<std::int64_t>(request.services.sessions.count()));
  reply.end().begin_document("storageEngine").append("name", "nacre").end();
  return {};
}

Result<> db_stats(const Request& request, bson::Builder& reply) {
  const std::int64_t scale = NACRE_TRY(scale_of(request.fields));
  const bool with_free = NACRE_TRY(request.fields.integer("freeStorage", 0)) != 0;
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  DatabaseTotals totals;
  std::int64_t disk = 0;
  if (database) {
    totals = NACRE_TRY(totals_of(**database));
    const txn::Stats stats = (*database)->stats();
    disk = static_cast<std::int64_t>(stats.file_bytes + stats.log_bytes);
  }
  const auto average = totals.documents == 0 ? 0.0
                                             : static_cast<double>(totals.bytes) /
                                                   static_cast<double>(totals.documents);
  reply.append("db", request.database).append_number("collections", totals.collections);
  reply.append_number("views", totals.views).append_number("objects", totals.documents);
  reply.append("avgObjSize", average).append_number("dataSize", totals.bytes / scale);
  reply.append_number("storageSize", disk / scale);
  if (with_free) reply.append("freeStorageSize", 0);
  reply.append_number("indexes", totals.indexes);
  reply.append_number("indexSize", totals.index_bytes / scale);
  if (with_free) reply.append("indexFreeStorageSize", 0);
  reply.append_number("totalSize", disk / scale);
  if (with_free) reply.append("totalFreeStorageSize", 0);
  reply.append_number("scaleFactor", scale);
  return {};
}

Result<> coll_stats(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const std::int64_t scale = NACRE_TRY(scale_of(request.fields));
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  query::CollectionStats stats;
  if (database) stats = NACRE_TRY(query::collection_stats({.database = **database}, collection));
  reply.append("ns", format("{}.{}", request.database, collection));
  query::append_storage_stats(stats, scale, reply);
  return {};
}

namespace {

// What validate may be asked for; everything is looked at either way.
Result<> check_validate_options(const Fields& fields) {
  const bool full = NACRE_TRY(fields.boolean("full", false));
  const bool background = NACRE_TRY(fields.boolean("background", false));
  const bool metadata = NACRE_TRY(fields.boolean("metadata", false));
  const bool repair = NACRE_TRY(fields.boolean("repair", false));
  NACRE_TRY(fields.boolean("fixMultikey", false));
  NACRE_TRY(fields.boolean("checkBSONConformance", false));
  const auto refused = [](std::string_view what) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions, std::string(what));
  };
  if (background && (full || metadata || repair)) {
    return refused(
        "Running the validate command with { background: true } is not supported with "
        "full, metadata or repair");
  }
  if (metadata && (full || repair)) {
    return refused(
        "Running the validate command with { metadata: true } is not supported with "
        "any other options");
  }
  if (!repair) return {};
  return fail(Code::kUnsupported, wire_code::kCommandNotSupported,
              "validate repairs nothing: 'nacre salvage' copies out what can be read");
}

}  // namespace

Result<> validate(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  NACRE_TRY(check_validate_options(request.fields));
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  const document::CollectionInfo* info = nullptr;
  std::optional<document::Snapshot> snapshot;
  if (database) {
    snapshot.emplace(NACRE_TRY((*database)->snapshot()));
    info = snapshot->catalog().find(collection);
  }
  if (info == nullptr) {
    return fail(
        Code::kNotFound, wire_code::kNamespaceNotFound,
        format("Collection '{}.{}' does not exist to validate.", request.database, collection));
  }
  const query::CollectionStats stats =
      NACRE_TRY(query::collection_stats({.database = **database, .at = &*snapshot}, collection));
  const document::DatabaseVerifyReport report = NACRE_TRY((*database)->verify());
  reply.append("ns", format("{}.{}", request.database, collection));
  reply.append("uuid", bson::Binary{.subtype = 4, .bytes = info->uuid});
  reply.append("nInvalidDocuments", 0).append("nNonCompliantDocuments", 0);
  reply.append_number("nrecords", stats.documents);
  reply.append_number("nIndexes", static_cast<std::int64_t>(stats.indexes.size()));
  reply.begin_document("keysPerIndex");
  for (const query::IndexSize& index : stats.indexes) {
    reply.append_number(index.name, index.entries);
  }
  reply.end().begin_document("indexDetails");
  for (const query::IndexSize& index : stats.indexes) {
    reply.begin_document(index.name).append("valid", report.clean()).end();
  }
  reply.end().append("valid", report.clean()).append("repaired", false);
  reply.begin_array("warnings").end().begin_array("errors");
  for (const std::string& problem : report.problems) reply.push(problem);
  reply.end();
  for (const std::string_view list : {"extraIndexEntries", "missingIndexEntries"}) {
    reply.begin_array(list).end();
  }
  reply.begin_array("corruptRecords").end();
  return {};
}

Result<> repl_set_get_status(const Request& request, bson::Builder& reply) {
  const ServerFacts& facts = request.services.facts;
  const std::int64_t now = request.services.clock.milliseconds();
  const std::string& me =
      facts.advertised_address.empty() ? request.peer.local_address : facts.advertised_address;
  reply.append("set", "nacre").append("date", bson::Date{now}).append("myState", 1);
  reply.append("term", std::int64_t{1}).begin_array("members").push_begin_document();
  reply.append("_id", 0).append("name", me).append("health", 1.0).append("state", 1);
  reply.append("stateStr", "PRIMARY").append_number("uptime", (now - facts.started_ms) / 1000);
  reply.begin_document("optime").append("ts", request.services.clock.now());
  reply.append("t", std::int64_t{1}).end().append("self", true).end().end();
  return {};
}

Result<> users_info(const Request&, bson::Builder& reply) {
  reply.begin_array("users").end();
  return {};
}

}  // namespace nacre::server
