// The place on the timeline and the document that commands about the past are given.
//
// Errors:  kInvalid names the option; kTooOld names the horizon.
// Threads: one thread at a time.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "cli/arguments.h"
#include "cli/database_flags.h"
#include "document/database.h"

namespace nacre::cli {

// "1234" (a position) or "2026-11-28T09:30:00Z" (a time).
struct PastFlags {
  std::string at;

  void declare(Arguments& arguments);
  // Nothing when --at is not given.
  [[nodiscard]] Result<std::optional<document::Snapshot>> open(OpenDatabase& database) const;
};

// A scope that reads `past`, which outlives it, or the newest state, where the collection must be.
[[nodiscard]] Result<query::Scope> scope_of(OpenDatabase& database,
                                            const std::optional<document::Snapshot>& past,
                                            const std::string& collection);

// {_id: ...} from a word of the command line: a JSON value, or else a string.
[[nodiscard]] Result<bson::Document> parse_id(const std::string& word);

// kInvalid names `option`.
[[nodiscard]] Result<Position> parse_position(const std::string& option, const std::string& text);

// "2026-11-28T09:30:00.123456Z"
[[nodiscard]] std::string show_time(Time time);

}  // namespace nacre::cli
