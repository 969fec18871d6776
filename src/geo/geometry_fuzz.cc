// Places and regions from anywhere, as two BSON documents: no input stops the process, and whatever
// matches a region has a cell in its cover (GEO-1). The library behind this room aborts on what it
// does not expect, so what must be found here is whatever reaches it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "base/codec.h"
#include "bson/validate.h"
#include "geo/cells.h"
#include "geo/geometry.h"
#include "geo/near.h"
#include "geo/region.h"

namespace {

using namespace nacre;

bool covers(const geo::Cover& cover, std::int64_t cell) {
  return std::ranges::any_of(cover, [&](const geo::CellRange& range) {
    return range.first <= cell && cell <= range.last;
  });
}

void check_cover(const geo::Region& region, const bson::Element& stored) {
  const auto geometry = geo::Geometry::parse(stored);
  NACRE_CHECK(geometry.has_value(), "what matches is a geometry");
  if (region.is_on_sphere()) {
    const geo::Cover cover = region.sphere_cover();
    const bool found = std::ranges::any_of(geo::sphere_cells(*geometry),
                                           [&](auto cell) { return covers(cover, cell); });
    NACRE_CHECK(found, "GEO-1 on the sphere");
  }
  if (!region.has_plane_cover() || !geometry->plane_point().has_value()) return;
  const geo::Grid grid;
  const auto cell = geo::grid_cell(*geometry, grid);
  if (cell.has_value()) NACRE_CHECK(covers(region.plane_cover(grid), *cell), "GEO-1 on the plane");
}

void check_near(const geo::Near& near, const bson::Element& stored) {
  const auto distance = near.distance(stored);
  if (!distance.has_value()) return;
  NACRE_CHECK(!std::isnan(*distance) && *distance >= 0, "a distance is one");
  if (!near.is_on_sphere()) return;
  const auto geometry = geo::Geometry::parse(stored);
  NACRE_CHECK(geometry.has_value(), "what has a distance is a geometry");
  const geo::Cover cover = near.sphere_cover(*distance);
  const bool found = std::ranges::any_of(geo::sphere_cells(*geometry),
                                         [&](auto cell) { return covers(cover, cell); });
  NACRE_CHECK(found, "GEO-1 of what is near");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (size < 5) return 0;
  const std::size_t first = load_le<std::uint32_t>(bytes.data());
  if (first > size) return 0;
  const auto asked = bson::validate(bytes.first(first));
  const auto document = bson::validate(bytes.subspan(first));
  if (!asked || !document) return 0;
  const bson::Element operand = *asked->begin();
  const auto within = geo::Region::parse_within(operand);
  const auto meeting = geo::Region::parse_intersects(operand);
  const auto near = geo::Near::parse(*asked);
  for (const bson::Element& stored : *document) {
    const auto geometry = geo::Geometry::parse(stored);
    if (geometry.has_value()) static_cast<void>(geo::sphere_cells(*geometry));
    if (within.has_value() && within->matches(stored)) check_cover(*within, stored);
    if (meeting.has_value() && meeting->matches(stored)) check_cover(*meeting, stored);
    if (near.has_value()) check_near(*near, stored);
  }
  return 0;
}
