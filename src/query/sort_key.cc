#include "query/sort_key.h"

#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"

namespace nacre::query {
namespace {

using bson::Direction;
using bson::Element;
using bson::Type;
using document::Reached;

constexpr std::int32_t kBadValue = 2;
constexpr std::int32_t kNotImplemented = 238;

Element null_element() {
  static const bson::Value value{bson::Null{}};
  return value.element();
}

Element undefined_element() {
  static const bson::Value value{bson::Undefined{}};
  return value.element();
}

// What stands for a document in the order of one field: of all that the path reaches, the first.
struct First {
  Direction direction;
  Element best;
  bool through_array = false;

  bool operator()(const Element& reached_value, Reached reached) {
    Element value = reached_value;
    switch (reached) {
      case Reached::kValue:
        break;
      case Reached::kArrayElement:
        through_array = true;
        break;
      case Reached::kWholeArray:
        through_array = true;
        if (!reached_value.array().empty()) return false;
        value = undefined_element();
        break;
      case Reached::kMissing:
        value = null_element();
        break;
      case Reached::kNothing:
        through_array = true;
        value = null_element();
        break;
    }
    if (best) {
      const auto order = compare(value, best);
      const bool first = direction == Direction::kAscending ? order < 0 : order > 0;
      if (!first) return false;
    }
    best = value;
    return false;
  }
};

Result<> check_path(std::string_view path) {
  if (path == "$natural") {
    return fail(Code::kUnsupported, kNotImplemented, "a sort by $natural is not implemented");
  }
  const document::Path parsed(path);
  for (const document::PathStep& step : parsed.steps()) {
    if (step.name.empty()) {
      return fail(Code::kInvalid, 15998, "FieldPath field names may not be empty strings.");
    }
    if (step.name.front() == '$') {
      return fail(Code::kInvalid, 16410,
                  "FieldPath field names may not start with '$'. Consider using $getField or "
                  "$setField.");
    }
  }
  return {};
}

}  // namespace

Result<SortPattern> SortPattern::parse(const bson::View& spec) {
  SortPattern pattern;
  for (const Element& element : spec) {
    NACRE_TRY(check_path(element.name()));
    if (element.is(Type::kDocument)) {
      return fail(Code::kUnsupported, kNotImplemented, "a sort by $meta is not implemented");
    }
    if (!element.is_number()) {
      return fail(Code::kInvalid, 15974,
                  format("Illegal key in $sort specification: {}: {}", element.name(),
                         bson::to_json(element)));
    }
    const std::optional<std::int64_t> direction = element.as_int64();
    if (direction != 1 && direction != -1) {
      return fail(Code::kInvalid, 15975,
                  "$sort key ordering must be 1 (for ascending) or -1 (for descending)");
    }
    pattern.fields_.push_back(
        {.path = document::Path(element.name()),
         .direction = direction == 1 ? Direction::kAscending : Direction::kDescending});
  }
  return pattern;
}

Result<> SortPattern::append_key(std::string& to, const bson::View& document) const {
  const SortField* array_field = nullptr;
  for (const SortField& field : fields_) {
    First first{.direction = field.direction, .best = {}};
    visit_path(document, field.path, first);
    if (first.through_array) {
      const bool side_by_side = array_field != nullptr && array_field->path.steps().front().name !=
                                                              field.path.steps().front().name;
      if (side_by_side) {
        return fail(Code::kInvalid, kBadValue,
                    format("cannot sort with keys that are parallel arrays: {} and {}",
                           array_field->path.text(), field.path.text()));
      }
      array_field = &field;
    }
    bson::append_key(to, first.best, field.direction);
  }
  return {};
}

Result<std::string> SortPattern::key(const bson::View& document) const {
  std::string key;
  NACRE_TRY(append_key(key, document));
  return key;
}

}  // namespace nacre::query
