// Small steps that tests of operations share: requests and answers as JSON.
//
// Threads: as the database they are given.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "document/database_testing.h"
#include "query/operations.h"

namespace nacre::query::testing {

using document::testing::create_index;
using document::testing::expect_clean;
using document::testing::insert;
using document::testing::json;
using document::testing::new_path;
using document::testing::open;

struct Find {
  std::string_view filter = "{}";
  std::string_view sort = "{}";
  std::string_view projection = "{}";
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  std::string_view hint = "{}";  // {"hint": ...}
  bool pause_between = false;
};

inline Result<std::vector<std::string>> drain(Result<Cursor> cursor, bool pause_between = false) {
  if (!cursor) return std::unexpected(std::move(cursor).error());
  std::vector<std::string> rows;
  while (true) {
    const auto row = NACRE_TRY(cursor->next());
    if (!row) return rows;
    rows.push_back(bson::to_json(*row));
    if (pause_between) cursor->pause();
  }
}

inline Result<std::vector<std::string>> try_find(const Scope& scope, const Find& find) {
  const bson::Document filter = json(find.filter);
  const bson::Document sort = json(find.sort);
  const bson::Document projection = json(find.projection);
  const bson::Document hint = json(find.hint);
  return drain(query::find(scope, {.collection = "c",
                                   .filter = filter,
                                   .projection = projection,
                                   .sort = sort,
                                   .skip = find.skip,
                                   .limit = find.limit,
                                   .hint = hint.find("hint")}),
               find.pause_between);
}

inline std::vector<std::string> find(const Scope& scope, const Find& find) {
  auto rows = try_find(scope, find);
  EXPECT_TRUE(rows) << find.filter << ": " << rows.error().text();
  return rows ? *std::move(rows) : std::vector<std::string>();
}

inline std::string explain(const Scope& scope, const Find& find) {
  const bson::Document filter = json(find.filter);
  const bson::Document sort = json(find.sort);
  const FindRequest request{
      .collection = "c", .filter = filter, .projection = {}, .sort = sort, .hint = {}};
  const auto plan = query::explain(scope, request, Verbosity::kExecutionStats);
  EXPECT_TRUE(plan) << plan.error().text();
  return plan ? bson::to_json(plan->view()) : std::string();
}

// The stages of the winning plan, outermost first: "SORT FETCH IXSCAN".
inline std::string stages(const Scope& scope, const Find& find) {
  const bson::Document plan = json(explain(scope, find));
  std::string all;
  bson::Element stage = plan.get("queryPlanner.winningPlan");
  while (stage) {
    if (!all.empty()) all.push_back(' ');
    all.append(stage.document().find("stage").string());
    stage = stage.document().find("inputStage");
  }
  return all;
}

}  // namespace nacre::query::testing
