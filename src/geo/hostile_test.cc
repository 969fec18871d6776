// Geometries whose points coincide, lie on one line, at a pole or where cells meet: S2 aborts where
// it is given what it does not expect, so nothing of this may reach it unlooked at.
// Replay one failure: NACRE_SEED=<seed> nacre_geo_test --gtest_filter='Hostile*'
// Longer: NACRE_ROUNDS=<rounds>; NACRE_SHOW=1 shows each pair before it is tried.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "base/text.h"
#include "bson/random_values_testing.h"
#include "geo/cells.h"
#include "geo/near.h"
#include "geo/places_testing.h"

namespace nacre::geo {
namespace {

using testing::Place;

class HostilePlaces {
 public:
  explicit HostilePlaces(std::uint64_t seed) : random_(seed) {}

  std::string position() {
    constexpr double kLongitudes[] = {0,     180,    -180, 90,    -90, 45,      135,
                                      -1e-7, 1e-7,   1,    1e-15, 2,   179.999, -179.99999999,
                                      1,     5e-324, 3,    -0.0,  2,   1,       0};
    constexpr double kLatitudes[] = {
        0,    90, -90, 45,  35.264389682754654, -1e-7, 1e-7, 1, 2, 3, 1e-15, 5e-324, 89.9999999,
        -0.0, 0,  1,   -45, -35.264389682754654};
    // Few, so that they coincide; a family of them is near one another.
    const double x = is_close_ ? static_cast<double>(random_.below(4)) : random_.pick(kLongitudes);
    const double y = is_close_ ? static_cast<double>(random_.below(4)) : random_.pick(kLatitudes);
    return format("[{}, {}]", x, y);
  }

  std::string positions(std::size_t count, bool is_closed) {
    const std::string first = position();
    std::string all = "[" + first;
    for (std::size_t i = 1; i < count; ++i) all += ", " + position();
    return all + (is_closed ? ", " + first + "]" : "]");
  }

  std::string ring() {
    if (random_.one_in(2)) return positions(3 + random_.below(4), true);
    const auto low = static_cast<double>(random_.below(4));
    const auto high = low + 1 + static_cast<double>(random_.below(3));
    return format("[[{0}, {0}], [{1}, {0}], [{1}, {1}], [{0}, {1}], [{0}, {0}]]", low, high);
  }

  std::string rings() {
    std::string all = "[" + ring();
    for (std::size_t holes = random_.below(5); holes > 2; --holes) all += ", " + ring();
    return all + "]";
  }

  std::string geometry(bool is_query) {
    is_close_ = random_.one_in(2);
    switch (random_.below(8)) {
      case 0:
        return position();
      case 1:
        return single("LineString", positions(2 + random_.below(4), false));
      case 2:
        return single("MultiPoint", positions(1 + random_.below(4), false));
      case 3:
        return single("MultiLineString",
                      "[" + positions(2, false) + ", " + positions(3, false) + "]");
      case 4:
        return single("MultiPolygon", "[" + rings() + ", " + rings() + "]");
      case 5:
        return R"({"type": "GeometryCollection", "geometries": [)" + single("Polygon", rings()) +
               ", " + single("Point", position()) + ", " +
               single("LineString", positions(3, false)) + "]}";
      default:
        return single("Polygon", rings(), is_query && random_.one_in(3) ? kStrict : "");
    }
  }

  std::string region() {
    constexpr double kRadii[] = {0,   1e-17, 0.01, 1, 1.5707963267948966, 3.141592653589793,
                                 3.2, 1e300};
    if (random_.one_in(4)) {
      return format(R"({{"$centerSphere": [{}, {}]}})", position(), random_.pick(kRadii));
    }
    return R"({"$geometry": )" + geometry(/*is_query=*/true) + "}";
  }

 private:
  static constexpr std::string_view kStrict = R"(, "crs": {"type": "name", "properties":
      {"name": "urn:x-mongodb:crs:strictwinding:EPSG:4326"}})";

  static std::string single(std::string_view type, std::string_view coordinates,
                            std::string_view more = "") {
    return format(R"({{"type": "{}", "coordinates": {}{}}})", type, coordinates, more);
  }

  bson::testing::RandomValues random_;
  bool is_close_ = false;
};

void expect_covered(const Region& region, const Geometry& geometry, std::string_view what) {
  const Cover cover = region.sphere_cover();
  const auto cells = sphere_cells(geometry);
  EXPECT_TRUE(std::ranges::any_of(cells, [&](auto cell) {
    return std::ranges::any_of(
        cover, [&](const CellRange& range) { return range.first <= cell && cell <= range.last; });
  })) << what;
}

TEST(Hostile, NothingStopsTheProcessAndWhatMatchesHasACellInTheCover) {
  const std::uint64_t seed = bson::testing::seed_or(37);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  const char* rounds = std::getenv("NACRE_ROUNDS");
  HostilePlaces places(seed);
  int matched = 0;
  for (int round = 0, end = rounds == nullptr ? 300 : std::atoi(rounds); round < end; ++round) {
    const std::string shown = places.geometry(/*is_query=*/false);
    const Place place(shown);
    const auto geometry = Geometry::parse(place.element());
    const std::string asked = places.region();
    const Place operand(asked);
    if (std::getenv("NACRE_SHOW") != nullptr) std::cerr << shown << "\n  " << asked << "\n";
    const auto near = Near::from({.point = Place(places.position()).element(), .spherical = true});
    if (geometry.has_value() && near.has_value()) {
      const auto distance = near->distance(place.element());
      EXPECT_TRUE(distance.has_value() && *distance >= 0 && *distance < 3.15);
    }
    for (const auto& region :
         {Region::parse_within(operand.element()), Region::parse_intersects(operand.element())}) {
      if (!region.has_value()) continue;
      const bool matches = region->matches(place.element());
      EXPECT_TRUE(!matches || geometry.has_value());
      if (!matches) continue;
      ++matched;
      expect_covered(*region, *geometry, asked);
    }
  }
  EXPECT_GT(matched, 20);
}

}  // namespace
}  // namespace nacre::geo
