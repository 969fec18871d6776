// Shapes on the sphere, indexed so that each can be asked whether another meets it or lies in it.
//
// Points are where they are to within a leaf cell of S2, about a centimetre: a point on the edge of
//   an area is in it. Areas that only touch do not meet.
// Cost:    points take the time of a search; lines and areas at least that of their own points.
// Threads: immutable.
#pragma once

#include <s2/s2point.h>

#include <memory>
#include <vector>

#include "geo/shape_internal.h"

class MutableS2ShapeIndex;  // only known to the files that src/CMakeLists.txt names

namespace nacre::geo {

// What covers look at is larger than what is asked for by this angle, so that no rounding and no
// edge between two cells leaves anything out: about two centimetres, more than a leaf cell.
inline constexpr double kCoverMargin = 3e-9;

class SphereIndex {
 public:
  explicit SphereIndex(const Geometry::Shape& shape);
  SphereIndex(SphereIndex&&) noexcept;
  ~SphereIndex();

  [[nodiscard]] bool meets(const S2Point& point) const;
  [[nodiscard]] bool meets(const Geometry::Shape& other) const;
  // Whether areas hold all of the other, each part of it in one of them.
  [[nodiscard]] bool contains(const Geometry::Shape& other) const;

  [[nodiscard]] const MutableS2ShapeIndex& whole() const { return *whole_; }

 private:
  // Lines first, then areas; each a part.
  [[nodiscard]] std::vector<int> parts_at(const S2Point& point) const;
  [[nodiscard]] const MutableS2ShapeIndex& part(int at) const;
  [[nodiscard]] bool meets_lines_and_areas(const Geometry::Shape& other) const;
  [[nodiscard]] bool overlaps_at_vertices(const SphereIndex& other, bool all) const;
  [[nodiscard]] bool contains_line(const Line& line) const;
  [[nodiscard]] bool contains_area(const Area& area) const;
  [[nodiscard]] std::vector<S2Point> vertices(int part, bool all) const;  // or one

  // Shape i is part i; points are the last shape, if there are any.
  std::unique_ptr<MutableS2ShapeIndex> whole_;
  std::vector<std::unique_ptr<MutableS2ShapeIndex>> parts_;  // none when there is one part at most
  int part_count_ = 0;
  bool has_points_ = false;
};

// The smallest angle between the point and the shape, 0 inside of an area.
[[nodiscard]] double angle_to(const Geometry::Shape& shape, const S2Point& point);
// Whether all of the shape is within the angle from the point.
[[nodiscard]] bool is_all_within(const Geometry::Shape& shape, const S2Point& point, double angle);

}  // namespace nacre::geo
