// Whatever the indexes and whichever of the plans, a query finds what asking each document finds:
// the same documents, each once, and in the same order when one was asked for. And after any
// writes, indexes and documents agree.
// Replay one failure: NACRE_SEED=<seed> NACRE_QUERIES=1 nacre_query_test --gtest_filter='*Plans*'
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "bson/random_values_testing.h"
#include "match/filter.h"
#include "query/random_plans_testing.h"
#include "query/sort_key.h"

namespace nacre::query {
namespace {

using testing::Found;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_.below(count); }

  std::string scalar() {
    static const std::array<const char*, 16> kValues = {"0",
                                                        "1",
                                                        "2",
                                                        "3",
                                                        "-1",
                                                        "1.5",
                                                        "null",
                                                        "true",
                                                        "false",
                                                        "\"\"",
                                                        "\"a\"",
                                                        "\"b\"",
                                                        R"({"$numberLong": "2"})",
                                                        R"({"$numberDecimal": "1.5"})",
                                                        R"({"$date": "2020-01-01T00:00:00Z"})",
                                                        R"({"$minKey": 1})"};
    if (below(40) == 0) return "\"" + std::string(950 + below(3), 'x') + "\"";
    return kValues[below(kValues.size())];
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  std::string value(int depth) {
    const std::size_t kind = below(10);
    if (depth > 0 && kind < 2) return document(depth - 1, false);
    if (depth > 0 && kind < 4) {
      std::string text = "[";
      for (std::size_t i = below(4); i > 0; --i) {
        text.append(value(depth - 1)).append(i > 1 ? ", " : "");
      }
      return text + "]";
    }
    return scalar();
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  std::string document(int depth, bool with_id) {
    std::string text = "{";
    if (with_id) text.append("\"_id\": ").append(std::to_string(next_id_++));
    for (const char* name : {"a", "b", "c"}) {
      if (below(3) == 0) continue;
      if (text.size() > 1) text.append(", ");
      text.append("\"").append(name).append("\": ").append(value(depth));
    }
    return text + "}";
  }

  std::string path() {
    static const std::array<const char*, 8> kPaths = {"a",   "b",   "c",   "a.b",
                                                      "a.c", "b.a", "a.0", "b.1.a"};
    return kPaths[below(kPaths.size())];
  }

  std::string condition() {
    static const std::array<const char*, 5> kRanges = {"$gt", "$gte", "$lt", "$lte", "$ne"};
    switch (below(8)) {
      case 0:
      case 1:
        return value(1);
      case 2:
        return R"({"$in": [)" + scalar() + ", " + scalar() + ", " + scalar() + "]}";
      case 3:
        return R"({"$gte": )" + scalar() + R"(, "$lt": )" + scalar() + "}";
      case 4:
        return R"({"$exists": )" + std::string(below(2) == 0 ? "true" : "false") + "}";
      case 5:
        return R"({"$not": {"$gt": )" + scalar() + "}}";
      default:
        return R"({")" + std::string(kRanges[below(kRanges.size())]) + R"(": )" + scalar() + "}";
    }
  }

  std::string filter() {
    std::string text = "{";
    for (std::size_t i = below(4); i > 0; --i) {
      const std::string one = "\"" + path() + "\": " + condition();
      if (text.size() > 1) text.append(", ");
      if (below(6) == 0) {
        text.append(R"("$or": [{)").append(one).append("}, {\"").append(path()).append("\": ");
        text.append(condition()).append("}]");
      } else if (below(4) == 0) {
        text.append(R"("$and": [{)").append(one).append("}, {").append(one).append("}]");
      } else {
        text.append(one);
      }
    }
    return text + "}";
  }

  std::string sort() {
    if (below(2) == 0) return "{}";
    std::string first = path();
    std::string text = "{\"" + first + "\": " + (below(2) == 0 ? "1" : "-1");
    const std::string second = path();
    if (below(2) == 0 && second != first) {
      text.append(", \"").append(second).append("\": ").append(below(2) == 0 ? "1" : "-1");
    }
    // The order of equal documents is free; _id makes it one.
    return text + R"(, "_id": 1})";
  }

 private:
  bson::testing::RandomValues random_;
  int next_id_ = 0;
};

constexpr std::array<const char*, 20> kIndexes = {
    R"({"key": {"a": 1}})",
    R"({"key": {"b": -1}, "sparse": true})",
    R"({"key": {"a.b": 1, "c": -1}})",
    R"({"key": {"c": 1, "a": 1}})",
    R"({"key": {"a.0": 1}})",
    R"({"key": {"b.a": -1, "a.c": 1}})",
    R"({"key": {"b": 1, "c": 1, "_id": 1}})",
    R"({"key": {"a": 1, "b": 1}, "partialFilterExpression": {"a": {"$gte": 1}}})",
    R"({"key": {"c": -1}, "name": "p", "partialFilterExpression": {"b": {"$exists": true}}})",
    R"({"key": {"c": "hashed"}})",
    R"({"key": {"c": 1, "b": "hashed"}})",
    R"({"key": {"$**": 1}})",
    R"({"key": {"b.$**": 1}})",
    R"({"key": {"c": 1, "$**": 1}, "wildcardProjection": {"c": 0}})",
    R"({"key": {"a.$**": 1, "_id": -1}})",
    R"({"key": {"b": -1, "a.$**": -1, "c": 1}})",
    R"({"key": {"$**": -1, "b": 1}, "wildcardProjection": {"a.b": 1, "c": 1}})",
    R"({"key": {"b": 1}, "name": "h", "hidden": true})",
    R"({"key": {"a": 1}, "name": "l", "collation": {"locale": "en", "strength": 1}})",
    R"({"key": {"$**": 1}, "name": "w", "wildcardProjection": {"a": 0}})"};

bool is_about_arrays(const Error& error) {
  return error.number() == 171 || error.number() == 16766 || error.number() == 7246301;
}

// Documents with arrays on both paths of a compound index, in a hashed field, or beside a wildcard
// are refused; those are left out. Returns those that are there.
std::vector<bson::Document> fill(document::Database& database, Generator& random,
                                 std::size_t count) {
  return testing::fill(database, count, [&] { return random.document(2, true); }, is_about_arrays);
}

// What a query must find, by asking each document: the naive way, without plans.
Found evaluate(const std::vector<bson::Document>& documents, const bson::View& filter,
               const bson::View& sort) {
  const auto parsed = match::Filter::parse(filter);
  const auto pattern = SortPattern::parse(sort);
  EXPECT_TRUE(parsed && pattern);
  std::vector<std::pair<std::string, std::int64_t>> found;
  Found expected;
  for (const bson::Document& document : documents) {
    if (!parsed->matches(document).value_or(false)) continue;
    std::string key;
    const auto keyed = pattern->append_key(key, document);
    if (!keyed) expected.error = keyed.error().number();
    found.emplace_back(std::move(key), testing::id_of(document));
  }
  std::ranges::sort(found);
  for (const auto& [key, id] : found) expected.ids.push_back(id);
  return expected;
}

class QueryCheck {
 public:
  QueryCheck(document::Database& database, const std::vector<bson::Document>& documents)
      : scope_{.database = database}, documents_(documents) {
    const auto snapshot = database.snapshot();
    for (const document::IndexInfo& index : snapshot->catalog().find("c")->indexes) {
      // Those that hold every document: a hint gives what is in its index.
      const bool is_whole = !index.sparse && index.options.partial == nullptr;
      if (index.is_usable() && is_whole) hints_.push_back(bson::Value(index.name));
    }
    hints_.push_back(bson::Value(std::string_view("_id_")));
    hints_.push_back(bson::Value(testing::json(R"({"hint": {"$natural": 1}})").find("hint")));
  }

  void check(Generator& random) {
    filter_ = random.filter();
    sort_ = random.sort();
    SCOPED_TRACE("filter " + filter_ + " sort " + sort_);
    const bson::Document filter = testing::json(filter_);
    const bson::Document sort = testing::json(sort_);
    FindRequest request{.collection = "c", .filter = filter, .sort = sort};
    const Found expected = evaluate(documents_, filter, sort);
    const bool sorted = sort_ != "{}";
    compare(testing::run(scope_, request), expected, sorted);
    // Each plan by itself, a few of them for each query.
    const bson::Value& hint = hints_[random.below(hints_.size())];
    SCOPED_TRACE("hint " + bson::to_json(hint.element()));
    request.hint = hint.element();
    const Found forced = testing::run(scope_, request);
    if (forced.error != kNoPlan) compare(forced, expected, sorted);
    ++queries;
    if (random.below(8) == 0) check_count(filter, expected);
    if (random.below(8) == 0) check_limit(random, request, expected);
  }

  std::int64_t queries = 0;

 private:
  static constexpr std::int32_t kNoPlan = 291;

  void compare(Found found, const Found& expected, bool sorted) {
    if (expected.error != 0 || found.error != 0) {
      // A sort by two arrays at once fails; a plan in that order never meets the sort.
      if (expected.error == 0) ADD_FAILURE() << "error " << found.error;
      return;
    }
    if (sorted) {
      EXPECT_EQ(found.ids, expected.ids);
      return;
    }
    std::vector<std::int64_t> all = expected.ids;
    std::ranges::sort(all);
    std::ranges::sort(found.ids);
    EXPECT_EQ(found.ids, all);
  }

  void check_count(const bson::View& filter, const Found& expected) {
    const auto counted = count(scope_, {.collection = "c", .filter = filter});
    ASSERT_TRUE(counted) << counted.error().text();
    EXPECT_EQ(*counted, static_cast<std::int64_t>(expected.ids.size()));
  }

  void check_limit(Generator& random, FindRequest request, const Found& expected) {
    request.hint = {};
    request.limit = static_cast<std::int64_t>(1 + random.below(5));
    request.skip = static_cast<std::int64_t>(random.below(3));
    const Found found = testing::run(scope_, request);
    if (found.error != 0 || expected.error != 0) return;
    const auto left = static_cast<std::int64_t>(expected.ids.size()) - request.skip;
    const auto wanted = std::clamp<std::int64_t>(left, 0, request.limit);
    ASSERT_EQ(static_cast<std::int64_t>(found.ids.size()), wanted);
    if (sort_ == "{}") return;
    for (std::size_t i = 0; i < found.ids.size(); ++i) {
      EXPECT_EQ(found.ids[i], expected.ids[i + static_cast<std::size_t>(request.skip)]);
    }
  }

  Scope scope_;
  const std::vector<bson::Document>& documents_;
  std::vector<bson::Value> hints_;
  std::string filter_;
  std::string sort_;
};

// How many queries each of the ten tests below asks; NACRE_QUERIES for a long run.
std::int64_t queries_wanted() {
  const char* given = std::getenv("NACRE_QUERIES");
  return given == nullptr ? 10'000 : std::strtoll(given, nullptr, 10);
}

class Plans : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Plans, FindWhatAskingEachDocumentFinds) {
  std::int64_t queries = 0;
  for (std::uint64_t seed = bson::testing::seed_or(1000 * GetParam()); queries < queries_wanted();
       ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator random(seed);
    auto database = testing::open(testing::new_path());
    for (const char* index : kIndexes) {
      if (random.below(3) == 0) testing::create_index(*database, "c", index);
    }
    const std::vector<bson::Document> documents = fill(*database, random, 5 + random.below(30));
    if (documents.empty()) continue;
    QueryCheck check(*database, documents);
    for (int i = 0; i < 250; ++i) {
      check.check(random);
      if (::testing::Test::HasFailure()) return;
    }
    queries += check.queries;
    testing::expect_clean(*database);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Plans, ::testing::Range<std::uint64_t>(1, 11));

TEST(IndexedWrites, LeaveIndexesThatAgreeWithDocuments) {
  const std::uint64_t seed = bson::testing::seed_or(11);
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator random(seed);
  auto database = testing::open(testing::new_path());
  for (const char* index : kIndexes) testing::create_index(*database, "c", index);
  const Scope scope{.database = *database, .durability = txn::Durability::kAsync};
  fill(*database, random, 40);
  for (int i = 0; i < 150; ++i) {
    const bson::Document filter = testing::json(random.filter());
    const bool multi = random.below(2) == 0;
    if (random.below(8) == 0) {
      ASSERT_TRUE(remove(scope, {.collection = "c", .filter = filter, .hint = {}}));
      fill(*database, random, 1);
      continue;
    }
    const bson::Document change = testing::json(R"({"$set": {")" + random.path() + R"(": )" +
                                                random.value(1) + R"(}, "$unset": {"d": 1}})");
    const auto updated = update(
        scope, {.collection = "c", .filter = filter, .update = change, .multi = multi, .hint = {}});
    if (!updated) {
      EXPECT_TRUE(updated.error().number() == 28 || is_about_arrays(updated.error()))
          << updated.error().text();
    }
  }
  testing::expect_clean(*database);
}

}  // namespace
}  // namespace nacre::query
