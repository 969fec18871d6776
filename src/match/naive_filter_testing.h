// The filter language once more, as plainly as it can be said: what tests and fuzzing hold the real
// one against.
//
// Why: the real matcher shares walks, sorts lists and folds trees. This one reads the filter's BSON
//   anew for every document, makes a list of all that a path reaches and asks each condition of
//   each of them. It knows $and $or $nor $not $eq $ne $gt $gte $lt $lte $in $nin $exists $type (by
//   number) $size $all $elemMatch $mod (by small numbers) $bitsAllSet (of positions); nothing of
//   geo.
// Requires a filter that match::Filter::parse takes.
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bson/builder.h"
#include "bson/compare.h"
#include "bson/container.h"
#include "bson/value.h"

namespace nacre::match::testing {

// What a path reaches: a value or nothing, and whether it is an array that was gone through, too.
struct Reached {
  bson::Element value;
  bool element_of_array = false;
};

class NaiveFilter {
 public:
  // Whether it knows all operators in `value`, a filter or what is in one.
  // NOLINTNEXTLINE(misc-no-recursion): no deeper than the filter
  [[nodiscard]] static bool is_known(const bson::Element& value) {
    if (value.is(bson::Type::kRegex)) return false;
    if (!value.is(bson::Type::kDocument) && !value.is(bson::Type::kArray)) return true;
    constexpr auto kKnown = std::to_array<std::string_view>(
        {"$and", "$or", "$nor", "$not", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin",
         "$exists", "$size", "$all", "$elemMatch"});
    return std::ranges::all_of(value.document(), [&](const bson::Element& each) {
      const bool known =
          !each.name().starts_with('$') || std::ranges::find(kKnown, each.name()) != kKnown.end();
      return known && is_known(each);
    });
  }

  // The filter outlives this.
  explicit NaiveFilter(bson::View filter) : filter_(filter) {}

  [[nodiscard]] bool matches(const bson::View& document) const { return holds(filter_, document); }

 private:
  using Element = bson::Element;
  using Type = bson::Type;
  using View = bson::View;

  static bool holds(const View& filter, const View& document) {
    for (const Element& part : filter) {
      const std::string_view name = part.name();
      bool one = true;
      if (name == "$and") {
        one = count_holding(part, document) == part.array().count();
      } else if (name == "$or") {
        one = count_holding(part, document) > 0;
      } else if (name == "$nor") {
        one = count_holding(part, document) == 0;
      } else {
        one = field_holds(part, reach(document, name));
      }
      if (!one) return false;
    }
    return true;
  }

  static std::size_t count_holding(const Element& branches, const View& document) {
    std::size_t count = 0;
    for (const Element& branch : branches.array()) {
      if (holds(branch.document(), document)) ++count;
    }
    return count;
  }

  static std::vector<Reached> reach(const View& document, std::string_view path) {
    std::vector<Reached> found;
    in_document(document, path, found);
    return found;
  }

  static std::string_view first(std::string_view path) { return path.substr(0, path.find('.')); }
  static std::optional<std::string_view> rest(std::string_view path) {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    return path.substr(dot + 1);
  }

  static void in_document(const View& document, std::string_view path,
                          std::vector<Reached>& found) {
    const Element here = document.find(first(path));
    const auto behind = rest(path);
    if (!behind && here.is(Type::kArray)) {
      for (const Element& each : here.array()) {
        found.push_back({.value = each, .element_of_array = true});
      }
      found.push_back({.value = here});
    } else if (!behind) {
      found.push_back({.value = here});
    } else if (here.is(Type::kDocument)) {
      in_document(here.document(), *behind, found);
    } else if (here.is(Type::kArray)) {
      in_array(here.array(), *behind, found);
    } else {
      found.push_back({});
    }
  }

  static void in_array(const View& array, std::string_view path, std::vector<Reached>& found) {
    std::size_t position = 0;
    for (const Element& each : array) {
      if (each.is(Type::kDocument)) in_document(each.document(), path, found);
      if (first(path) == std::to_string(position++)) at_position(each, rest(path), found);
    }
  }

  static void at_position(const Element& here, std::optional<std::string_view> behind,
                          std::vector<Reached>& found) {
    if (!behind) {
      found.push_back({.value = here});
    } else if (here.is(Type::kDocument)) {
      in_document(here.document(), *behind, found);
    } else if (here.is(Type::kArray)) {
      in_array(here.array(), *behind, found);
    }
  }

  static bool is_operators(const Element& value) {
    return value.is(Type::kDocument) && !value.document().empty() &&
           value.document().begin()->name().starts_with('$');
  }

  static bool field_holds(const Element& condition, const std::vector<Reached>& values) {
    if (!is_operators(condition)) return any_equal(condition, values);
    for (const Element& part : condition.document()) {
      if (!operator_holds(part, values)) return false;
    }
    return true;
  }

  static bool any_equal(const Element& wanted, const std::vector<Reached>& values) {
    for (const Reached& each : values) {
      if (each.value ? bson::equal(each.value, wanted) : wanted.is(Type::kNull)) return true;
    }
    return false;
  }

  static bool any_of_list(const Element& list, const std::vector<Reached>& values) {
    for (const Element& wanted : list.array()) {
      if (any_equal(wanted, values)) return true;
    }
    return false;
  }

  static bool operator_holds(const Element& part, const std::vector<Reached>& values) {
    const std::string_view name = part.name();
    if (name == "$eq") return any_equal(part, values);
    if (name == "$ne") return !any_equal(part, values);
    if (name == "$in") return any_of_list(part, values);
    if (name == "$nin") return !any_of_list(part, values);
    if (name == "$not") return !field_holds(part, values);
    if (name == "$exists")
      return part.truthy() == any(values, [](const Reached& each) { return !!each.value; });
    if (name == "$all") {
      if (part.array().empty()) return false;
      for (const Element& wanted : part.array()) {
        if (!field_holds(wanted, values)) return false;
      }
      return true;
    }
    return any(values, [&](const Reached& each) { return value_holds(part, each); });
  }

  template <class Condition>
  static bool any(const std::vector<Reached>& values, Condition condition) {
    for (const Reached& each : values) {
      if (condition(each)) return true;
    }
    return false;
  }

  static bool value_holds(const Element& part, const Reached& reached) {
    const std::string_view name = part.name();
    const Element& value = reached.value;
    if (name == "$type") return value && static_cast<int>(value.type()) == *part.as_int64();
    if (name == "$mod") {
      const auto number = without_fraction(value);
      return number && *number % *part.array().at(0).as_int64() == *part.array().at(1).as_int64();
    }
    if (name == "$bitsAllSet") return bits_set(part, value);
    if (name == "$size" || name == "$elemMatch") {
      if (reached.element_of_array || !value.is(Type::kArray)) return false;
      if (name == "$size") {
        return value.array().count() == static_cast<std::size_t>(*part.as_int64());
      }
      for (const Element& each : value.array()) {
        if (element_holds(part, each)) return true;
      }
      return false;
    }
    return in_range(name, value, part);
  }

  static bool element_holds(const Element& part, const Element& element) {
    if (is_operators(part) && !part.document().find("$and") && !part.document().find("$or") &&
        !part.document().find("$nor")) {
      return field_holds(part, {{.value = element}});
    }
    const bool nests = bson::is_container(element);
    return nests && holds(part.document(), element.document());
  }

  static bool bits_set(const Element& positions, const Element& value) {
    const auto number = value.as_int64();
    if (!number && !value.is(Type::kBinary)) return false;
    for (const Element& each : positions.array()) {
      const std::int64_t position = *each.as_int64();
      if (number && (*number >> (position > 63 ? 63 : position) & 1) == 0) return false;
      if (!number && !bit_set(value.binary().bytes, static_cast<std::size_t>(position))) {
        return false;
      }
    }
    return true;
  }

  static bool bit_set(Bytes bytes, std::size_t position) {
    if (position / 8 >= bytes.size()) return false;
    return (std::to_integer<unsigned>(bytes[position / 8]) >> (position % 8) & 1U) != 0;
  }

  static std::optional<std::int64_t> without_fraction(const Element& value) {
    if (const auto whole = value.as_int64()) return whole;
    const double number = value.as_double().value_or(std::nan(""));
    if (!(std::abs(number) < 0x1p62)) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }

  static bool is_nan(const Element& value) {
    const auto number = value.as_double();
    return number && std::isnan(*number);
  }

  static bool in_range(std::string_view name, const Element& value, const Element& operand) {
    const bool or_equal = name == "$gte" || name == "$lte";
    const bool greater = name == "$gt" || name == "$gte";
    if (operand.is(Type::kNull)) return or_equal && (!value || value.is(Type::kNull));
    if (is_nan(value) || is_nan(operand)) return or_equal && is_nan(value) && is_nan(operand);
    const bool same_rank = bson::rank(value.type()) == bson::rank(operand.type());
    if (!same_rank) return operand.is(greater ? Type::kMinKey : Type::kMaxKey);
    const auto order = bson::compare(value, operand);
    if (order == 0) return or_equal;
    return greater == (order > 0);
  }

  View filter_;
};

}  // namespace nacre::match::testing
