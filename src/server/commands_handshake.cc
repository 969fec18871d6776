// hello and the questions every client asks first. What Nacre claims to be: a single-node replica
// set of MongoDB 8.0, because that is what gives drivers sessions and retryable writes.
#include <array>
#include <cstdint>

#include "server/commands.h"

namespace nacre::server {
namespace {

constexpr std::string_view kSetName = "nacre";
constexpr std::string_view kVersion = "8.0.0";  // of MongoDB, whose behaviour is claimed
constexpr std::int32_t kWireVersionMax = 25;    // 8.0
constexpr std::int32_t kSessionMinutes = 30;

void append_topology(const Request& request, bson::Builder& reply) {
  const std::string& advertised = request.services.facts.advertised_address;
  // Drivers leave the address they were given and connect to the one named here, so it must be one
  // by which this very client can reach us.
  const std::string& me = advertised.empty() ? request.peer.local_address : advertised;
  reply.append("setName", kSetName).append("setVersion", 1).append("secondary", false);
  reply.begin_array("hosts").push(me).end().append("primary", me).append("me", me);
  bson::ObjectId election;  // 7fffffff0000000000000001: no other node ever stood for election
  election.bytes = {std::byte{0x7f}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};
  election.bytes[11] = std::byte{1};
  reply.append("electionId", election);
  const bson::Timestamp now = request.services.clock.now();
  const bson::Date date{request.services.clock.milliseconds()};
  reply.begin_document("lastWrite");
  for (const char* name : {"opTime", "majorityOpTime"}) {
    reply.begin_document(name).append("ts", now).append("t", std::int64_t{1}).end();
  }
  reply.append("lastWriteDate", date).append("majorityWriteDate", date).end();
}

void append_hello(const Request& request, bson::Builder& reply) {
  reply.append("helloOk", true);
  append_topology(request, reply);
  reply.append("maxBsonObjectSize", static_cast<std::int32_t>(kDocumentSizeMax));
  reply.append("maxMessageSizeBytes", static_cast<std::int32_t>(kMessageSizeMax));
  reply.append("maxWriteBatchSize", static_cast<std::int32_t>(kBatchCountMax));
  reply.append("localTime", bson::Date{request.services.clock.milliseconds()});
  reply.append("logicalSessionTimeoutMinutes", kSessionMinutes);
  reply.append("connectionId", static_cast<std::int32_t>(request.peer.id & 0x7fffffff));
  reply.append("minWireVersion", 0).append("maxWireVersion", kWireVersionMax);
  reply.append("readOnly", false);
  // A client that offers to authenticate learns that there is nothing to choose from yet.
  if (request.fields.get("saslSupportedMechs")) reply.begin_array("saslSupportedMechs").end();
}

}  // namespace

Result<> hello(const Request& request, bson::Builder& reply) {
  reply.append("isWritablePrimary", true);
  append_hello(request, reply);
  return {};
}

Result<> is_master(const Request& request, bson::Builder& reply) {
  reply.append("ismaster", true);
  append_hello(request, reply);
  return {};
}

Result<> ping(const Request&, bson::Builder&) { return {}; }

Result<> build_info(const Request&, bson::Builder& reply) {
  reply.append("version", kVersion).append("gitVersion", "nacre");
  reply.begin_array("versionArray").push(8).push(0).push(0).push(0).end();
  reply.begin_array("modules").end();
  reply.append("javascriptEngine", "none").append("bits", 64).append("debug", false);
  reply.append("maxBsonObjectSize", static_cast<std::int32_t>(kDocumentSizeMax));
  reply.begin_array("storageEngines").push("nacre").end();
  return {};
}

Result<> list_commands(const Request&, bson::Builder& reply) {
  reply.begin_document("commands");
  for (const Command& command : command_table()) {
    reply.begin_document(command.name).append("adminOnly", (command.flags & kAdminOnly) != 0).end();
  }
  reply.end();
  return {};
}

}  // namespace nacre::server
