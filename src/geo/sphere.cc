#include <s2/mutable_s2shape_index.h>
#include <s2/s2boolean_operation.h>
#include <s2/s2builderutil_s2polyline_vector_layer.h>
#include <s2/s2builderutil_snap_functions.h>
#include <s2/s2cell.h>
#include <s2/s2contains_point_query.h>
#include <s2/s2debug.h>
#include <s2/s2edge_distances.h>
#include <s2/s2lax_polygon_shape.h>
#include <s2/s2lax_polyline_shape.h>
#include <s2/s2point_vector_shape.h>
#include <s2/s2polyline.h>
#include <s2/s2shapeutil_visit_crossing_edge_pairs.h>

#include <algorithm>
#include <set>
#include <utility>

#include "geo/sphere_internal.h"

namespace nacre::geo {
namespace {

// The library as packaged would abort on shapes that it thinks wrong; ours are looked at before.
[[maybe_unused]] const bool kQuiet = [] {
  FLAGS_s2debug = false;
  return true;
}();

std::unique_ptr<S2Shape> shape_of(const Line& line) {
  return std::make_unique<S2LaxPolylineShape>(line);
}

std::unique_ptr<S2Shape> shape_of(const Area& area) {
  return std::make_unique<S2LaxPolygonShape>(area.rings);
}

template <class Part>
std::unique_ptr<MutableS2ShapeIndex> index_of(const Part& part) {
  auto index = std::make_unique<MutableS2ShapeIndex>();
  index->Add(shape_of(part));
  index->ForceBuild();
  return index;
}

S2BooleanOperation::Options closed_lines() {
  S2BooleanOperation::Options options;
  options.set_polyline_model(S2BooleanOperation::PolylineModel::CLOSED);
  return options;
}

// Whether nothing of the line is left without the area, up to what rounding can do to points that
// lie on the area's edge.
bool is_line_inside(const MutableS2ShapeIndex& area, const MutableS2ShapeIndex& line) {
  S2BooleanOperation::Options options = closed_lines();
  options.set_polygon_model(S2BooleanOperation::PolygonModel::CLOSED);
  if (S2BooleanOperation::Contains(area, line, options)) return true;
  options.set_snap_function(s2builderutil::IdentitySnapFunction(S2::kIntersectionMergeRadius));
  std::vector<std::unique_ptr<S2Polyline>> left;
  S2BooleanOperation difference(S2BooleanOperation::OpType::DIFFERENCE,
                                std::make_unique<s2builderutil::S2PolylineVectorLayer>(&left),
                                options);
  S2Error error;
  if (!difference.Build(line, area, &error)) return false;
  return std::ranges::all_of(
      left, [](const auto& rest) { return rest->GetLength() <= S1Angle::Radians(2e-12); });
}

// Whether the leaf cell around the point meets the edge, both to within rounding: an edge along the
// meridian of 180 degrees runs beside the cells of its own points.
bool is_on_edge(const S2Point& point, const S2Shape::Edge& edge) {
  static const S1ChordAngle kWide(S1Angle::Radians(kCoverMargin));
  if (!S2::IsDistanceLess(point, edge.v0, edge.v1, kWide)) return false;
  const S2Cell cell(point);
  if (edge.v0 == edge.v1) return cell.Contains(edge.v0);
  return cell.GetDistance(edge.v0, edge.v1) <= S1ChordAngle::FromLength2(1e-28);
}

bool overlap(const MutableS2ShapeIndex& a, const MutableS2ShapeIndex& b) {
  return S2BooleanOperation::Intersects(a, b, closed_lines());
}

}  // namespace

SphereIndex::SphereIndex(const Geometry::Shape& shape)
    : whole_(std::make_unique<MutableS2ShapeIndex>()),
      part_count_(static_cast<int>(shape.lines.size() + shape.areas.size())),
      has_points_(!shape.points.empty()) {
  for (const Line& line : shape.lines) whole_->Add(shape_of(line));
  for (const Area& area : shape.areas) whole_->Add(shape_of(area));
  if (has_points_) whole_->Add(std::make_unique<S2PointVectorShape>(shape.points));
  whole_->ForceBuild();
  if (part_count_ < 2 && !has_points_) return;
  for (const Line& line : shape.lines) parts_.push_back(index_of(line));
  for (const Area& area : shape.areas) parts_.push_back(index_of(area));
}

SphereIndex::SphereIndex(SphereIndex&&) noexcept = default;
SphereIndex::~SphereIndex() = default;

const MutableS2ShapeIndex& SphereIndex::part(int at) const {
  return parts_.empty() ? *whole_ : *parts_[static_cast<std::size_t>(at)];
}

// The parts whose inside or edge the leaf cell around the point meets; points count as a part here.
std::vector<int> SphereIndex::parts_at(const S2Point& point) const {
  std::vector<int> found;
  MutableS2ShapeIndex::Iterator at(whole_.get(), S2ShapeIndex::UNPOSITIONED);
  if (at.Locate(S2CellId(point)) != S2ShapeIndex::INDEXED) return found;
  const auto query = MakeS2ContainsPointQuery(whole_.get());
  const S2ShapeIndexCell& indexed = at.cell();
  for (int i = 0; i < indexed.num_clipped(); ++i) {
    const S2ClippedShape& clipped = indexed.clipped(i);
    const S2Shape& shape = *whole_->shape(clipped.shape_id());
    bool meets = shape.dimension() == 2 && query.ShapeContains(at.id(), clipped, point);
    for (int j = 0; j < clipped.num_edges() && !meets; ++j) {
      meets = is_on_edge(point, shape.edge(clipped.edge(j)));
    }
    if (meets) found.push_back(clipped.shape_id());
  }
  return found;
}

std::vector<S2Point> SphereIndex::vertices(int part, bool all) const {
  const S2Shape& shape = *whole_->shape(part);
  std::vector<S2Point> points{shape.edge(0).v0};
  if (!all) return points;
  for (int i = 0; i < shape.num_edges(); ++i) points.push_back(shape.edge(i).v1);
  return points;
}

bool SphereIndex::meets(const S2Point& point) const { return !parts_at(point).empty(); }

bool SphereIndex::meets(const Geometry::Shape& other) const {
  if (std::ranges::any_of(other.points, [&](const S2Point& point) { return meets(point); })) {
    return true;
  }
  return (!other.lines.empty() || !other.areas.empty()) && meets_lines_and_areas(other);
}

bool SphereIndex::meets_lines_and_areas(const Geometry::Shape& other) const {
  const SphereIndex theirs(other);
  if (has_points_) {
    const S2Shape& points = *whole_->shape(part_count_);
    for (int i = 0; i < points.num_edges(); ++i) {
      const std::vector<int> parts = theirs.parts_at(points.edge(i).v0);
      if (std::ranges::any_of(parts, [&](int at) { return at < theirs.part_count_; })) return true;
    }
  }
  const bool crosses = !s2shapeutil::VisitCrossingEdgePairs(
      *whole_, *theirs.whole_, s2shapeutil::CrossingType::INTERIOR,
      [](const auto&, const auto&, bool) { return false; });
  return crosses || theirs.overlaps_at_vertices(*this, /*all=*/true) ||
         overlaps_at_vertices(theirs, /*all=*/false);
}

// Without edges that cross, parts meet where one lies in the other, the first of its vertices like
// all, or where they share a vertex; whether that is more than a touch, the pair tells.
bool SphereIndex::overlaps_at_vertices(const SphereIndex& other, bool all) const {
  for (int ours = 0; ours < part_count_; ++ours) {
    std::set<int> near;
    for (const S2Point& vertex : vertices(ours, all)) {
      for (const int at : other.parts_at(vertex)) {
        if (at < other.part_count_) near.insert(at);
      }
    }
    for (const int at : near) {
      if (overlap(part(ours), other.part(at))) return true;
    }
  }
  return false;
}

bool SphereIndex::contains_line(const Line& line) const {
  const auto index = index_of(line);
  const std::vector<int> parts = parts_at(line.front());
  return std::ranges::any_of(
      parts, [&](int at) { return at < part_count_ && is_line_inside(part(at), *index); });
}

bool SphereIndex::contains_area(const Area& area) const {
  const auto index = index_of(area);
  const std::vector<int> parts = parts_at(area.rings.front().front());
  return std::ranges::any_of(parts, [&](int at) {
    return at < part_count_ && S2BooleanOperation::Contains(part(at), *index);
  });
}

bool SphereIndex::contains(const Geometry::Shape& other) const {
  const auto touches = [&](const S2Point& point) { return meets(point); };
  if (!std::ranges::all_of(other.points, touches)) return false;
  for (const Line& line : other.lines) {
    if (!std::ranges::all_of(line, touches) || !contains_line(line)) return false;
  }
  for (const Area& area : other.areas) {
    if (!std::ranges::all_of(area.rings.front(), touches) || !contains_area(area)) return false;
  }
  return true;
}

}  // namespace nacre::geo
