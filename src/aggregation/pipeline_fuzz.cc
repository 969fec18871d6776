// Pipelines of anyone's making: parsed, optimised and run over a few documents. Whatever they hold,
// they end in rows or in an error; and in the rows of the naive interpreter, optimised or as
// written, where it knows the stages.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aggregation/aggregate.h"
#include "aggregation/naive_pipeline_testing.h"
#include "bson/json.h"
#include "bson/validate.h"
#include "io/memory_file_system.h"

namespace {

using nacre::Bytes;
namespace aggregation = nacre::aggregation;
namespace bson = nacre::bson;
namespace document = nacre::document;
namespace query = nacre::query;

struct Fixture {
  Fixture() {
    document::Options options;
    options.engine.file_system = files.get();
    options.engine.create_if_missing = true;
    options.engine.background_thread = false;
    options.engine.cache_bytes = std::size_t{4} << 20;
    options.name = "db";
    auto opened = document::Database::open("db", options);
    NACRE_CHECK(opened.has_value(), "a database in memory opens");
    database = *std::move(opened);
    for (const char* text :
         {R"({"_id": 1, "a": 1, "b": "x", "d": {"$date": "2024-01-31T00:00:00Z"}})",
          R"({"_id": 2, "a": [1, 2, {"b": 3}], "b": null})",
          R"({"_id": 3, "a": {"b": [4, 5]}, "c": 1.5})"}) {
      documents.push_back(*bson::from_json(text));
      const bson::View views[] = {documents.back()};
      const query::Scope scope{.database = *database};
      const auto done = query::insert(scope, {.collection = "c", .documents = views});
      NACRE_CHECK(done.has_value(), "the documents are written");
    }
  }
  std::unique_ptr<nacre::io::FileSystem> files = nacre::io::make_memory_file_system();
  std::unique_ptr<document::Database> database;
  std::vector<bson::Document> documents;
};

using Rows = std::vector<std::string>;  // sorted

std::string text_of(const bson::View& row) {
  return bson::to_json(row, bson::JsonForm::kCanonical);
}

// Of a pipeline that the naive interpreter knows: no error can be in it.
Rows rows_of(const Fixture& fixture, const bson::View& pipeline, aggregation::Optimise optimise) {
  const query::Scope scope{.database = *fixture.database};
  auto cursor = aggregation::aggregate(
      scope, {.collection = "c", .pipeline = pipeline, .optimise = optimise});
  NACRE_CHECK(cursor.has_value(), "a pipeline that the naive interpreter knows opens");
  Rows rows;
  while (true) {
    const auto row = cursor->next();
    NACRE_CHECK(row.has_value(), "and runs");
    if (!*row) break;
    rows.push_back(text_of(**row));
  }
  std::ranges::sort(rows);
  return rows;
}

void compare(const Fixture& fixture, const bson::View& pipeline) {
  if (!aggregation::testing::NaivePipeline::is_known(pipeline)) return;
  aggregation::testing::NaivePipeline naive;
  Rows expected;
  for (const bson::Document& row : naive.run(pipeline, fixture.documents)) {
    expected.push_back(text_of(row));
  }
  if (naive.is_ambiguous()) return;
  std::ranges::sort(expected);
  NACRE_CHECK(rows_of(fixture, pipeline, aggregation::Optimise::kNo) == expected,
              "as written, the rows of the naive interpreter");
  NACRE_CHECK(rows_of(fixture, pipeline, aggregation::Optimise::kYes) == expected,
              "optimised, the rows of the naive interpreter");
}

void run(const bson::View& pipeline) {
  static const Fixture fixture;
  compare(fixture, pipeline);
  // What one input writes must not be there for the next.
  if (aggregation::writes(pipeline)) return;
  const query::Scope scope{.database = *fixture.database, .max_time_ms = 200};
  auto cursor = aggregation::aggregate(
      scope, {.collection = "c", .pipeline = pipeline, .stage_bytes_max = std::size_t{1} << 20});
  if (!cursor) return;
  for (int rows = 0; rows < 1000; ++rows) {
    const auto row = cursor->next();
    if (!row || !*row) return;
    const auto valid = bson::validate((*row)->bytes());
    NACRE_CHECK(valid.has_value() || valid.error().number() == 10334 ||
                    valid.error().text().find("nest") != std::string::npos,
                "rows are valid BSON");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with('[')) {
    const auto pipeline = bson::array_from_json(text);
    if (pipeline) run(*pipeline);
    return 0;
  }
  const auto document = bson::validate(nacre::as_bytes(text));
  if (document) run(*document);
  return 0;
}
