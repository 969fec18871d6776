#include "query/index_bounds.h"

#include <algorithm>
#include <utility>

#include "bson/compare.h"
#include "bson/json.h"
#include "bson/key_encoder.h"

namespace nacre::query {
namespace {

using bson::Direction;

Direction direction_of(const document::IndexField& field) {
  return field.descending ? Direction::kDescending : Direction::kAscending;
}

// `key` is the encoding of whole components; `behind`: start behind the keys that begin with it.
std::string begin_key(std::string key, bool behind) {
  if (behind && !bson::is_widened(key)) return bson::upper_bound_key(std::move(key));
  return bson::lower_bound_key(std::move(key));
}

std::string end_key(std::string key, bool behind) {
  if (behind || bson::is_widened(key)) return bson::upper_bound_key(std::move(key));
  return key;
}

KeyRange range_of(const std::string& prefix, const match::Interval& interval, Direction direction) {
  const bool descending = direction == Direction::kDescending;
  const match::Bound& first = descending ? interval.upper : interval.lower;
  const match::Bound& last = descending ? interval.lower : interval.upper;
  const auto rank = bson::keys_of_rank(interval.lower.rank, direction);
  KeyRange range;
  std::string begin = prefix;
  if (const auto value = first.value.element()) {
    bson::append_key(begin, value, direction);
    range.begin = begin_key(std::move(begin), !first.inclusive);
  } else {
    range.begin = begin_key(begin.append(rank.first), false);
  }
  std::string end = prefix;
  if (const auto value = last.value.element()) {
    bson::append_key(end, value, direction);
    range.end = end_key(std::move(end), last.inclusive);
  } else {
    range.end = end_key(end.append(rank.last), false);
  }
  return range;
}

// Sorted and overlapping ones made one: each key once, in key order.
void normalise(std::vector<KeyRange>& ranges) {
  std::ranges::sort(ranges, {}, &KeyRange::begin);
  std::vector<KeyRange> merged;
  for (KeyRange& range : ranges) {
    if (!range.end.empty() && range.end <= range.begin) continue;
    if (merged.empty() || (!merged.back().end.empty() && merged.back().end < range.begin)) {
      merged.push_back(std::move(range));
    } else if (!merged.back().end.empty() && (range.end.empty() || merged.back().end < range.end)) {
      merged.back().end = std::move(range.end);
    }
  }
  ranges = std::move(merged);
}

bool all_points(const match::PathBounds& bounds) {
  return std::ranges::all_of(bounds.intervals, &match::Interval::is_point);
}

// Whether every condition of the filter is one of `fields`' bounds, and those bounds say all.
bool covers(const match::Filter& filter, const document::IndexInfo& index,
            const std::vector<std::optional<match::PathBounds>>& fields) {
  return std::ranges::all_of(filter.source(), [&](const bson::Element& condition) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (index.fields[i].path != condition.name()) continue;
      return fields[i].has_value() && fields[i]->exact;
    }
    return false;
  });
}

std::string text_of(const match::Bound& bound, bool is_lower) {
  if (const auto value = bound.value.element()) return bson::to_json(value);
  if (bound.rank == bson::rank(bson::Type::kDouble)) return is_lower ? "-inf" : "inf";
  if (bound.rank == bson::rank(bson::Type::kString)) return is_lower ? "\"\"" : "{}";
  return is_lower ? "first of its type" : "last of its type";
}

std::string text_of(const match::Interval& interval) {
  std::string text(interval.lower.inclusive ? "[" : "(");
  text.append(text_of(interval.lower, true)).append(", ").append(text_of(interval.upper, false));
  return text.append(interval.upper.inclusive ? "]" : ")");
}

}  // namespace

IndexBounds index_bounds(const match::Filter& filter, const document::IndexInfo& index) {
  IndexBounds result;
  result.fields.resize(index.fields.size());
  std::vector<std::string> prefixes = {""};
  bool widened = false;
  bool array_bound = false;
  for (std::size_t i = 0; i < index.fields.size() && !result.has_range; ++i) {
    if (index.multikey[i] && array_bound) break;
    auto bounds = filter.bounds(index.fields[i].path, index.multikey[i]);
    if (!bounds || prefixes.size() * bounds->intervals.size() > kRangesMax) break;
    array_bound = array_bound || index.multikey[i];
    const Direction direction = direction_of(index.fields[i]);
    const bool points = all_points(*bounds);
    std::vector<std::string> longer;
    for (const std::string& prefix : prefixes) {
      for (const match::Interval& interval : bounds->intervals) {
        if (!points) {
          result.ranges.push_back(range_of(prefix, interval, direction));
          continue;
        }
        longer.push_back(prefix);
        bson::append_key(longer.back(), interval.lower.value.element(), direction);
        widened = widened || bson::is_widened(longer.back());
      }
    }
    if (points) {
      if (result.constant_fields == i && bounds->intervals.size() == 1) ++result.constant_fields;
      ++result.point_fields;
      prefixes = std::move(longer);
    } else {
      result.has_range = true;
      widened = widened || index.shortened;
    }
    result.fields[i] = std::move(bounds);
  }
  if (!result.has_range) {
    for (const std::string& prefix : prefixes) {
      result.ranges.push_back(prefix.empty() ? KeyRange{}
                                             : KeyRange{.begin = bson::lower_bound_key(prefix),
                                                        .end = bson::upper_bound_key(prefix)});
    }
  }
  normalise(result.ranges);
  result.covers_filter = !widened && covers(filter, index, result.fields);
  return result;
}

bson::Document describe(const IndexBounds& bounds, const document::IndexInfo& index) {
  bson::Builder builder;
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    builder.begin_array(index.fields[i].path);
    if (bounds.fields[i]) {
      for (const match::Interval& interval : bounds.fields[i]->intervals)
        builder.push(text_of(interval));
    } else {
      builder.push("[MinKey, MaxKey]");
    }
    builder.end();
  }
  return builder.finish();
}

}  // namespace nacre::query
