// What the stages of a pipeline share while they are parsed, and while they run.
//
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "expression/environment.h"
#include "expression/scope.h"
#include "query/cursor.h"
#include "query/operations.h"
#include "query/run.h"

namespace nacre::aggregation {

// Pipelines inside pipelines ($lookup, $facet, $unionWith), the outermost not counted.
inline constexpr int kNestingMax = 20;

// Whose pipeline it is: some stages may not stand everywhere.
enum class Place : std::uint8_t { kTop, kFacet, kLookup, kUnion };

// The database stays open until the aggregate is over.
using DatabaseOpener = std::function<Result<document::Database*>(std::string_view name)>;

struct ParseContext {
  document::Database& database;
  const document::Catalog& catalog;
  std::string_view collection;  // empty: of no collection (aggregate: 1)
  expression::Scope variables;
  const text::Collator* collator = nullptr;
  Place place = Place::kTop;
  int nesting = 0;
  bool in_transaction = false;
  bool bypass_validation = false;
  // Opens, or makes, the database that a $out or $merge names; null: only this one can be written.
  DatabaseOpener open_database{};
  std::vector<std::string> views{};  // whose pipelines this one is part of, the outermost first
};

struct Context {
  query::Scope scope;
  query::Execution& execution;
  expression::Environment environment;
  const text::Collator* collator = nullptr;
  bool allow_disk_use = true;
  std::size_t stage_bytes_max = query::kStageBytesMax;
  bson::View session{};  // of the command, as its client names it

  // For a pipeline inside this one: variables of its own, everything else shared.
  [[nodiscard]] Context fork() const {
    return {.scope = scope,
            .execution = execution,
            .environment = environment.fork(),
            .collator = collator,
            .allow_disk_use = allow_disk_use,
            .stage_bytes_max = stage_bytes_max,
            .session = session};
  }
};

// Takes back what expressions made since it was made, when it goes.
class ScratchFrame {
 public:
  explicit ScratchFrame(Context& context)
      : scratch_(context.environment.scratch()), mark_(scratch_.mark()) {}
  ScratchFrame(const ScratchFrame&) = delete;
  ScratchFrame& operator=(const ScratchFrame&) = delete;
  ~ScratchFrame() { scratch_.rewind(mark_); }

 private:
  expression::Scratch& scratch_;
  expression::Scratch::Mark mark_;
};

}  // namespace nacre::aggregation
