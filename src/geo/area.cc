// Polygons: what GeoJSON asks of their rings, and which side of a ring is the inside.
//
// Costs grow with the number of points, not with its square, whatever the rings: they come from
// outside.
#include <s2/mutable_s2shape_index.h>
#include <s2/s2contains_point_query.h>
#include <s2/s2error.h>
#include <s2/s2lax_polygon_shape.h>
#include <s2/s2loop_measures.h>
#include <s2/s2shapeutil_visit_crossing_edge_pairs.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/text.h"
#include "geo/parse_internal.h"

namespace nacre::geo {
namespace {

// The edges of rings of which nothing is known: an area made of them could have no inside, which
// the library does not survive.
class EdgesOfRings final : public S2Shape {
 public:
  explicit EdgesOfRings(const std::vector<Ring>& rings) : rings_(rings) {}

  int num_edges() const override { return rings_.num_edges(); }
  Edge edge(int at) const override { return rings_.edge(at); }
  int dimension() const override { return 1; }
  ReferencePoint GetReferencePoint() const override { return ReferencePoint::Contained(false); }
  int num_chains() const override { return rings_.num_chains(); }
  Chain chain(int at) const override { return rings_.chain(at); }
  Edge chain_edge(int at, int edge) const override { return rings_.chain_edge(at, edge); }
  ChainPosition chain_position(int edge) const override { return rings_.chain_position(edge); }

 private:
  S2LaxPolygonShape rings_;
};

Result<> check_crossings(const std::vector<Ring>& rings, std::string_view what) {
  MutableS2ShapeIndex index;
  index.Add(std::make_unique<EdgesOfRings>(rings));
  S2Error error;
  if (s2shapeutil::FindSelfIntersection(index, &error)) {
    return bad(format("{} is not valid: {}", what, std::string(error.text())));
  }
  return {};
}

// One polygon whose inside is to the left of these rings, which were looked at.
std::unique_ptr<MutableS2ShapeIndex> index_of(const std::vector<Ring>& rings) {
  auto index = std::make_unique<MutableS2ShapeIndex>();
  index->Add(std::make_unique<S2LaxPolygonShape>(rings));
  index->ForceBuild();
  return index;
}

// A ring as written: closed; afterwards without repeated points and without its last.
Result<> tidy_ring(Ring& ring) {
  if (ring.empty()) return bad("Loop has no vertices");
  if (ring.front() != ring.back()) return bad("Loop is not closed");
  drop_repeated(ring);
  ring.pop_back();
  if (ring.size() < 3) return bad("Loop must have at least 3 different vertices");
  return check_neighbours(ring, /*is_closed=*/true);
}

// No hole lies in another: each would be outside of the polygon, where the polygon has an island.
Result<> check_nesting(const std::vector<Ring>& holes) {
  MutableS2ShapeIndex index;
  for (const Ring& hole : holes) {
    index.Add(std::make_unique<S2LaxPolygonShape>(std::vector<Ring>{hole}));
  }
  index.ForceBuild();
  // Holes may touch in a point, which does not count: of two points of a hole inside another,
  // neither crossing it, one is strictly inside.
  auto query = MakeS2ContainsPointQuery(&index, S2ContainsPointQueryOptions(S2VertexModel::OPEN));
  for (std::size_t at = 0; at < holes.size(); ++at) {
    for (const S2Point& point : {holes[at][0], holes[at][1]}) {
      const bool alone = query.VisitContainingShapes(
          point, [&](const S2Shape* shape) { return shape->id() == static_cast<int>(at); });
      if (!alone) return bad("Polygon interior loops cannot be nested");
    }
  }
  return {};
}

Result<> check_holes(const Ring& outer, const std::vector<Ring>& holes) {
  const auto index = index_of({outer});
  auto query =
      MakeS2ContainsPointQuery(index.get(), S2ContainsPointQueryOptions(S2VertexModel::OPEN));
  const std::set<S2Point> corners(outer.begin(), outer.end());
  for (const Ring& hole : holes) {
    const auto shared =
        std::ranges::count_if(hole, [&](const S2Point& point) { return corners.contains(point); });
    if (shared > 1) return bad("a hole shares more than one vertex with the exterior loop");
    for (const S2Point& point : hole) {
      if (corners.contains(point) || query.Contains(point)) continue;
      return bad(
          "Secondary loops not contained by first exterior loop - secondary loops must be holes");
    }
  }
  return holes.size() < 2 ? Result<>() : check_nesting(holes);
}

// The smaller side of the ring to its left.
void make_normal(Ring& ring) {
  if (!S2::IsNormalized(ring)) std::ranges::reverse(ring);
}

}  // namespace

void drop_repeated(std::vector<S2Point>& points) {
  const auto repeated = std::ranges::unique(points);
  points.erase(repeated.begin(), repeated.end());
}

Result<> check_neighbours(const std::vector<S2Point>& points, bool is_closed) {
  for (std::size_t at = 0; at < points.size(); ++at) {
    if (at + 1 == points.size() && !is_closed) break;
    const S2Point& next = points[(at + 1) % points.size()];
    if (points[at] == next) return bad(format("vertices {} and {} are one", at, at + 1));
    // As exactly as the library's own checks: from pole to pole is a line, along its meridian.
    if (points[at].DotProd(next) < 0 && points[at].CrossProd(next) == S2Point()) {
      return bad(format("vertices {} and {} lie opposite each other on the sphere", at, at + 1));
    }
  }
  return {};
}

Result<Area> make_area(std::vector<Ring> rings, bool as_drawn) {
  if (rings.empty()) return bad("Polygon has no loops");
  if (as_drawn && rings.size() > 1) {
    return bad("a polygon with a strict winding order has one loop alone");
  }
  for (Ring& ring : rings) {
    NACRE_TRY(tidy_ring(ring));
    NACRE_TRY(check_crossings({ring}, "Loop"));
    if (!as_drawn) make_normal(ring);
  }
  if (rings.size() > 1) {
    const std::vector<Ring> holes(rings.begin() + 1, rings.end());
    NACRE_TRY(check_holes(rings.front(), holes));
    for (std::size_t at = 1; at < rings.size(); ++at) std::ranges::reverse(rings[at]);
    NACRE_TRY(check_crossings(rings, "Polygon"));
  }
  return Area{.rings = std::move(rings)};
}

}  // namespace nacre::geo
