#include "server/dispatcher.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "base/logging.h"
#include "base/text.h"
#include "bson/validate.h"
#include "server/generic_arguments.h"
#include "server/wire_error.h"
#include "server/write_concern.h"

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

// The collection that a command is of, if it is of one.
std::string_view collection_of(const Command& command, const Fields& fields) {
  if ((command.flags & kAdminOnly) != 0) return {};
  const bson::Element name =
      command.name == "getMore" ? fields.get("collection") : *fields.body().begin();
  return name.is(bson::Type::kString) ? name.string() : std::string_view();
}

Usage::Kind usage_kind_of(const Command& command) {
  struct Named {
    std::string_view name;
    Usage::Kind kind;
  };
  constexpr auto kKinds = std::to_array<Named>({{"find", Usage::Kind::kQuery},
                                                {"getMore", Usage::Kind::kGetMore},
                                                {"insert", Usage::Kind::kInsert},
                                                {"update", Usage::Kind::kUpdate},
                                                {"delete", Usage::Kind::kRemove}});
  const auto found = std::ranges::find(kKinds, command.name, &Named::name);
  return found == kKinds.end() ? Usage::Kind::kOther : found->kind;
}

// A statement's error ends its transaction as any other error does.
bool succeeded(const bson::Document& result) { return !result.find("writeErrors"); }

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
  const bson::View understood = body.has_value() ? *body : bson::View();
  Result<> outcome;
  if (!body.has_value()) {
    outcome = std::unexpected(std::move(body).error());
  } else {
    outcome = run(peer, *message, understood, reply);
  }
  if (!outcome.has_value()) {
    const Code code = outcome.error().code();
    if (code == Code::kIo || code == Code::kCorrupt || code == Code::kClosed) {
      log_error(format("connection {}: {}", peer.id, outcome.error().text()));
    }
    reply = bson::Builder();
    append_error(reply, outcome.error());
    if (understood.find("autocommit") && is_transient(wire_code_of(outcome.error()))) {
      reply.begin_array("errorLabels").push("TransientTransactionError").end();
    }
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
  const TransactionPart part = NACRE_TRY(transaction_part_of(*command, fields));
  NACRE_TRY(check_generic(fields, part));
  const std::int64_t max_time_ms = NACRE_TRY(fields.count("maxTimeMS", 0));
  if (max_time_ms > std::numeric_limits<std::int32_t>::max()) {
    return fail(Code::kInvalid, wire_code::kBadValue,
                format("{} value for maxTimeMS is out of range", max_time_ms));
  }
  const Request request{.services = services_,
                        .peer = peer,
                        .database = database,
                        .fields = fields,
                        .max_time_ms = max_time_ms};
  const auto began = std::chrono::steady_clock::now();
  bson::Document result;
  if (part == TransactionPart::kStarts || part == TransactionPart::kContinues) {
    result = NACRE_TRY(run_in_transaction(*command, request, part));
  } else {
    result = NACRE_TRY(run_alone(*command, request, part));
  }
  if (const std::string_view collection = collection_of(*command, fields); !collection.empty()) {
    services_.usage.add(database, collection, usage_kind_of(*command),
                        (command->flags & kWrites) != 0, std::chrono::steady_clock::now() - began);
  }
  reply.append_all(result);
  return {};
}

Result<bson::Document> Dispatcher::run_alone(const Command& command, const Request& request,
                                             TransactionPart part) {
  std::optional<Sessions::Ticket> ticket;
  if (part == TransactionPart::kNone) {
    const std::optional<TransactionId> retryable =
        NACRE_TRY(retryable_write_of(command, request.fields));
    if (retryable) {
      auto begun = NACRE_TRY(services_.sessions.begin_write(retryable->session, retryable->number));
      if (begun.recorded()) return bson::Document::trusted(*begun.recorded());
      ticket.emplace(std::move(begun));
    }
  }
  bson::Builder result;
  NACRE_TRY(command.handler(request, result));
  if ((command.flags & kWrites) != 0) append_write_concern_error(request.fields, result);
  if ((command.flags & kTellsOk) == 0) result.append("ok", 1.0);
  bson::Document document = result.finish();
  if (ticket) ticket->record(document.bytes());
  return document;
}

Result<bson::Document> Dispatcher::run_in_transaction(const Command& command,
                                                      const Request& request,
                                                      TransactionPart part) {
  const TransactionId id = NACRE_TRY(transaction_id_of(request.fields));
  // Opened even if it is only continued: a database that was dropped has ended
  // its transactions.
  const Databases::Lease lease = NACRE_TRY(services_.databases.open_or_create(request.database));
  auto begun = part == TransactionPart::kStarts
                   ? services_.transactions.start(id, *lease, request.database)
                   : services_.transactions.use(id, request.database);
  Transactions::Use use = NACRE_TRY(std::move(begun));
  const InTransaction inside{.lease = lease, .transaction = use.transaction(), .tag = use.tag()};
  Request part_request = request;
  part_request.transaction = &inside;
  bson::Builder result;
  NACRE_TRY(command.handler(part_request, result));
  if ((command.flags & kTellsOk) == 0) result.append("ok", 1.0);
  bson::Document document = result.finish();
  if (succeeded(document)) use.keep();
  return document;
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
