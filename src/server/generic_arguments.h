// What any command may carry beside its own fields: concerns, API version,
// session, transaction.
//
// Errors:  kInvalid 9, 72 (InvalidOptions), 322; kUnsupported 72, 263.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "bson/builder.h"
#include "server/command.h"

namespace nacre::server {

// How a command belongs to a multi-document transaction.
enum class TransactionPart : std::uint8_t { kNone, kStarts, kContinues, kEnds };

[[nodiscard]] Result<TransactionPart> transaction_part_of(const Command& command,
                                                          const Fields& fields);

// lsid and txnNumber, which must both be there.
[[nodiscard]] Result<TransactionId> transaction_id_of(const Fields& fields);

// The same of a retryable write outside of transactions; nothing when the
// command is none.
[[nodiscard]] Result<std::optional<TransactionId>> retryable_write_of(const Command& command,
                                                                      const Fields& fields);

// Refuses what would otherwise be silently ignored.
[[nodiscard]] Result<> check_generic(const Fields& fields, TransactionPart part);

// Whether a transaction that failed with `code` may succeed when it is run
// again from the start.
[[nodiscard]] bool is_transient(std::int32_t code);

}  // namespace nacre::server
