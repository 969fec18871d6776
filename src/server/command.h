// Commands: what a handler gets, what it gives, and the table of all of them.
//
// To add a command: write a handler in the file of its family (commands_*.cc), declare it in
//   commands.h, and give it a row in command_table.cc. docs/compatibility.md lists the same rows; a
//   test compares them.
// Threads: handlers run on workers, many at once; a Request belongs to one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "server/cursors.h"
#include "server/databases.h"
#include "server/fields.h"
#include "server/network.h"
#include "server/server_clock.h"
#include "server/sessions.h"
#include "server/transactions.h"
#include "server/usage.h"

namespace nacre::server {

// Facts about this server that commands tell.
struct ServerFacts {
  std::string advertised_address;  // what hello names instead of the connection's own; or empty
  std::string host_name;
  std::int64_t started_ms = 0;  // since the epoch
  std::int64_t process_id = 0;
  std::vector<std::string> arguments;  // of the command line, for getCmdLineOpts
};

// What all commands share; outlives them.
struct Services {
  Databases& databases;
  Cursors& cursors;
  Sessions& sessions;
  Transactions& transactions;
  ServerClock& clock;
  Usage& usage;
  const ServerFacts& facts;
  std::function<NetworkStats()> network_stats;
};

// The transaction that a command is part of.
struct InTransaction {
  const Databases::Lease& lease;  // on its database
  document::Transaction& transaction;
  std::string_view tag;  // of its cursors
};

struct Request {
  Services& services;
  const Peer& peer;
  std::string_view database;  // $db, checked
  Fields fields;
  std::int64_t max_time_ms = 0;  // 0: none
  const InTransaction* transaction = nullptr;
};

// Appends the fields of the reply but ok (kTellsOk). What it appended before an error is not sent.
using Handler = Result<> (*)(const Request& request, bson::Builder& reply);

enum CommandFlags : std::uint32_t {
  kPlain = 0,
  kHandshake = 1U << 0,        // accepted as OP_QUERY too
  kWrites = 1U << 1,           // may carry txnNumber and writeConcern
  kAdminOnly = 1U << 2,        // $db must be "admin"
  kAnyFields = 1U << 3,        // unknown fields are ignored
  kInTransaction = 1U << 4,    // may be part of a multi-document transaction
  kEndsTransaction = 1U << 5,  // commit or abort
  kTellsOk = 1U << 6,          // the handler appends ok as well
};

struct Command {
  std::string_view name;
  Handler handler;
  std::uint32_t flags;
  std::string_view fields;  // that it knows, with spaces between
  std::string_view remark;  // what docs/compatibility.md says; "" when there is nothing to say
};

[[nodiscard]] std::span<const Command> command_table();  // ascending by name
// Null when there is none. Names are case-sensitive; those with an old spelling have two rows.
[[nodiscard]] const Command* find_command(std::string_view name);

}  // namespace nacre::server
