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

Result<document::ElementTest> pull_condition(const Element& condition) {
  if (is_filter_of_documents(condition)) {
    // std::function copies what it holds, so the filter is shared by the copies.
    const auto filter = std::make_shared<const match::Filter>(
        NACRE_TRY(match::Filter::parse(condition.document())));
    return [filter](const Element& element) -> Result<bool> {
      if (!element.is(Type::kDocument)) return false;
      return filter->matches(element.document());
    };
  }
  bson::Builder builder;
  builder.begin_document("a");
  if (condition.is(Type::kDocument)) {
    builder.append("$elemMatch", condition);
  } else {
    builder.begin_document("$elemMatch").begin_array("$in").push(condition).end().end();
  }
  const auto filter = std::make_shared<const match::Filter>(
      NACRE_TRY(match::Filter::parse(builder.end().finish())));
  return [filter](const Element& element) -> Result<bool> {
    const bson::Document holder = bson::Builder().begin_array("a").push(element).end().finish();
    return filter->matches(holder);
  };
}

}  // namespace nacre::query
