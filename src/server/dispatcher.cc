#include "server/dispatcher.h"

#include <array>
#include <optional>
#include <utility>

#include "base/logging.h"
#include "base/text.h"
#include "bson/validate.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr int kCommandDepthMax =
    bson::kDepthMax + 10;  // a document of full depth and what wraps it

Result<std::string_view> database_of(const Message& message, bson::View body) {
  if (message.legacy) {
    return message.collection.substr(0,
                                     message.collection.size() - std::string_view(".$cmd").size());
  }
  const bson::Element database = body.find("$db");
  if (!database.is(bson::Type::kString)) {
    return fail(Code::kInvalid, wire_code::kMissingDatabase,
                "OP_MSG requests require a $db argument");
  }
  return database.string();
}

Result<const Command*> known_command(const Fields& fields, const Message& message,
                                     std::string_view database) {
  const Command* command = find_command(fields.command());
  if (command == nullptr) {
    return fail(Code::kUnsupported, wire_code::kCommandNotFound,
                format("no such command: '{}'", fields.command()));
  }
  if (message.legacy && (command->flags & kHandshake) == 0) {
    return fail(
        Code::kUnsupported, wire_code::kUnsupportedOpQueryCommand,
        format("Unsupported OP_QUERY command: {}. The client driver may require an upgrade.",
               fields.command()));
  }
  if ((command->flags & kAdminOnly) != 0 && database != "admin") {
    return fail(Code::kInvalid, wire_code::kUnauthorized,
                format("{} may only be run against the admin database.", fields.command()));
  }
  if ((command->flags & kAnyFields) == 0) NACRE_TRY(fields.check_known(command->fields));
  return command;
}

// Refuses what would otherwise be silently ignored.
Result<> check_generic(const Fields& fields) {
  if (fields.get("startTransaction") || fields.get("autocommit")) {
    // Not 20 (IllegalOperation): drivers take that for a server without retryable writes.
    return fail(Code::kUnsupported, wire_code::kNotSupportedInTransaction,
                "multi-document transactions are not supported over the wire yet");
  }
  if (const bson::Element version = fields.get("apiVersion");
      version && (!version.is(bson::Type::kString) || version.string() != "1")) {
    return fail(Code::kInvalid, wire_code::kApiVersionError, "apiVersion must be \"1\"");
  }
  const bson::View concern = NACRE_TRY(fields.document("readConcern"));
  if (concern.find("atClusterTime")) {
    return fail(Code::kUnsupported, wire_code::kInvalidOptions,
                "readConcern.atClusterTime: reads of the past are not supported yet");
  }
  const bson::Element level = concern.find("level");
  if (!level) return {};
  if (level.is(bson::Type::kString)) {
    // One node shows only what is durable and never takes it back: these are all the same.
    for (const char* same : {"local", "available", "majority", "linearizable"}) {
      if (level.string() == same) return {};
    }
    if (level.string() == "snapshot") {
      return fail(Code::kUnsupported, wire_code::kInvalidOptions,
                  "readConcern level snapshot is not supported yet");
    }
  }
  return fail(Code::kInvalid, wire_code::kFailedToParse,
              "readConcern.level must be local, available, majority, linearizable or snapshot");
}

// {w: 2} can never be satisfied by one node; the write stands, and the reply says so.
void append_write_concern_error(const Fields& fields, bson::Builder& reply) {
  const bson::Element concern = fields.get("writeConcern");
  if (!concern.is(bson::Type::kDocument)) return;
  const bson::Element w = concern.document().find("w");
  std::int32_t code = 0;
  std::string text;
  if (w.is_number() && w.as_double().value_or(0) > 1) {
    code = wire_code::kUnsatisfiableWriteConcern;
    text = "Not enough data-bearing nodes";
  } else if (w.is(bson::Type::kString) && w.string() != "majority") {
    code = wire_code::kUnknownReplWriteConcern;
    text =
        format("No write concern mode named '{}' found in replica set configuration", w.string());
  }
  if (code == 0) return;
  reply.begin_document("writeConcernError").append("code", code);
  reply.append("codeName", code_name(code)).append("errmsg", text).end();
}

// The session and number of a retryable write, when the command is one.
struct RetryableWrite {
  std::string_view session;
  std::int64_t number = 0;
};

Result<std::optional<RetryableWrite>> retryable_write(const Command& command,
                                                      const Fields& fields) {
  const bson::Element number = fields.get("txnNumber");
  if (!number) return std::nullopt;
  const bson::Element session = fields.get("lsid").is(bson::Type::kDocument)
                                    ? fields.get("lsid").document().find("id")
                                    : bson::Element();
  const auto value = number.as_int64();
  if ((command.flags & kWrites) == 0 || !value || *value < 0 || !session.is(bson::Type::kBinary)) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                "txnNumber belongs to a write command and needs an lsid");
  }
  return RetryableWrite{.session = as_text(session.binary().bytes), .number = *value};
}

}  // namespace

Answer Dispatcher::answer(const Peer& peer, Bytes bytes) {
  const auto message = decode_message(bytes);
  if (!message.has_value()) {
    log_warning(format("connection {}: closed, {}", peer.id, message.error().what()));
    return {.bytes = {}, .close = true};
  }
  bson::Builder reply;
  auto body = bson::validate(message->body,
                             {.bytes_max = kWireDocumentSizeMax, .depth_max = kCommandDepthMax});
  Result<> outcome;
  if (!body.has_value()) {
    outcome = std::unexpected(std::move(body).error());
  } else {
    outcome = run(peer, *message, *body, reply);
  }
  if (!outcome.has_value()) {
    const Code code = outcome.error().code();
    if (code == Code::kIo || code == Code::kCorrupt || code == Code::kClosed) {
      log_error(format("connection {}: {}", peer.id, outcome.error().text()));
    }
    reply = bson::Builder();
    append_error(reply, outcome.error());
  }
  if (!message->wants_reply) return {};
  append_times(reply);
  const auto id = static_cast<std::int32_t>(next_reply_id_++ & 0x7fffffff);
  const bson::Document document = reply.finish();
  return {.bytes = encode_reply(*message, id, document.view().bytes()), .close = false};
}

Result<> Dispatcher::run(const Peer& peer, const Message& message, bson::View body,
                         bson::Builder& reply) {
  // Very old drivers wrap the command: {$query: {isMaster: 1}, $readPreference: ...}.
  if (message.legacy && body.find("$query").is(bson::Type::kDocument)) {
    body = body.find("$query").document();
  }
  if (body.empty()) return fail(Code::kInvalid, wire_code::kBadValue, "the command is empty");
  const std::string_view database = NACRE_TRY(database_of(message, body));
  NACRE_TRY(check_database_name(database));
  const Fields fields(body, &message);
  const Command* command = NACRE_TRY(known_command(fields, message, database));
  NACRE_TRY(check_generic(fields));
  const std::int64_t max_time_ms = NACRE_TRY(fields.count("maxTimeMS", 0));
  const Request request{.services = services_,
                        .peer = peer,
                        .database = database,
                        .fields = fields,
                        .max_time_ms = max_time_ms};
  const std::optional<RetryableWrite> retryable = NACRE_TRY(retryable_write(*command, fields));
  std::optional<Sessions::Ticket> ticket;
  if (retryable) {
    auto begun = NACRE_TRY(services_.sessions.begin_write(retryable->session, retryable->number));
    ticket.emplace(std::move(begun));
    if (ticket->recorded()) {
      reply.append_all(bson::View::trusted(as_bytes(*ticket->recorded())));
      return {};
    }
  }
  bson::Builder result;
  NACRE_TRY(command->handler(request, result));
  if ((command->flags & kWrites) != 0) append_write_concern_error(fields, result);
  result.append("ok", 1.0);
  const bson::Document document = result.finish();
  if (ticket) ticket->record(document.bytes());
  reply.append_all(document);
  return {};
}

void Dispatcher::append_times(bson::Builder& reply) {
  static constexpr std::array<std::byte, 20> kNoHash{};
  const bson::Timestamp now = services_.clock.now();
  reply.begin_document("$clusterTime").append("clusterTime", now).begin_document("signature");
  reply.append("hash", bson::Binary{.subtype = 0, .bytes = kNoHash});
  reply.append("keyId", std::int64_t{0}).end().end();
  reply.append("operationTime", now);
}

}  // namespace nacre::server
