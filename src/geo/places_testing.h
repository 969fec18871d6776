// Places written as JSON, for tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "bson/builder.h"
#include "bson/json.h"
#include "geo/geometry.h"
#include "geo/region.h"

namespace nacre::geo::testing {

// One value and what it is in.
class Place {
 public:
  explicit Place(std::string_view json) {
    auto parsed = bson::from_json(R"({"v": )" + std::string(json) + "}");
    EXPECT_TRUE(parsed.has_value()) << json;
    if (parsed.has_value()) document_ = *std::move(parsed);
  }
  [[nodiscard]] bson::Element element() const { return document_.view().find("v"); }

 private:
  bson::Document document_;
};

inline Result<Region> within(std::string_view json) {
  return Region::parse_within(Place(json).element());
}
inline Result<Region> intersects(std::string_view geometry) {
  return Region::parse_intersects(
      Place(R"({"$geometry": )" + std::string(geometry) + "}").element());
}

inline bool is_in(std::string_view place, std::string_view region) {
  const auto parsed = within(region);
  EXPECT_TRUE(parsed.has_value()) << region << " " << parsed.error().text();
  return parsed.has_value() && parsed->matches(Place(place).element());
}
inline bool meet(std::string_view place, std::string_view geometry) {
  const auto parsed = intersects(geometry);
  EXPECT_TRUE(parsed.has_value()) << geometry << " " << parsed.error().text();
  return parsed.has_value() && parsed->matches(Place(place).element());
}

// The number of the error, 0 when it is a geometry.
inline int refusal(std::string_view geometry) {
  const auto parsed = Geometry::parse(Place(geometry).element());
  return parsed.has_value() ? 0 : parsed.error().number();
}

}  // namespace nacre::geo::testing
