// Small steps that tests of pipelines share: stages and rows as JSON.
//
// Threads: as the database they are given.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregation/aggregate.h"
#include "bson/json.h"
#include "query/operations_testing.h"

namespace nacre::aggregation::testing {

using Rows = std::vector<std::string>;

class PipelineTest : public ::testing::Test {
 protected:
  void insert(std::string_view collection, std::string_view document) {
    query::testing::insert(*database_, collection, document, txn::Durability::kAsync);
  }

  Result<Rows> try_run(std::string_view stages,
                       AggregateRequest request = {.collection = "c", .pipeline = {}}) {
    const auto pipeline = bson::array_from_json(stages);
    EXPECT_TRUE(pipeline) << stages;
    request.pipeline = *pipeline;
    return query::testing::drain(aggregate(scope_, request));
  }

  Rows run(std::string_view stages,
           const AggregateRequest& request = {.collection = "c", .pipeline = {}}) {
    auto rows = try_run(stages, request);
    EXPECT_TRUE(rows) << stages << "\n" << rows.error().text();
    return rows ? *std::move(rows) : Rows();
  }

  // The number of the error that the stages end in; 0 when there is none.
  std::int32_t error_of(std::string_view stages,
                        const AggregateRequest& request = {.collection = "c", .pipeline = {}}) {
    const auto rows = try_run(stages, request);
    return rows ? 0 : rows.error().number();
  }

  std::unique_ptr<document::Database> database_ =
      query::testing::open(query::testing::new_path(), "db");
  query::Scope scope_{.database = *database_};
};

}  // namespace nacre::aggregation::testing
