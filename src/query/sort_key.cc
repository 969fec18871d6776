#include "query/sort_key.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "document/index_keys.h"
#include "query/field_path.h"

namespace nacre::query {
namespace {

using bson::Direction;
using bson::Element;

using bson::Type;

using error_codes::kBadValue;
constexpr std::size_t kFieldsMax = 32;

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
  const text::Collator* collator;
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
      const auto order = compare(value, best, collator);
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

Result<SortField> parse_meta(const Element& element) {
  const bson::View spec = element.document();
  const Element meta = spec.find("$meta");
  if (!meta) {
    return fail(Code::kInvalid, 17312,
                "the only expression supported by $sort right now is {$meta: 'textScore'}");
  }
  if (spec.count() != 1) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "a $meta of $sort must be the only field of its object");
  }
  SortField field{.path = bson::Path(element.name())};
  if (meta.is(Type::kString) && meta.string() == "textScore") {
    field.kind = SortField::Kind::kTextScore;
  } else if (meta.is(Type::kString) && meta.string() == "randVal") {
    field.kind = SortField::Kind::kRandom;
  } else if (meta.is(Type::kString) &&
             (meta.string() == "searchScore" || meta.string() == "vectorSearchScore")) {
    field.kind = SortField::Kind::kAbsent;
  } else if (meta.is(Type::kString) && meta.string() == "geoNearDistance") {
    field.kind = SortField::Kind::kDistance;
  } else {
    return fail(Code::kInvalid, 31138, format("Illegal $meta sort: {}", bson::to_json(element)));
  }
  field.direction = Direction::kDescending;
  return field;
}

// 1 or -1, once it is a whole number: a fraction of a double is cut off, a decimal is rounded.
std::optional<Direction> direction_of(const Element& number) {
  double value = number.as_double().value_or(0);
  value = number.is(Type::kDecimal128) ? std::nearbyint(value) : std::trunc(value);
  if (value == 1) return Direction::kAscending;
  if (value == -1) return Direction::kDescending;
  return std::nullopt;
}

Result<SortField> parse_field(const Element& element) {
  if (element.is(Type::kDocument)) return parse_meta(element);
  if (!element.is_number()) {
    return fail(Code::kInvalid, 15974,
                format("Illegal key in $sort specification: {}: {}", element.name(),
                       bson::to_json(element)));
  }
  const std::optional<Direction> direction = direction_of(element);
  if (!direction) {
    return fail(Code::kInvalid, 15975,
                "$sort key ordering must be 1 (for ascending) or -1 (for descending)");
  }
  return SortField{.path = bson::Path(element.name()), .direction = *direction};
}

double random_value() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace

Result<SortPattern> SortPattern::parse(const bson::View& spec,
                                       std::shared_ptr<const text::Collator> collator) {
  SortPattern pattern;
  pattern.collator_ = std::move(collator);
  for (const Element& element : spec) {
    SortField field = NACRE_TRY(parse_field(element));
    NACRE_TRY(check_field_path(element.name()));
    for (const SortField& before : pattern.fields_) {
      if (before.path.text() == element.name()) {
        return fail(
            Code::kInvalid, 7472500,
            format("$sort key must not contain duplicate keys (duplicate: '{}')", element.name()));
      }
    }
    pattern.fields_.push_back(std::move(field));
  }
  const auto paths = std::ranges::count(pattern.fields_, SortField::Kind::kPath, &SortField::kind);
  if (static_cast<std::size_t>(paths) > kFieldsMax) {
    return fail(Code::kInvalid, 13103, "too many compound keys");
  }
  return pattern;
}

bool SortPattern::needs_text_score() const {
  return std::ranges::any_of(
      fields_, [](const SortField& field) { return field.kind == SortField::Kind::kTextScore; });
}

bool SortPattern::needs_distance() const {
  return std::ranges::any_of(
      fields_, [](const SortField& field) { return field.kind == SortField::Kind::kDistance; });
}

// Where two fields go through arrays, the key of the document is the first of those that an index
// on the fields would have: {a: 1, b: 1} of one element, never a of one and b of another.
Result<> SortPattern::append_least_entry(std::string& to, const bson::View& document) const {
  document::IndexInfo index;
  for (const SortField& field : fields_) {
    if (field.kind != SortField::Kind::kPath) continue;
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

Result<> SortPattern::append_key(std::string& to, const bson::View& document, double text_score,
                                 const double* distance) const {
  const std::size_t start = to.size();
  int through_arrays = 0;
  for (const SortField& field : fields_) {
    if (field.kind == SortField::Kind::kAbsent) continue;
    if (field.kind == SortField::Kind::kDistance && distance == nullptr) {
      return fail(Code::kInvalid, 40218,
                  "query requires geoNear distance metadata, but it is not available");
    }
    if (field.kind != SortField::Kind::kPath) {
      const bool by_score = field.kind == SortField::Kind::kTextScore;
      const bool by_distance = field.kind == SortField::Kind::kDistance;
      const bson::Value value(by_score ? text_score : by_distance ? *distance : random_value());
      bson::append_key(to, value.element(), field.direction);
      continue;
    }
    First first{.direction = field.direction, .collator = collator_.get(), .best = {}};
    bson::visit_path(document, field.path, first);
    bson::append_key(to, first.best, field.direction, nullptr, collator_.get());
    if (fields_.size() > 1 && meets_array(document, field.path)) ++through_arrays;
  }
  // With a collator or a score, fields are placed one by one: what an index would hold is not
  // known.
  const bool all_plain =
      collator_ == nullptr && std::ranges::all_of(fields_, [](const SortField& field) {
        return field.kind == SortField::Kind::kPath;
      });
  if (through_arrays < 2 || !all_plain) return {};
  to.resize(start);
  return append_least_entry(to, document);
}

Result<std::string> SortPattern::key(const bson::View& document, double text_score) const {
  std::string key;
  NACRE_TRY(append_key(key, document, text_score));
  return key;
}

}  // namespace nacre::query
