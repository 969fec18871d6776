// A filter and a document as JSON, one line each: parsing and matching end, and a document that
// matches has a key inside each of the filter's bounds.
#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "bson/path.h"
#include "match/filter.h"

namespace {

using nacre::bson::Element;

bool inside(const Element& key, const nacre::match::Interval& interval) {
  if (nacre::bson::rank(key.type()) != interval.lower.rank) return false;
  const Element lower = interval.lower.value.element();
  const Element upper = interval.upper.value.element();
  if (lower && compare(key, lower) < 0) return false;
  return !upper || compare(key, upper) <= 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nacre::bson::Reached;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto source = nacre::bson::from_json(text.substr(0, line));
  const auto document = nacre::bson::from_json(text.substr(line));
  if (!source.has_value() || !document.has_value()) return 0;
  const auto filter = nacre::match::Filter::parse(*source);
  if (!filter.has_value()) return 0;
  const auto matches = filter->matches(*document);
  if (!matches.has_value() || !*matches) return 0;

  static const nacre::bson::Value null{nacre::bson::Null{}};
  static const nacre::bson::Value undefined{nacre::bson::Undefined{}};
  for (const std::string_view path : filter->bounded_paths()) {
    const auto bounds = filter->bounds(path, /*multikey=*/true);
    NACRE_CHECK(bounds.has_value(), "a bounded path has bounds");
    const bool found = nacre::bson::visit_path(
        document->view(), nacre::bson::Path(path), [&](const Element& value, Reached reached) {
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
  return 0;
}
