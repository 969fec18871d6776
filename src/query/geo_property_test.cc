// Whatever the geo indexes, a query finds what asking each document finds, and $near gives it in
// the order of distances computed one by one.
// Replay one failure: NACRE_SEED=<seed> nacre_query_test --gtest_filter='*GeoPlans*'
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bson/path.h"
#include "bson/random_values_testing.h"
#include "match/filter.h"
#include "query/random_plans_testing.h"

namespace nacre::query {
namespace {

using testing::Found;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t count) { return random_.below(count); }

  double between(double least, double most) {
    return least + (most - least) * static_cast<double>(below(4096)) / 4096;
  }

  // Most lie close together, some on the lines where maps end.
  double longitude() {
    constexpr std::array<double, 5> kEdges = {-180, 180, 0, 90, -90};
    if (below(8) == 0) return kEdges[below(kEdges.size())];
    return below(3) == 0 ? between(-180, 180) : between(-3, 3);
  }
  double latitude() {
    constexpr std::array<double, 3> kEdges = {-90, 90, 0};
    if (below(10) == 0) return kEdges[below(kEdges.size())];
    return below(3) == 0 ? between(-90, 90) : between(-3, 3);
  }

  std::string pair() { return pair(longitude(), latitude()); }
  static std::string pair(double x, double y) {
    return "[" + std::to_string(x) + ", " + std::to_string(y) + "]";
  }
  static std::string geojson(std::string_view type, const std::string& coordinates) {
    return "{\"type\": \"" + std::string(type) + "\", \"coordinates\": " + coordinates + "}";
  }
  std::string point() { return geojson("Point", pair()); }

  // A square that is small enough to lie on one side of the earth.
  std::string polygon() {
    const double size = between(0.1, below(3) == 0 ? 30 : 4);
    const double x = std::clamp(longitude(), -179.0, 179.0 - size);
    const double y = std::clamp(latitude(), -85.0, 85.0 - size);
    const std::string first = pair(x, y);
    return geojson("Polygon", "[[" + first + ", " + pair(x + size, y) + ", " +
                                  pair(x + size, y + size) + ", " + pair(x, y + size) + ", " +
                                  first + "]]");
  }

  std::string line() {
    const double x = std::clamp(longitude(), -170.0, 160.0);
    const double y = std::clamp(latitude(), -80.0, 70.0);
    return geojson("LineString", "[" + pair(x, y) + ", " + pair(x + between(0.1, 9), y + 1) + ", " +
                                     pair(x, y + 2) + "]");
  }

  std::string geometry() {
    switch (below(8)) {
      case 0:
        return line();
      case 1:
        return polygon();
      case 2:
        return geojson("MultiPoint", "[" + pair() + ", " + pair() + "]");
      case 3:
        return pair();
      case 4:
        return "{\"lng\": " + std::to_string(longitude()) +
               ", \"lat\": " + std::to_string(latitude()) + "}";
      default:
        return point();
    }
  }

  std::string document() {
    std::string text = "{\"_id\": " + std::to_string(next_id_++);
    text.append(", \"k\": ").append(std::to_string(below(4)));
    if (below(12) != 0) text.append(", \"a\": ").append(geometry());
    if (below(12) != 0) {
      const std::string one = pair(between(-150, 150), below(2) == 0 ? 5 : between(-80, 80));
      text.append(", \"p\": ");
      text.append(below(6) == 0 ? "[" + one + ", " + pair(between(-9, 9), 1) + "]" : one);
    }
    if (below(3) == 0) {
      text.append(", \"s\": [{\"at\": ").append(geometry()).append("}, {\"at\": ");
      text.append(geometry()).append("}, {}]");
    }
    return text + "}";
  }

  std::string region_on_sphere() {
    switch (below(5)) {
      case 0:
        return "{\"$geoIntersects\": {\"$geometry\": " + (below(2) == 0 ? line() : point()) + "}}";
      case 1:
        return "{\"$geoIntersects\": {\"$geometry\": " + polygon() + "}}";
      case 2:
        return "{\"$geoWithin\": {\"$centerSphere\": [" + pair() + ", " +
               std::to_string(between(0.001, below(3) == 0 ? 1.5 : 0.05)) + "]}}";
      default:
        return "{\"$geoWithin\": {\"$geometry\": " + polygon() + "}}";
    }
  }

  std::string region_on_plane() {
    const double x = between(-160, 150);
    const double y = between(-80, 70);
    const double size = between(1, 60);
    switch (below(4)) {
      case 0:
        return "{\"$geoWithin\": {\"$box\": [" + pair(x, y) + ", " + pair(x + size, y + size) +
               "]}}";
      case 1:
        return "{\"$geoWithin\": {\"$center\": [" + pair(x, y) + ", " + std::to_string(size) +
               "]}}";
      case 2:
        return "{\"$geoWithin\": {\"$polygon\": [" + pair(x, y) + ", " + pair(x + size, y) + ", " +
               pair(x, y + size) + "]}}";
      default:
        return "{\"$geoWithin\": {\"$centerSphere\": [" + pair(x, y) + ", " +
               std::to_string(between(0.01, 0.6)) + "]}}";
    }
  }

  std::string condition() {
    switch (below(5)) {
      case 0:
        return "\"s.at\": " + region_on_sphere();
      case 1:
      case 2:
        return "\"p\": " + region_on_plane();
      default:
        return "\"a\": " + region_on_sphere();
    }
  }

  std::string other_condition() {
    switch (below(4)) {
      case 0:
        return "\"k\": " + std::to_string(below(4));
      case 1:
        return R"("k": {"$in": [0, 2]})";
      case 2:
        return R"("k": {"$gte": 2})";
      default:
        return "";
    }
  }

  std::string filter() {
    const std::string one = condition();
    const std::string other = other_condition();
    if (below(6) == 0) return "{\"$or\": [{" + one + "}, {" + condition() + "}]}";
    if (below(6) == 0) return "{\"$and\": [{" + one + "}, {" + condition() + "}]}";
    return "{" + one + (other.empty() ? "" : ", " + other) + "}";
  }

  struct Near {
    std::string path;
    std::string condition;  // {$near: ..., ...}
    std::string other;      // conditions on other paths, may be empty
  };
  Near near() {
    Near made;
    made.other = other_condition();
    const bool is_bound = below(2) == 0;
    const bool has_least = below(4) == 0;
    switch (below(4)) {
      case 0:
      case 1: {
        made.path = below(3) == 0 ? "s.at" : "a";
        made.condition = "{\"$near\": {\"$geometry\": " + point();
        if (is_bound) {
          made.condition += ", \"$maxDistance\": " + std::to_string(between(1e4, 9e6));
        }
        if (has_least) {
          made.condition += ", \"$minDistance\": " + std::to_string(between(1, 1e5));
        }
        made.condition += "}}";
        return made;
      }
      case 2:
        made.path = below(2) == 0 ? "a" : "p";
        made.condition = "{\"$nearSphere\": " + pair();
        if (is_bound) made.condition += ", \"$maxDistance\": " + std::to_string(between(0.01, 2));
        break;
      default:
        made.path = "p";
        made.condition = "{\"$near\": " + pair(between(-170, 170), between(-85, 85));
        if (is_bound) made.condition += ", \"$maxDistance\": " + std::to_string(between(1, 90));
    }
    if (has_least) made.condition += ", \"$minDistance\": 0.02";
    made.condition += "}";
    return made;
  }

 private:
  bson::testing::RandomValues random_;
  int next_id_ = 0;
};

constexpr std::array<const char*, 11> kIndexes = {
    R"({"key": {"a": "2dsphere"}})",
    R"({"key": {"k": 1, "a": "2dsphere"}})",
    R"({"key": {"a": "2dsphere", "k": -1}})",
    R"({"key": {"s.at": "2dsphere"}})",
    R"({"key": {"a": "2dsphere", "s.at": "2dsphere"}})",
    R"({"key": {"k": -1, "s.at": "2dsphere", "a": "2dsphere"}})",
    R"({"key": {"p": "2d"}})",
    R"({"key": {"p": "2d", "k": 1}})",
    R"({"key": {"p": "2d", "k": -1}, "bits": 7})",
    R"({"key": {"p": "2dsphere"}})",
    R"({"key": {"k": 1}})"};

using Ids = std::vector<std::int64_t>;

std::optional<double> distance_of(const geo::Near& near, const std::string& path,
                                  const bson::View& document) {
  std::optional<double> least;
  bson::visit_path(document, bson::Path(path), [&](const bson::Element& element, bson::Reached) {
    const auto distance = element ? near.distance(element) : std::nullopt;
    if (distance && (!least || *distance < *least)) least = distance;
    return false;
  });
  return least;
}

class GeoCheck {
 public:
  GeoCheck(document::Database& database, const std::vector<bson::Document>& documents)
      : scope_{.database = database}, documents_(documents) {}

  void region(Generator& random) {
    const std::string text = random.filter();
    SCOPED_TRACE("filter " + text);
    const bson::Document filter = testing::json(text);
    const auto parsed = match::Filter::parse(filter);
    ASSERT_TRUE(parsed) << parsed.error().text();
    Ids expected;
    for (const bson::Document& document : documents_) {
      if (parsed->matches(document).value_or(false)) expected.push_back(testing::id_of(document));
    }
    FindRequest request{.collection = "c", .filter = filter};
    Found found = testing::run(scope_, request);
    std::ranges::sort(found.ids);
    EXPECT_EQ(found.error, 0);
    EXPECT_EQ(found.ids, expected);
  }

  void near(Generator& random) {
    const Generator::Near asked = random.near();
    const std::string text = "{\"" + asked.path + "\": " + asked.condition +
                             (asked.other.empty() ? "" : ", " + asked.other) + "}";
    SCOPED_TRACE("filter " + text);
    const bson::Document filter = testing::json(text);
    const Found found = testing::run(scope_, {.collection = "c", .filter = filter});
    if (found.error == kNoPlan) return;
    const Ids expected = in_order(asked);
    EXPECT_EQ(found.error, 0);
    EXPECT_EQ(found.ids, expected);
    const Found some =
        testing::run(scope_, {.collection = "c", .filter = filter, .skip = 1, .limit = 3});
    const std::size_t first = std::min<std::size_t>(1, expected.size());
    const std::size_t last = std::min<std::size_t>(4, expected.size());
    EXPECT_EQ(some.ids, Ids(expected.begin() + static_cast<std::ptrdiff_t>(first),
                            expected.begin() + static_cast<std::ptrdiff_t>(last)));
    ++answered;
  }

  std::int64_t answered = 0;  // $near

 private:
  static constexpr std::int32_t kNoPlan = 291;

  [[nodiscard]] Ids in_order(const Generator::Near& asked) const {
    const bson::Document condition = testing::json(asked.condition);
    const auto near = geo::Near::parse(condition);
    EXPECT_TRUE(near) << near.error().text();
    const bson::Document others = testing::json("{" + asked.other + "}");
    const auto filter = match::Filter::parse(others);
    std::vector<std::pair<double, std::int64_t>> order;
    for (const bson::Document& document : documents_) {
      if (!filter->matches(document).value_or(false)) continue;
      const auto distance = distance_of(*near, asked.path, document);
      if (!distance || *distance < near->min_distance() || *distance > near->max_distance()) {
        continue;
      }
      order.emplace_back(*distance, testing::id_of(document));
    }
    std::ranges::sort(order);
    Ids ids;
    for (const auto& [distance, id] : order) ids.push_back(id);
    return ids;
  }

  Scope scope_;
  const std::vector<bson::Document>& documents_;
};

// Several pairs are one place on no sphere.
std::vector<bson::Document> fill(document::Database& database, Generator& random,
                                 std::size_t count) {
  return testing::fill(
      database, count, [&] { return random.document(); },
      [](const Error& error) { return error.number() == 16755; });
}

class GeoPlans : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(GeoPlans, FindWhatAskingEachDocumentFinds) {
  std::int64_t answered = 0;
  for (std::uint64_t round = 0; round < 2; ++round) {
    const std::uint64_t seed = bson::testing::seed_or(1000 * GetParam() + round);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator random(seed);
    auto database = testing::open(testing::new_path());
    for (const char* index : kIndexes) {
      if (random.below(3) == 0) testing::create_index(*database, "c", index);
    }
    const auto documents = fill(*database, random, 10 + random.below(30));
    GeoCheck check(*database, documents);
    for (int i = 0; i < 25 && !::testing::Test::HasFailure(); ++i) {
      check.region(random);
      check.near(random);
    }
    if (::testing::Test::HasFailure()) return;
    answered += check.answered;
    testing::expect_clean(*database);
  }
  EXPECT_GT(answered, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, GeoPlans, ::testing::Range<std::uint64_t>(1, 7));

// By what the index alone brings, and not by a scan: its ranges hold every match.
TEST(GeoPlans, UseTheIndexOfTheRegion) {
  auto database = testing::open(testing::new_path());
  const Scope scope{.database = *database};
  testing::create_index(*database, "c", R"({"key": {"a": "2dsphere"}})");
  testing::create_index(*database, "c", R"({"key": {"p": "2d"}})");
  testing::insert(*database, "c", R"({"_id": 1, "a": [1, 1], "p": [1, 1]})");
  testing::insert(*database, "c", R"({"_id": 2, "a": [50, 50], "p": [50, 50]})");
  const auto stages = [&](std::string_view filter) {
    return testing::stages(scope, {.filter = filter});
  };
  EXPECT_EQ(stages(R"({"a": {"$geoWithin": {"$centerSphere": [[1, 1], 0.1]}}})"), "FETCH IXSCAN");
  EXPECT_EQ(stages(R"({"a": {"$geoIntersects": {"$geometry": {"type": "Point",
                       "coordinates": [1, 1]}}}})"),
            "FETCH IXSCAN");
  EXPECT_EQ(stages(R"({"p": {"$geoWithin": {"$box": [[0, 0], [2, 2]]}}})"), "FETCH IXSCAN");
  EXPECT_EQ(stages(R"({"p": {"$geoWithin": {"$centerSphere": [[1, 1], 0.1]}}})"), "FETCH IXSCAN");
  // What the index is not about.
  EXPECT_EQ(stages(R"({"a": {"$geoWithin": {"$box": [[0, 0], [2, 2]]}}})"), "COLLSCAN");
  EXPECT_EQ(stages(R"({"a": [1, 1]})"), "COLLSCAN");
  EXPECT_EQ(stages(R"({"a": {"$exists": true}})"), "COLLSCAN");
  EXPECT_EQ(testing::stages(scope, {.sort = R"({"a": 1})"}), "SORT COLLSCAN");
}

TEST(GeoPlans, FieldsBesideAPlaceAreOfNoUseWithoutIt) {
  auto database = testing::open(testing::new_path());
  const Scope scope{.database = *database};
  testing::create_index(*database, "c", R"({"key": {"k": 1, "a": "2dsphere"}})");
  testing::insert(*database, "c", R"({"_id": 1, "k": 1})");
  testing::insert(*database, "c", R"({"_id": 2, "k": 1, "a": [1, 1]})");
  EXPECT_EQ(testing::stages(scope, {.filter = R"({"k": 1})"}), "COLLSCAN");
  EXPECT_EQ(testing::find(scope, {.filter = R"({"k": 1})"}).size(), 2U);
  const std::string both = R"({"k": 1, "a": {"$geoWithin": {"$centerSphere": [[1, 1], 0.1]}}})";
  EXPECT_EQ(testing::stages(scope, {.filter = both}), "FETCH IXSCAN");
  EXPECT_EQ(testing::find(scope, {.filter = both}).size(), 1U);
  EXPECT_EQ(testing::stages(scope, {.filter = both, .sort = R"({"k": 1})"}), "FETCH IXSCAN");
}

}  // namespace
}  // namespace nacre::query
