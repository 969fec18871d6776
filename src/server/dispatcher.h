// Dispatcher: from the bytes of one message to the bytes of its answer.
//
// Order of checks: framing (a broken one closes the connection), BSON, $db, the command's name, its
//   fields, what else it carries, and only then its handler. A repeated retryable write is answered
//   from the record (sessions.h).
// Errors:  none; every one becomes an answer {ok: 0, errmsg, code, codeName}.
// Threads: any number at once.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "server/command.h"
#include "server/generic_arguments.h"
#include "server/network.h"
#include "server/wire.h"

namespace nacre::server {

class Dispatcher {
 public:
  explicit Dispatcher(Services& services) : services_(services) {}

  [[nodiscard]] Answer answer(const Peer& peer, Bytes message);

 private:
  [[nodiscard]] Result<> run(const Peer& peer, const Message& message, bson::View body,
                             bson::Builder& reply);
  [[nodiscard]] Result<bson::Document> run_alone(const Command& command, const Request& request,
                                                 TransactionPart part);
  [[nodiscard]] Result<bson::Document> run_in_transaction(const Command& command,
                                                          const Request& request,
                                                          TransactionPart part);
  void append_times(bson::Builder& reply);

  Services& services_;
  std::atomic<std::uint32_t> next_reply_id_ = 1;
};

}  // namespace nacre::server
