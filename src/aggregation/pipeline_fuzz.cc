// Pipelines of anyone's making: parsed, optimised and run over a few documents. Whatever they hold,
// they end in rows or in an error.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "aggregation/aggregate.h"
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
      const auto parsed = bson::from_json(text);
      const bson::View views[] = {*parsed};
      const query::Scope scope{.database = *database};
      const auto done = query::insert(scope, {.collection = "c", .documents = views});
      NACRE_CHECK(done.has_value(), "the documents are written");
    }
  }
  std::unique_ptr<nacre::io::FileSystem> files = nacre::io::make_memory_file_system();
  std::unique_ptr<document::Database> database;
};

void run(const bson::View& pipeline) {
  static const Fixture fixture;
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
