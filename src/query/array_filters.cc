#include "query/array_filters.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/builder.h"
#include "match/filter.h"

namespace nacre::query {
namespace {

using bson::Element;
using bson::Type;
using bson::View;

using error_codes::kBadValue;
using error_codes::kFailedToParse;
using error_codes::kTypeMismatch;
constexpr std::int32_t kNearNotAllowed = 5626500;
using error_codes::kQueryFeatureNotAllowed;

std::unexpected<Error> unparsed(std::string what) {
  return fail(Code::kInvalid, kFailedToParse, std::move(what));
}

// The operators that order documents by distance have no place here.
Result<> refuse_near(const Element& condition) {
  if (!condition.is(Type::kDocument)) return {};
  for (const Element& operation : condition.document()) {
    const std::string_view name = operation.name();
    if (name != "$near" && name != "$nearSphere" && name != "$geoNear") continue;
    return fail(Code::kInvalid, kNearNotAllowed,
                format("{} is not allowed inside of an array filter", name));
  }
  return {};
}

// Finds the one name that all paths of the filter begin with.
Result<> find_identifier(const View& filter, std::string& identifier) {
  for (const Element& condition : filter) {
    const std::string_view name = condition.name();
    if (name == "$and" || name == "$or" || name == "$nor") {
      if (!condition.is(Type::kArray)) continue;  // the filter's parser says what is wrong
      for (const Element& each : condition.array()) {
        if (each.is(Type::kDocument)) NACRE_TRY(find_identifier(each.document(), identifier));
      }
      continue;
    }
    if (name == "$expr") {
      return fail(Code::kInvalid, kQueryFeatureNotAllowed, "$expr is not allowed in this context");
    }
    if (name == "$comment") continue;
    if (name.starts_with('$')) {
      return fail(Code::kInvalid, kBadValue, format("{} is not allowed in an array filter", name));
    }
    NACRE_TRY(refuse_near(condition));
    const std::string_view first = name.substr(0, name.find('.'));
    if (!identifier.empty() && first != identifier) {
      return unparsed(
          format("Error parsing array filter :: caused by :: Expected a single "
                 "top-level field name, found '{}' and '{}'",
                 identifier, first));
    }
    identifier = first;
  }
  return {};
}

bool is_identifier(std::string_view name) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return name.front() >= 'a' && name.front() <= 'z' &&
         std::ranges::all_of(name, is_letter_or_digit);
}

Result<document::ArrayFilter> parse_one(const View& source,
                                        const std::shared_ptr<const text::Collator>& collator) {
  std::string identifier;
  NACRE_TRY(find_identifier(source, identifier));
  if (identifier.empty()) {
    return unparsed("Cannot use an expression without a top-level field name in arrayFilters");
  }
  if (!is_identifier(identifier)) {
    return fail(Code::kInvalid, kBadValue,
                format("Error parsing array filter :: caused by :: The top-level field name must "
                       "be an alphanumeric string beginning with a lowercase letter, found '{}'",
                       identifier));
  }
  // std::function copies what it holds, so the filter is shared by the copies.
  const auto filter = std::make_shared<const match::Filter>(
      NACRE_TRY(match::Filter::parse(source, {.collator = collator})));
  auto test = [filter, identifier](const Element& element) -> Result<bool> {
    const bson::Document holder = bson::Builder().append(identifier, element).finish();
    return filter->matches(holder);
  };
  return document::ArrayFilter{.identifier = identifier, .test = std::move(test)};
}

}  // namespace

Result<std::vector<document::ArrayFilter>> parse_array_filters(
    const View& filters, const std::shared_ptr<const text::Collator>& collator) {
  std::vector<document::ArrayFilter> parsed;
  for (const Element& filter : filters) {
    if (!filter.is(Type::kDocument)) {
      return fail(Code::kInvalid, kTypeMismatch,
                  format("BSON field 'update.updates.arrayFilters.{}' is the wrong type '{}', "
                         "expected type 'object'",
                         filter.name(), bson::name(filter.type())));
    }
    document::ArrayFilter one = NACRE_TRY(parse_one(filter.document(), collator));
    for (const document::ArrayFilter& other : parsed) {
      if (other.identifier != one.identifier) continue;
      return unparsed(format("Found multiple array filters with the same top-level field name {}",
                             one.identifier));
    }
    parsed.push_back(std::move(one));
  }
  return parsed;
}

}  // namespace nacre::query
