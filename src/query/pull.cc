#include "query/pull.h"

#include <memory>
#include <utility>

#include "bson/builder.h"
#include "match/filter.h"

namespace nacre::query {
namespace {

using bson::Element;
using bson::Type;

bool is_filter_of_documents(const Element& condition) {
  if (!condition.is(Type::kDocument)) return false;
  const bson::View document = condition.document();
  if (document.empty()) return true;
  const std::string_view first = document.begin()->name();
  return !first.starts_with('$') || first == "$and" || first == "$or" || first == "$nor";
}

}  // namespace

Result<document::ElementTest> pull_condition(
    const Element& condition, const std::shared_ptr<const text::Collator>& collator) {
  if (is_filter_of_documents(condition)) {
    // std::function copies what it holds, so the filter is shared by the copies.
    const auto filter = std::make_shared<const match::Filter>(
        NACRE_TRY(match::Filter::parse(condition.document(), {.collator = collator})));
    return [filter](const Element& element) -> Result<bool> {
      if (!element.is(Type::kDocument)) return false;
      return filter->matches(element.document());
    };
  }
  // Each element is asked as a field would be: an array among them by its own elements too.
  const bson::Document asked = bson::Builder().append("v", condition).finish();
  const auto filter = std::make_shared<const match::Filter>(
      NACRE_TRY(match::Filter::parse(asked, {.collator = collator})));
  return [filter](const Element& element) -> Result<bool> {
    const bson::Document holder = bson::Builder().append("v", element).finish();
    return filter->matches(holder);
  };
}

document::ElementTestParser pull_conditions(std::shared_ptr<const text::Collator> collator) {
  return [collator = std::move(collator)](const Element& condition) {
    return pull_condition(condition, collator);
  };
}

}  // namespace nacre::query
