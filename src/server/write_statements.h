// Write statements: what update, delete, findAndModify and bulkWrite say of one write.
//
// The commands name the same things differently (q and filter, u and updateMods); the names are
//   given, the rules are read here once.
// Errors:  kInvalid 9 (FailedToParse), 14 (TypeMismatch), 40414, 40415 (unknown field).
// Threads: pure functions; requests look at the message.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "query/operations.h"
#include "server/command.h"
#include "server/fields.h"

namespace nacre::server {

struct StatementNames {
  std::string_view filter;
  std::string_view update;
  std::string_view constants;
};
inline constexpr StatementNames kUpdateNames{.filter = "q", .update = "u", .constants = "c"};
inline constexpr StatementNames kBulkNames{
    .filter = "filter", .update = "updateMods", .constants = "constants"};

// What a command says about all its statements.
struct WriteOptions {
  bool ordered = true;
  bool bypass_validation = false;
  bson::View let{};
};
[[nodiscard]] Result<WriteOptions> read_write_options(const Fields& fields);

// Operators, a replacement or a pipeline, as `field` has it.
[[nodiscard]] Result<> read_update_value(const Fields& fields, std::string_view field,
                                         query::UpdateRequest& to);

// One element of `updates`, or one update of bulkWrite; without its collection.
[[nodiscard]] Result<query::UpdateRequest> read_update(const Fields& fields,
                                                       const StatementNames& names,
                                                       const WriteOptions& options);

// One element of `deletes`; without its collection.
[[nodiscard]] Result<query::RemoveRequest> read_delete(const Fields& fields,
                                                       const WriteOptions& options);
// One delete of bulkWrite, which says `multi` instead of `limit`.
[[nodiscard]] Result<query::RemoveRequest> read_bulk_delete(const Fields& fields,
                                                            const WriteOptions& options);

// A string or an object; missing when absent. Unlike with reads, null is an error (9).
[[nodiscard]] Result<bson::Element> read_write_hint(const Fields& fields);

// 361 (CollectionUUIDMismatch) unless `asked` is missing or the uuid of that collection.
[[nodiscard]] Result<> check_collection_uuid(document::Database& database,
                                             std::string_view collection,
                                             const bson::Element& asked);

}  // namespace nacre::server
