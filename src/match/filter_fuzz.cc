// A filter and a document as JSON, one line each: parsing and matching end, a document that matches
// has a key inside each of the filter's bounds, and the naive filter, where it knows the operators,
// answers the same.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "bson/path.h"
#include "match/filter.h"
#include "match/naive_filter_testing.h"

namespace {

using nacre::bson::Element;
using nacre::bson::Type;

bool inside(const Element& key, const nacre::match::Interval& interval) {
  if (nacre::bson::rank(key.type()) != interval.lower.rank) return false;
  const Element& lower = interval.lower.value;
  const Element& upper = interval.upper.value;
  if (lower && compare(key, lower) < 0) return false;
  return !upper || compare(key, upper) <= 0;
}

void check_bounds(const nacre::match::Filter& filter, const nacre::bson::View& document) {
  using nacre::bson::Reached;
  static const nacre::bson::Value null{nacre::bson::Null{}};
  static const nacre::bson::Value undefined{nacre::bson::Undefined{}};
  for (const std::string_view path : filter.bounded_paths()) {
    const auto bounds = filter.bounds(path, /*multikey=*/true);
    NACRE_CHECK(bounds.has_value(), "a bounded path has bounds");
    const bool found = nacre::bson::visit_path(
        document, nacre::bson::Path(path), [&](const Element& value, Reached reached) {
          if (reached == Reached::kLacking) return false;
          Element key = value ? value : null.element();
          if (reached == Reached::kWholeArray) {
            if (!value.array().empty()) return false;
            key = undefined.element();
          }
          return std::ranges::any_of(bounds->intervals, [&](const nacre::match::Interval& each) {
            return inside(key, each);
          });
        });
    NACRE_CHECK(found, "a document that matches has a key inside the bounds");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto source = nacre::bson::from_json(text.substr(0, line));
  const auto document = nacre::bson::from_json(text.substr(line));
  if (!source.has_value() || !document.has_value()) return 0;
  const auto filter = nacre::match::Filter::parse(*source);
  if (!filter.has_value()) return 0;
  const auto matches = filter->matches(*document);
  if (!matches.has_value()) return 0;
  if (*matches) check_bounds(*filter, document->view());
  if (nacre::match::testing::NaiveFilter::is_known(nacre::bson::Value(source->view()).element())) {
    const nacre::match::testing::NaiveFilter naive(*source);
    NACRE_CHECK(naive.matches(*document) == *matches, "both matchers say the same");
  }
  return 0;
}
