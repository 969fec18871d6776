#include "server/stable_api.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "server/each_stage.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

constexpr auto kCommands = std::to_array<std::string_view>({"abortTransaction",
                                                            "aggregate",
                                                            "bulkWrite",
                                                            "collMod",
                                                            "commitTransaction",
                                                            "count",
                                                            "create",
                                                            "createIndexes",
                                                            "delete",
                                                            "drop",
                                                            "dropDatabase",
                                                            "dropIndexes",
                                                            "endSessions",
                                                            "explain",
                                                            "find",
                                                            "findAndModify",
                                                            "findandmodify",
                                                            "getMore",
                                                            "hello",
                                                            "insert",
                                                            "isMaster",
                                                            "ismaster",
                                                            "killCursors",
                                                            "killSessions",
                                                            "listCollections",
                                                            "listDatabases",
                                                            "listIndexes",
                                                            "ping",
                                                            "refreshSessions",
                                                            "update"});

constexpr auto kOtherStages = std::to_array<std::string_view>(
    {"$currentOp", "$indexStats", "$listLocalSessions", "$listSessions", "$planCacheStats",
     "$search", "$searchMeta", "$vectorSearch", "$listSearchIndexes"});

std::unexpected<Error> not_part_of_it(std::string_view what) {
  return fail(Code::kInvalid, wire_code::kAPIStrictError,
              format("Provided apiStrict:true, but {} is not in API Version 1", what));
}

Result<> check_stage(const bson::Element& stage) {
  if (std::ranges::find(kOtherStages, stage.name()) != kOtherStages.end()) {
    return not_part_of_it(format("stage {}", stage.name()));
  }
  if (stage.name() != "$collStats" || !stage.is(bson::Type::kDocument)) return {};
  for (const bson::Element& option : stage.document()) {
    if (option.name() != "count") {
      return not_part_of_it(format("{} of $collStats", option.name()));
    }
  }
  return {};
}

}  // namespace

Result<> check_stable_api(const Fields& fields) {
  const bson::Element version = fields.get("apiVersion");
  if (version && (!version.is(bson::Type::kString) || version.string() != "1")) {
    return fail(Code::kInvalid, wire_code::kAPIVersionError, "apiVersion must be \"1\"");
  }
  if (!version || !NACRE_TRY(fields.boolean("apiStrict", false))) return {};
  const std::string_view command = fields.command();
  if (std::ranges::find(kCommands, command) == kCommands.end()) {
    return not_part_of_it(format("command {}", command));
  }
  if (command != "aggregate") return {};
  if (fields.get("explain")) return not_part_of_it("explain of aggregate");
  const bson::Element pipeline = fields.get("pipeline");
  return pipeline.is(bson::Type::kArray) ? each_stage(pipeline.array(), check_stage) : Result<>();
}

}  // namespace nacre::server
