#include "geo/geometry.h"

#include <utility>

#include "geo/parse_internal.h"
#include "geo/shape_internal.h"

namespace nacre::geo {

Geometry::Geometry(std::unique_ptr<const Shape> shape) : shape_(std::move(shape)) {}
Geometry::Geometry(Geometry&&) noexcept = default;
Geometry& Geometry::operator=(Geometry&&) noexcept = default;
Geometry::~Geometry() = default;

Result<Geometry> Geometry::parse(const bson::Element& stored) {
  return Geometry(std::make_unique<const Shape>(NACRE_TRY(parse_stored(stored))));
}

std::optional<PlanePoint> Geometry::plane_point() const { return shape_->plane; }
bool Geometry::is_on_sphere() const { return shape_->is_on_sphere(); }
bool Geometry::is_legacy() const { return shape_->is_legacy; }

}  // namespace nacre::geo
