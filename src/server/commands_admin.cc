// Commands by which drivers and tools ask about a server and set it up, where the answer is short.
//
// What they would change is refused unless it is so already.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "query/collection_stats.h"
#include "server/commands.h"
#include "server/structure.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr std::int32_t kFcvInvalidVersion = 4926900;
constexpr std::int32_t kFcvConfirmRequired = 7369100;
constexpr std::int32_t kOperationIsNoInt32 = 26823;
constexpr std::string_view kFeatureCompatibilityVersion = "8.0";

std::unexpected<Error> refused(std::string text) {
  return fail(Code::kUnsupported, wire_code::kCommandNotSupported, std::move(text));
}

}  // namespace

// Nacre takes no locks that others could wait for, and connects to no other server.
Result<> lock_info(const Request&, bson::Builder& reply) {
  reply.begin_array("lockInfo").end();
  return {};
}

Result<> conn_pool_stats(const Request&, bson::Builder& reply) {
  for (const std::string_view count :
       {"numClientConnections", "numAScopedConnections", "totalInUse", "totalAvailable",
        "totalLeased", "totalCreated", "totalRefreshing", "totalRefreshed"}) {
    reply.append(count, 0);
  }
  reply.begin_document("hosts").end().begin_document("replicaSets").end();
  return {};
}

Result<> get_default_rw_concern(const Request& request, bson::Builder& reply) {
  reply.begin_document("defaultReadConcern").append("level", "local").end();
  reply.begin_document("defaultWriteConcern").append("w", "majority").append("wtimeout", 0).end();
  reply.append("defaultWriteConcernSource", "implicit");
  reply.append("defaultReadConcernSource", "implicit");
  reply.append("localUpdateWallClockTime", bson::Date{request.services.clock.milliseconds()});
  return {};
}

Result<> data_size(const Request& request, bson::Builder& reply) {
  const bson::Element name = *request.fields.body().begin();
  NACRE_TRY(check_value("dataSize", name, Takes::kString));
  const bool estimate = NACRE_TRY(request.fields.boolean("estimate", false));
  for (const std::string_view bound : {"min", "max", "keyPattern"}) {
    NACRE_TRY(request.fields.document(bound));
    NACRE_TRY(request.fields.refuse(bound));
  }
  const std::string_view whole = name.string();
  const std::size_t dot = whole.find('.');
  if (dot == std::string_view::npos || dot + 1 == whole.size()) {
    return fail(Code::kInvalid, wire_code::kInvalidNamespace,
                format("Invalid namespace specified '{}'", whole));
  }
  NACRE_TRY(check_database_name(whole.substr(0, dot)));
  const std::int64_t started = request.services.clock.milliseconds();
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(whole.substr(0, dot)));
  query::CollectionStats stats;
  if (database) {
    stats = NACRE_TRY(query::collection_stats({.database = **database}, whole.substr(dot + 1)));
  }
  reply.append("estimate", estimate).append_number("size", stats.bytes);
  reply.append_number("numObjects", stats.documents);
  reply.append_number("millis", request.services.clock.milliseconds() - started);
  return {};
}

// There is no profiler: level 0 is what there is.
Result<> profile(const Request& request, bson::Builder& reply) {
  const bson::Element level = *request.fields.body().begin();
  NACRE_TRY(check_value("profile", level, Takes::kNumber));
  NACRE_TRY(request.fields.integer("slowms", 0));
  const double asked = level.as_double().value_or(0);
  if (asked > 0 && asked <= 2) return refused("there is no profiler");
  reply.append("was", 0).append("slowms", 100).append("sampleRate", 1.0);
  return {};
}

Result<> set_feature_compatibility_version(const Request& request, bson::Builder&) {
  const bson::Element version = *request.fields.body().begin();
  NACRE_TRY(check_value("setFeatureCompatibilityVersion", version, Takes::kString));
  const bool confirmed = NACRE_TRY(request.fields.boolean("confirm", false));
  constexpr std::string_view kKnown[] = {"7.0", "8.0"};
  if (std::ranges::find(kKnown, version.string()) == std::end(kKnown)) {
    return fail(Code::kInvalid, kFcvInvalidVersion,
                format("Invalid feature compatibility version '{}'", version.string()));
  }
  if (!confirmed) {
    return fail(Code::kInvalid, kFcvConfirmRequired,
                "setFeatureCompatibilityVersion needs {confirm: true}");
  }
  if (version.string() == kFeatureCompatibilityVersion) return {};
  return refused(
      format("the only feature compatibility version is {}", kFeatureCompatibilityVersion));
}

// Operations have no numbers that are shown, so that none is met.
Result<> kill_op(const Request& request, bson::Builder& reply) {
  const bson::Element operation = request.fields.get("op");
  if (!operation) {
    return fail(Code::kInvalid, wire_code::kNoSuchKey, "Did not provide \"op\" field");
  }
  NACRE_TRY(check_value("killOp.op", operation, Takes::kNumber));
  const auto number = operation.as_int64();
  if (!number || *number < INT32_MIN || *number > INT32_MAX) {
    return fail(Code::kInvalid, kOperationIsNoInt32, "invalid op: it is no int32");
  }
  reply.append("info", "attempting to kill op");
  return {};
}

}  // namespace nacre::server
