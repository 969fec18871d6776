// GEO-1: whatever matches has a cell within the cover, over random places and regions.
// Replay one failure: NACRE_SEED=<seed> nacre_geo_test --gtest_filter='Cells*'
#include "geo/cells.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "base/text.h"
#include "bson/random_values_testing.h"
#include "geo/near.h"
#include "geo/places_testing.h"

namespace nacre::geo {
namespace {

using testing::Place;

bool covers(const Cover& cover, std::int64_t cell) {
  return std::ranges::any_of(
      cover, [&](const CellRange& range) { return range.first <= cell && cell <= range.last; });
}

bool is_tidy(const Cover& cover) {
  for (std::size_t at = 0; at < cover.size(); ++at) {
    if (cover[at].first > cover[at].last) return false;
    if (at > 0 && cover[at].first <= cover[at - 1].last) return false;
  }
  return true;
}

// Places around one another, so that many meet: near the poles, the meridian of 180 degrees and
// the corners of S2's faces, too.
class RandomPlaces {
 public:
  explicit RandomPlaces(std::uint64_t seed) : random_(seed) {}

  void move() {
    constexpr PlanePoint kCenters[] = {
        {.x = 0, .y = 0},     {.x = 180, .y = 0},  {.x = 30, .y = 89},  {.x = 0, .y = -90},
        {.x = 45, .y = 35.3}, {.x = -45, .y = 45}, {.x = -180, .y = 60}};
    constexpr double kSizes[] = {1e-7, 1e-3, 1, 8, 40};
    center_ = random_.pick(kCenters);
    size_ = random_.pick(kSizes);
  }

  PlanePoint at() {
    double x = center_.x + size_ * part();
    if (x > 180) x -= 360;
    if (x < -180) x += 360;
    return {.x = x, .y = std::clamp(center_.y + size_ * part(), -90.0, 90.0)};
  }

  std::string position() {
    const PlanePoint point = at();
    return format("[{}, {}]", point.x, point.y);
  }

  // A triangle or a square; perhaps one that a query or a document may not have.
  std::string ring() {
    const PlanePoint low = at();
    const double width = size_ * (0.1 + std::abs(part()));
    const double right = std::min(low.x + width, 180.0);
    const double top = std::min(low.y + width, 90.0);
    if (random_.one_in(3)) {
      const std::string first = position();
      return format("[{}, {}, {}, {}]", first, position(), position(), first);
    }
    return format("[[{0}, {1}], [{2}, {1}], [{2}, {3}], [{0}, {3}], [{0}, {1}]]", low.x, low.y,
                  right, top);
  }

  std::string geometry() {
    switch (random_.below(6)) {
      case 0:
        return position();
      case 1:
        return R"({"type": "Point", "coordinates": )" + position() + "}";
      case 2:
        return format(R"({{"type": "LineString", "coordinates": [{}, {}, {}]}})", position(),
                      position(), position());
      case 3:
        return format(R"({{"type": "MultiPoint", "coordinates": [{}, {}]}})", position(),
                      position());
      default:
        return R"({"type": "Polygon", "coordinates": [)" + ring() + "]}";
    }
  }

  std::string cap() {
    return format(R"({{"$centerSphere": [{}, {}]}})", position(),
                  size_ * std::abs(part()) * std::numbers::pi / 180);
  }

  double size() const { return size_; }
  double part() { return (static_cast<double>(random_.below(2'000'001)) - 1e6) / 1e6; }
  bool one_in(std::size_t count) { return random_.one_in(count); }

 private:
  bson::testing::RandomValues random_;
  PlanePoint center_;
  double size_ = 1;
};

Result<Region> random_region(RandomPlaces& places) {
  if (places.one_in(3)) return testing::within(places.cap());
  const std::string geometry = places.geometry();
  if (places.one_in(2)) return testing::intersects(geometry);
  return testing::within(R"({"$geometry": )" + geometry + "}");
}

TEST(Cells, WhateverMatchesOnTheSphereHasACellInTheCover) {
  const std::uint64_t seed = bson::testing::seed_or(23);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  RandomPlaces places(seed);
  int matched = 0;
  for (int round = 0; round < 100; ++round) {
    places.move();
    const auto region = random_region(places);
    if (!region.has_value()) continue;
    ASSERT_TRUE(region->is_on_sphere());
    const Cover cover = region->sphere_cover();
    ASSERT_TRUE(is_tidy(cover));
    for (int i = 0; i < 20; ++i) {
      const std::string place = places.geometry();
      const auto geometry = Geometry::parse(Place(place).element());
      if (!geometry.has_value() || !region->matches(Place(place).element())) continue;
      ++matched;
      const auto cells = sphere_cells(*geometry);
      EXPECT_TRUE(std::ranges::is_sorted(cells));
      EXPECT_TRUE(std::ranges::any_of(cells, [&](auto cell) { return covers(cover, cell); }))
          << place;
    }
  }
  EXPECT_GT(matched, 60);
}

TEST(Cells, WhateverIsNearOnTheSphereHasACellInTheCover) {
  const std::uint64_t seed = bson::testing::seed_or(29);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  RandomPlaces places(seed);
  for (int round = 0; round < 80; ++round) {
    places.move();
    const std::string center = places.position();
    const auto near = Near::from({.point = Place(center).element(), .spherical = true});
    ASSERT_TRUE(near.has_value());
    const double radius = places.size() * std::abs(places.part()) * std::numbers::pi / 180;
    const Cover cover = near->sphere_cover(radius);
    const Grid grid{.bits = 20};
    const Cover plane = near->plane_cover(radius, grid);
    for (int i = 0; i < 20; ++i) {
      const std::string place = places.geometry();
      const auto geometry = Geometry::parse(Place(place).element());
      const auto distance = near->distance(Place(place).element());
      if (!geometry.has_value() || !distance.has_value() || *distance > radius) continue;
      const auto cells = sphere_cells(*geometry);
      EXPECT_TRUE(std::ranges::any_of(cells, [&](auto cell) { return covers(cover, cell); }))
          << place << " " << center;
      if (!geometry->plane_point().has_value()) continue;
      EXPECT_TRUE(covers(plane, *grid_cell(*geometry, grid))) << place << " " << center;
    }
  }
}

std::string random_plane_region(RandomPlaces& places) {
  if (places.one_in(4)) return places.cap();
  if (places.one_in(3))
    return format(R"({{"$box": [{}, {}]}})", places.position(), places.position());
  if (places.one_in(2)) {
    return format(R"({{"$center": [{}, {}]}})", places.position(),
                  places.size() * std::abs(places.part()));
  }
  return format(R"({{"$polygon": [{}, {}, {}]}})", places.position(), places.position(),
                places.position());
}

TEST(Cells, WhateverMatchesOnThePlaneHasItsCellInTheCoverOfEveryGrid) {
  const std::uint64_t seed = bson::testing::seed_or(31);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  RandomPlaces places(seed);
  int matched = 0;
  for (int round = 0; round < 300; ++round) {
    places.move();
    const auto region = testing::within(random_plane_region(places));
    ASSERT_TRUE(region.has_value() && region->has_plane_cover());
    for (const Grid& grid :
         {Grid(), Grid{.bits = 1}, Grid{.bits = 32}, Grid{.bits = 7, .min = -500, .max = 500}}) {
      const Cover cover = region->plane_cover(grid);
      ASSERT_TRUE(is_tidy(cover));
      EXPECT_LE(cover.size(), 200U);
      for (int i = 0; i < 10; ++i) {
        const std::string place = places.position();
        if (!region->matches(Place(place).element())) continue;
        ++matched;
        const auto geometry = Geometry::parse(Place(place).element());
        EXPECT_TRUE(covers(cover, *grid_cell(*geometry, grid))) << place;
      }
    }
  }
  EXPECT_GT(matched, 200);
}

TEST(Cells, AGridHasItsEdgesInItAndNothingBeyond) {
  const auto cell = [](std::string_view place, const Grid& grid) {
    return grid_cell(*Geometry::parse(Place(place).element()), grid);
  };
  const Grid two{.bits = 1, .min = 0, .max = 2};
  EXPECT_EQ(*cell("[0, 0]", two), 0);
  EXPECT_EQ(*cell("[0.5, 1.5]", two), 1);
  EXPECT_EQ(*cell("[1, 0]", two), 2);
  EXPECT_EQ(*cell("[2, 2]", two), 3);
  EXPECT_EQ(cell("[2.1, 0]", two).error().number(), 13027);
  EXPECT_EQ(cell("[0, -0.1]", two).error().number(), 13027);
  const Grid finest{.bits = 32};
  EXPECT_EQ(*cell("[-180, -180]", finest), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(*cell("[180, 180]", finest), std::numeric_limits<std::int64_t>::max());
}

TEST(Cells, APointIsOneCellAndNothingStoredIsManyCells) {
  EXPECT_EQ(sphere_cells(*Geometry::parse(Place("[5, 5]").element())).size(), 1U);
  EXPECT_TRUE(sphere_cells(*Geometry::parse(Place("[500, 5]").element())).empty());
  const auto area = sphere_cells(*Geometry::parse(Place(R"({"type": "Polygon", "coordinates": [
      [[-100, -60], [70, -61], [33, 80], [-100, -60]]]})")
                                                      .element()));
  EXPECT_LE(area.size(), 24U);
}

}  // namespace
}  // namespace nacre::geo
