// The operators that look at places.
#include <memory>
#include <string>
#include <utility>

#include "match/filter_parse_internal.h"

namespace nacre::match {

using bson::Element;
using bson::View;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

bool is_region_operator(std::string_view name) {
  return name == "$geoWithin" || name == "$within" || name == "$geoIntersects";
}

bool is_near_operator(std::string_view name) {
  return name == "$near" || name == "$nearSphere" || name == "$geoNear";
}

Result<Node> parse_region(const bson::Path& path, const Element& operand) {
  geo::Region region =
      NACRE_TRY(operand.name() == "$geoIntersects" ? geo::Region::parse_intersects(operand)
                                                   : geo::Region::parse_within(operand));
  Node node = make_node(Kind::kRegion, path, operand);
  node.region = std::make_unique<const geo::Region>(std::move(region));
  return node;
}

Result<Node> parse_near(const bson::Path& path, const View& condition) {
  geo::Near near = NACRE_TRY(geo::Near::parse(condition));
  Node node = make_node(Kind::kNear, path, *condition.begin());
  node.near = std::make_unique<const NearQuery>(
      NearQuery{.path = std::string(path.text()), .near = std::move(near)});
  return node;
}

}  // namespace nacre::match
