#include "query/sort_key.h"

#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "document/index_keys.h"

namespace nacre::query {
namespace {

using bson::Direction;
using bson::Element;

using bson::Type;

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

  bool operator()(const Element& reached_value, bson::Reached reached) {
    Element value = reached_value;
    switch (reached) {
      case bson::Reached::kValue:
      case bson::Reached::kArrayElement:
        break;
      case bson::Reached::kWholeArray:
        if (!reached_value.array().empty()) return false;
        value = undefined_element();
        break;
      case bson::Reached::kLacking:
        return false;
      case bson::Reached::kMissing:
      case bson::Reached::kNothing:
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

bool meets_array(bson::View inside, const bson::Path& path) {
  for (const bson::PathStep& step : path.steps()) {
    const Element found = inside.find(step.name);
    if (found.is(Type::kArray)) return true;
    if (!found.is(Type::kDocument)) return false;
    inside = found.document();
  }
  return false;
}

Result<> check_path(std::string_view path) {
  if (path == "$natural") {
    return fail(Code::kUnsupported, kNotImplemented, "a sort by $natural is not implemented");
  }
  const bson::Path parsed(path);
  for (const bson::PathStep& step : parsed.steps()) {
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
        {.path = bson::Path(element.name()),
         .direction = direction == 1 ? Direction::kAscending : Direction::kDescending});
  }
  return pattern;
}

// Where two fields go through arrays, the key of the document is the first of those that an index
// on the fields would have: {a: 1, b: 1} of one element, never a of one and b of another.
Result<> SortPattern::append_least_entry(std::string& to, const bson::View& document) const {
  document::IndexInfo index;
  for (const SortField& field : fields_) {
    index.fields.push_back(
        {.path = field.path.text(), .descending = field.direction == Direction::kDescending});
  }
  document::IndexEntries entries;
  const auto done = document::index_entries(index, document, {}, entries);
  if (!done.has_value()) {
    return fail(Code::kInvalid, kBadValue,
                "cannot sort with keys that are parallel arrays: " + done.error().what());
  }
  NACRE_CHECK(!entries.entries.empty(),
              "every document has an entry in an index that is not sparse");
  to += entries.entries.front().key;
  return {};
}

Result<> SortPattern::append_key(std::string& to, const bson::View& document) const {
  const std::size_t start = to.size();
  int through_arrays = 0;
  for (const SortField& field : fields_) {
    First first{.direction = field.direction, .best = {}};
    bson::visit_path(document, field.path, first);
    bson::append_key(to, first.best, field.direction);
    if (fields_.size() > 1 && meets_array(document, field.path)) ++through_arrays;
  }
  if (through_arrays < 2) return {};
  to.resize(start);
  return append_least_entry(to, document);
}

Result<std::string> SortPattern::key(const bson::View& document) const {
  std::string key;
  NACRE_TRY(append_key(key, document));
  return key;
}

}  // namespace nacre::query
