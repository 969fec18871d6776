#include <s2/mutable_s2shape_index.h>
#include <s2/s1angle.h>
#include <s2/s2cap.h>
#include <s2/s2cell_id.h>
#include <s2/s2latlng_rect.h>
#include <s2/s2region_coverer.h>
#include <s2/s2shape_index_buffered_region.h>
#include <s2/s2shape_index_region.h>

#include <algorithm>
#include <numbers>
#include <utility>

#include "geo/cover_internal.h"
#include "geo/cover_sets.h"

namespace nacre::geo {
namespace {

constexpr int kCellsOfShape = 20;   // stored
constexpr int kCellsOfRegion = 20;  // looked for

std::int64_t number(const S2CellId& cell) { return static_cast<std::int64_t>(cell.id()); }

std::vector<S2CellId> covering(const S2Region& region, int cells_max) {
  S2RegionCoverer::Options options;
  options.set_max_cells(cells_max);
  S2RegionCoverer coverer(options);
  std::vector<S2CellId> cells;
  coverer.GetCovering(region, &cells);
  return cells;
}

// What a cell of the cover meets is stored as a descendant of it or as an ancestor.
Cover ranges_of(const std::vector<S2CellId>& cells) {
  Cover ranges;
  for (const S2CellId& cell : cells) {
    ranges.push_back({.first = number(cell.range_min()), .last = number(cell.range_max())});
    for (int level = cell.level() - 1; level >= 0; --level) {
      const std::int64_t ancestor = number(cell.parent(level));
      ranges.push_back({.first = ancestor, .last = ancestor});
    }
  }
  return joined(std::move(ranges));
}

S2Cap cap_of(const S2Point& center, double angle) {
  return {center, S1Angle::Radians(std::min(angle + kCoverMargin, std::numbers::pi))};
}

}  // namespace

Cover cap_cover(const S2Point& center, double angle) {
  return ranges_of(covering(cap_of(center, angle), kCellsOfRegion));
}

Cover shape_cover(const SphereIndex& shape) {
  const S2ShapeIndexBufferedRegion region(&shape.whole(), S1Angle::Radians(kCoverMargin));
  return ranges_of(covering(region, kCellsOfRegion));
}

std::vector<PlaneBox> cap_boxes(const S2Point& center, double angle) {
  const S2LatLngRect rect = cap_of(center, angle).GetRectBound();
  const double low = rect.lat_lo().degrees();
  const double high = rect.lat_hi().degrees();
  if (!rect.lng().is_inverted()) {
    return {PlaneBox{.low = {.x = rect.lng_lo().degrees(), .y = low},
                     .high = {.x = rect.lng_hi().degrees(), .y = high}}};
  }
  return {
      PlaneBox{.low = {.x = rect.lng_lo().degrees(), .y = low}, .high = {.x = 180, .y = high}},
      PlaneBox{.low = {.x = -180, .y = low}, .high = {.x = rect.lng_hi().degrees(), .y = high}}};
}

std::vector<std::int64_t> sphere_cells(const Geometry& geometry) {
  const Geometry::Shape& shape = geometry.shape();
  std::vector<std::int64_t> numbers;
  if (shape.lines.empty() && shape.areas.empty() && shape.points.size() <= kCellsOfShape) {
    for (const S2Point& point : shape.points) numbers.push_back(number(S2CellId(point)));
  } else {
    const SphereIndex index(shape);
    const auto cells = covering(MakeS2ShapeIndexRegion(&index.whole()), kCellsOfShape);
    for (const S2CellId& cell : cells) numbers.push_back(number(cell));
  }
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
  return numbers;
}

}  // namespace nacre::geo
