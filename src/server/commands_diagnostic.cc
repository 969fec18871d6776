// What the server says about itself. Little, but nothing that is not so.
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>

#include "base/text.h"
#include "query/operations.h"
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

void append_collection_stats(const query::CollectionStats& stats, bson::Builder& reply) {
  reply.append_number("size", stats.bytes).append_number("count", stats.documents);
  if (stats.documents > 0) reply.append_number("avgObjSize", stats.bytes / stats.documents);
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
  const std::int64_t scale = NACRE_TRY(request.fields.integer("scale", 1));
  if (scale < 1) return fail(Code::kInvalid, wire_code::kBadValue, "scale has to be >= 1");
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  query::CollectionStats total;
  std::int64_t collections = 0;
  std::int64_t views = 0;
  std::int64_t disk = 0;
  if (database) {
    const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
    for (const std::string& name : snapshot.catalog().collection_names()) {
      if (snapshot.catalog().find(name)->settings.is_view) {
        ++views;
        continue;
      }
      const query::CollectionStats one =
          NACRE_TRY(query::collection_stats({.database = **database}, name));
      total.documents += one.documents;
      total.bytes += one.bytes;
      total.index_count += one.index_count;
      ++collections;
    }
    const txn::Stats stats = (*database)->stats();
    disk = static_cast<std::int64_t>(stats.file_bytes + stats.log_bytes);
  }
  const auto average = total.documents == 0 ? 0.0
                                            : static_cast<double>(total.bytes) /
                                                  static_cast<double>(total.documents);
  reply.append("db", request.database).append_number("collections", collections);
  reply.append_number("views", views).append_number("objects", total.documents);
  reply.append("avgObjSize", average).append_number("dataSize", total.bytes / scale);
  reply.append_number("storageSize", disk / scale).append_number("indexes", total.index_count);
  reply.append_number("totalSize", disk / scale).append_number("scaleFactor", scale);
  return {};
}

Result<> coll_stats(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  query::CollectionStats stats;
  std::optional<document::CappedLimits> limits;
  if (database) {
    stats = NACRE_TRY(query::collection_stats({.database = **database}, collection));
    const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
    const document::CollectionInfo* info = snapshot.catalog().find(collection);
    if (info != nullptr) limits = info->settings.capped;
  }
  reply.append("ns", format("{}.{}", request.database, collection));
  append_collection_stats(stats, reply);
  reply.append_number("nindexes", stats.index_count).append("capped", limits.has_value());
  if (limits) {
    reply.append_number("max", limits->documents).append_number("maxSize", limits->bytes);
  }
  return {};
}

Result<> validate(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
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
  if (info->settings.is_view) {
    return fail(Code::kInvalid, wire_code::kNotSupportedOnView, "Cannot validate a view");
  }
  const document::DatabaseVerifyReport report = NACRE_TRY((*database)->verify());
  reply.append("ns", format("{}.{}", request.database, collection)).append("valid", report.clean());
  reply.append_number("nIndexes", static_cast<std::int64_t>(info->index_specifications().size()));
  reply.begin_array("errors");
  for (const std::string& problem : report.problems) reply.push(problem);
  reply.end().begin_array("warnings").end();
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
