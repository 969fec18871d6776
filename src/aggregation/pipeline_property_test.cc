// Random pipelines over random documents give the same rows, whatever is done to make them cheap:
// optimised or as written, with indexes or without, in memory or on disk; and the rows that a naive
// interpreter gives, which knows nothing but lists of documents.
// Replay one failure: NACRE_SEED=<seed> ctest -R PipelineProperty; NACRE_CASES runs more.
#include <algorithm>
#include <random>

#include "aggregation/aggregate_testing.h"
#include "aggregation/naive_pipeline_testing.h"
#include "bson/random_values_testing.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

// Few names and small values, so that pipelines meet and miss.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t end) { return engine_() % end; }
  std::string field() { return std::string(1, static_cast<char>('a' + below(3))); }
  std::string scalar() {
    switch (below(6)) {
      case 0:
        return "null";
      case 1:
        return R"("s)" + std::to_string(below(3)) + '"';
      case 2:
        return std::to_string(below(4)) + ".5";
      default:
        return std::to_string(below(5));
    }
  }
  std::string value() {
    if (below(4) > 0) return scalar();
    std::string array = "[";
    for (std::size_t left = below(4); left > 0; --left) {
      array += (array.size() > 1 ? ", " : "") + scalar();
    }
    return array + "]";
  }
  std::string document(std::size_t id) {
    std::string text = R"({"_id": )" + std::to_string(id);
    for (const char* name : {"a", "b", "c"}) {
      if (below(4) > 0) text += R"(, ")" + std::string(name) + R"(": )" + value();
    }
    return text + "}";
  }
  std::string condition() {
    static constexpr const char* kOperators[] = {"$eq", "$gt", "$lte", "$ne"};
    const std::string on = below(5) == 0 ? "_id" : field();
    return R"({")" + on + R"(": {")" + kOperators[below(4)] + R"(": )" + scalar() + "}}";
  }
  std::string stage() {
    const std::string name = field();
    switch (below(8)) {
      case 0:
      case 1:
        return R"({"$match": )" + condition() + "}";
      case 2:
        return R"({"$unwind": "$)" + name + R"("})";
      case 3:
        return R"({"$project": {")" + name + R"(": 1}})";
      case 4:
        return R"({"$addFields": {"x": "$)" + name + R"("}})";
      case 5:
        return R"({"$group": {"_id": "$)" + name + R"(", "n": {"$sum": 1}, "a": {"$min": "$a"},
                   "b": {"$max": "$b"}, "c": {"$sum": "$c"}}})";
      default:
        // An order without ties, so that cutting is the same everywhere.
        return R"({"$sort": {")" + name + R"(": )" + (below(2) == 0 ? "1" : "-1") +
               R"(, "_id": 1}}, {"$)" + (below(2) == 0 ? "limit" : "skip") + R"(": )" +
               std::to_string(1 + below(5)) + "}";
    }
  }
  std::string pipeline() {
    std::string text = "[";
    for (std::size_t left = 1 + below(5); left > 0; --left) {
      text += (text.size() > 1 ? ", " : "") + stage();
    }
    return text + "]";
  }

 private:
  std::mt19937_64 engine_;
};

class PipelineProperty : public testing::PipelineTest {
 protected:
  Rows sorted_run(const std::string& stages, const AggregateRequest& request) {
    auto rows = try_run(stages, request);
    EXPECT_TRUE(rows) << rows.error().text();
    if (!rows) return {};
    std::ranges::sort(*rows);
    return *std::move(rows);
  }
};

TEST_F(PipelineProperty, RowsAreTheSameHoweverTheyAreFound) {
  const std::uint64_t first_seed = bson::testing::seed_or(1);
  const char* text = std::getenv("NACRE_CASES");
  const std::uint64_t cases = text == nullptr ? 300 : std::strtoull(text, nullptr, 10);
  std::vector<bson::Document> documents;
  Generator filler(7);
  for (std::size_t id = 0; id < 40; ++id) {
    const std::string document = filler.document(id);
    insert("c", document);
    insert("indexed", document);
    documents.push_back(query::testing::json(document));
  }
  query::testing::create_index(*database_, "indexed", R"({"key": {"a": 1}, "name": "a_1"})");
  query::testing::create_index(*database_, "indexed",
                               R"({"key": {"b": -1, "_id": 1}, "name": "b_-1__id_1"})");
  std::uint64_t compared = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + cases; ++seed) {
    Generator generator(seed);
    const std::string stages = generator.pipeline();
    SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed) + " NACRE_CASES=1: " + stages);
    Rows naive;
    const auto parsed = bson::array_from_json(stages);
    ASSERT_TRUE(testing::NaivePipeline::is_known(*parsed));
    testing::NaivePipeline interpreter;
    for (const bson::Document& row : interpreter.run(*parsed, documents)) {
      naive.push_back(bson::to_json(row.view()));
    }
    if (interpreter.is_ambiguous()) continue;
    ++compared;
    std::ranges::sort(naive);
    ASSERT_EQ(sorted_run(stages, {.collection = "c", .pipeline = {}}), naive);
    ASSERT_EQ(sorted_run(stages, {.collection = "c", .pipeline = {}, .optimise = Optimise::kNo}),
              naive);
    ASSERT_EQ(sorted_run(stages, {.collection = "indexed", .pipeline = {}}), naive);
    if (seed % 8 == 0) {
      ASSERT_EQ(sorted_run(stages, {.collection = "c", .pipeline = {}, .stage_bytes_max = 500}),
                naive);
    }
  }
  EXPECT_GE(2 * compared, cases);
}

bool is_ambiguous(std::string_view stages) {
  const auto parsed = bson::array_from_json(stages);
  EXPECT_TRUE(testing::NaivePipeline::is_known(*parsed)) << stages;
  testing::NaivePipeline interpreter;
  std::vector<bson::Document> rows;
  for (const char* row :
       {R"({"_id": 1, "a": [1, 2], "b": 1})", R"({"_id": 2, "a": 2, "b": 1.0})"}) {
    rows.push_back(query::testing::json(row));
  }
  rows = interpreter.run(*parsed, rows);
  return interpreter.is_ambiguous();
}

TEST(NaivePipeline, SaysWhatDependsOnAnOrderThatIsNone) {
  EXPECT_FALSE(is_ambiguous(R"([{"$limit": 5}, {"$skip": 2}])")) << "nothing is cut";
  EXPECT_TRUE(is_ambiguous(R"([{"$limit": 1}])"));
  EXPECT_FALSE(is_ambiguous(R"([{"$sort": {"_id": -1}}, {"$limit": 1}])"));
  EXPECT_TRUE(is_ambiguous(R"([{"$sort": {"b": 1}}, {"$skip": 1}])")) << "a tie";
  EXPECT_FALSE(is_ambiguous(R"([{"$unwind": "$a"}, {"$sort": {"_id": 1}}, {"$limit": 1}])"))
      << "elements of one array are in order";
  EXPECT_TRUE(is_ambiguous(R"([{"$group": {"_id": "$b"}}])")) << "1 or 1.0";
  EXPECT_TRUE(is_ambiguous(R"([{"$group": {"_id": "$c", "m": {"$max": "$b"}}}])"));
  EXPECT_FALSE(is_ambiguous(R"([{"$group": {"_id": "$c", "m": {"$max": "$a"}}}])"));
  for (const char* unknown :
       {R"([{"$limit": 0}])", R"([{"$match": {"$expr": true}}])", R"([{"$project": {"a": 0}}])",
        R"([{"$group": {"_id": null}}])", R"([{"$addFields": {"a": "$$ROOT"}}])",
        R"([{"$unwind": "$a.b"}])", R"([{"$sort": {"a": {"$meta": "textScore"}}}])"}) {
    const auto parsed = bson::array_from_json(unknown);
    EXPECT_FALSE(testing::NaivePipeline::is_known(*parsed)) << unknown;
  }
}

}  // namespace
}  // namespace nacre::aggregation
