#include "query/index_bounds.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "bson/key_encoder.h"
#include "bson/path.h"
#include "document/index_keys.h"

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

// How one field of an index goes into its keys.
struct Component {
  Direction direction;
  bool hashed;
  const text::Collator* collator;

  void append(std::string& key, const bson::Element& value) const {
    if (hashed) {
      const bson::Value hash(document::hashed_value(value, collator));
      bson::append_key(key, hash.element(), direction);
    } else {
      bson::append_key(key, value, direction, nullptr, collator);
    }
  }
};

Component component_of(const document::IndexInfo& index, std::size_t field) {
  return {.direction = direction_of(index.fields[field]),
          .hashed = index.fields[field].kind == document::FieldKind::kHashed,
          .collator = index.options.collator.get()};
}

KeyRange range_of(const std::string& prefix, const match::Interval& interval,
                  const Component& component) {
  const bool descending = component.direction == Direction::kDescending;
  const match::Bound& first = descending ? interval.upper : interval.lower;
  const match::Bound& last = descending ? interval.lower : interval.upper;
  const auto rank = bson::keys_of_rank(interval.lower.rank, component.direction);
  KeyRange range;
  std::string begin = prefix;
  if (const auto value = first.value) {
    component.append(begin, value);
    range.begin = begin_key(std::move(begin), !first.inclusive);
  } else {
    range.begin = begin_key(begin.append(rank.first), false);
  }
  std::string end = prefix;
  if (const auto value = last.value) {
    component.append(end, value);
    range.end = end_key(std::move(end), last.inclusive);
  } else {
    range.end = end_key(end.append(rank.last), false);
  }
  return range;
}

// Sorted and overlapping ones made one: each key once, in key order.
void normalise(std::vector<KeyRange>& ranges) {
  const bool is_one =
      ranges.size() == 1 && (ranges[0].end.empty() || ranges[0].begin < ranges[0].end);
  if (is_one) return;
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
// NOLINTNEXTLINE(misc-no-recursion): no deeper than the filter
bool covers(const bson::View& filter, const document::IndexInfo& index, const IndexBounds& bounds) {
  return std::ranges::all_of(filter, [&](const bson::Element& condition) {
    if (condition.name() == "$and") {
      return std::ranges::all_of(condition.array(), [&](const bson::Element& part) {
        return covers(part.document(), index, bounds);
      });
    }
    for (std::size_t i = 0; i < bounds.fields.size(); ++i) {
      const bool wildcard = index.fields[i].kind == document::FieldKind::kWildcard;
      const std::string_view path = wildcard ? bounds.wildcard_path : index.fields[i].path;
      if (path != condition.name()) continue;
      // "a.0" may be an array, whose elements are keys, but which is asked for as it is.
      if (has_position(path)) return false;
      return index.fields[i].kind != document::FieldKind::kHashed && bounds.fields[i].has_value() &&
             bounds.fields[i]->exact;
    }
    return false;
  });
}

// Strings, and what may hold some, have another order in an index of another collation.
bool holds_strings(const match::Interval& interval) {
  const auto is_one = [](std::uint8_t rank) {
    return rank >= bson::rank(bson::Type::kString) && rank <= bson::rank(bson::Type::kArray);
  };
  return is_one(interval.lower.rank) || is_one(interval.upper.rank);
}

// What a wildcard index holds no entries for: documents (but for empty ones), and what is missing.
bool is_outside_wildcards(const match::Interval& interval) {
  const auto is_one = [](std::uint8_t rank) {
    return rank == bson::rank(bson::Type::kDocument) || rank == bson::rank(bson::Type::kNull);
  };
  return is_one(interval.lower.rank) || is_one(interval.upper.rank) ||
         interval.lower.rank != interval.upper.rank;
}

class BoundsBuilder {
 public:
  BoundsBuilder(const match::Filter& filter, const document::IndexInfo& index,
                const BoundsOptions& options)
      : filter_(filter), index_(index), options_(options) {
    result_.fields.resize(index.fields.size());
    result_.wildcard_path = options.wildcard_path;
  }

  IndexBounds build() {
    const std::size_t fields = std::min(index_.fields.size(), options_.fields);
    for (std::size_t i = 0; i < fields && !result_.has_range; ++i) {
      if (!bind(i)) break;
    }
    if (!result_.has_range) {
      for (const std::string& prefix : prefixes_) {
        result_.ranges.push_back(prefix.empty() ? KeyRange{}
                                                : KeyRange{.begin = bson::lower_bound_key(prefix),
                                                           .end = bson::upper_bound_key(prefix)});
      }
      result_.prefixes = std::move(prefixes_);
    }
    normalise(result_.ranges);
    result_.covers_filter = !widened_ && covers(filter_.source(), index_, result_);
    return std::move(result_);
  }

 private:
  // False: this field, and so those behind it, cannot be bound.
  bool bind(std::size_t i) {
    using document::FieldKind;
    const document::IndexField& field = index_.fields[i];
    if (field.kind == FieldKind::kSphere || field.kind == FieldKind::kGrid) return bind_cells(i);
    if (field.kind == FieldKind::kText || (index_.multikey[i] && array_bound_)) return false;
    const bool wildcard = field.kind == FieldKind::kWildcard;
    if (wildcard && options_.wildcard_path.empty()) return false;
    // With a collation two conditions are not put together: the intersection of their intervals
    // would be by the order of bytes.
    const bool apart = index_.multikey[i] || options_.collator != nullptr;
    auto bounds = filter_.bounds(wildcard ? options_.wildcard_path : std::string_view(field.path),
                                 apart, index_.options.collator.get());
    if (!bounds || prefixes_.size() * bounds->intervals.size() > kRangesMax) return false;
    const bool points = all_points(*bounds);
    if (field.kind == FieldKind::kHashed && !points) return false;
    if (!same_collation(options_.collator, index_.options.collator.get()) &&
        std::ranges::any_of(bounds->intervals, holds_strings)) {
      return false;
    }
    if (wildcard && std::ranges::any_of(bounds->intervals, is_outside_wildcards)) return false;
    array_bound_ = array_bound_ || index_.multikey[i];
    if (wildcard) start_wildcard();
    add(i, *bounds, points);
    result_.fields[i] = std::move(bounds);
    return true;
  }

  bool bind_cells(std::size_t i) {
    const geo::Region* region = region_of(filter_, index_, i);
    if (region == nullptr) return false;
    geo::Cover cover = index_.fields[i].kind == document::FieldKind::kSphere
                           ? region->sphere_cover()
                           : region->plane_cover(index_.options.geo->grid);
    if (prefixes_.size() * cover.size() > kRangesMax) return false;
    for (const std::string& prefix : prefixes_) {
      widened_ = widened_ || bson::is_widened(prefix);
      for (const geo::CellRange& cells : cover) {
        result_.ranges.push_back(range_of_cells(prefix, cells));
      }
    }
    result_.has_range = true;
    result_.cover = std::move(cover);
    result_.cover_field = i;
    return true;
  }

  void start_wildcard() {
    const bson::Value path(options_.wildcard_path);
    for (std::string& prefix : prefixes_) {
      bson::append_key(prefix, path.element(), Direction::kAscending);
    }
  }

  void add(std::size_t i, const match::PathBounds& bounds, bool points) {
    const Component component = component_of(index_, i);
    std::vector<std::string> longer;
    if (points) longer.reserve(prefixes_.size() * bounds.intervals.size());
    for (const std::string& prefix : prefixes_) {
      for (const match::Interval& interval : bounds.intervals) {
        if (!points) {
          result_.ranges.push_back(range_of(prefix, interval, component));
          continue;
        }
        longer.push_back(prefix);
        component.append(longer.back(), interval.lower.value);
        widened_ = widened_ || bson::is_widened(longer.back());
      }
    }
    if (!points) {
      result_.has_range = true;
      widened_ = widened_ || index_.shortened;
      return;
    }
    if (result_.constant_fields == i && bounds.intervals.size() == 1) ++result_.constant_fields;
    ++result_.point_fields;
    prefixes_ = std::move(longer);
  }

  const match::Filter& filter_;
  const document::IndexInfo& index_;
  const BoundsOptions& options_;
  IndexBounds result_;
  std::vector<std::string> prefixes_ = {""};
  bool widened_ = false;
  bool array_bound_ = false;
};

std::string text_of(const match::Bound& bound, bool is_lower) {
  if (const auto value = bound.value) return bson::to_json(value);
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

IndexBounds index_bounds(const match::Filter& filter, const document::IndexInfo& index,
                         const BoundsOptions& options) {
  return BoundsBuilder(filter, index, options).build();
}

bool has_position(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    if (bson::array_index(path.substr(at, dot - at))) return true;
    at = dot + 1;
  }
  return false;
}

const geo::Region* region_of(const match::Filter& filter, const document::IndexInfo& index,
                             std::size_t field) {
  const document::IndexField& of = index.fields[field];
  const bool is_sphere = of.kind == document::FieldKind::kSphere;
  if (!is_sphere && of.kind != document::FieldKind::kGrid) return nullptr;
  for (const match::GeoCondition& condition : filter.geo_conditions()) {
    if (condition.path != of.path) continue;
    const geo::Region& region = *condition.region;
    if (is_sphere ? region.is_on_sphere() : region.has_plane_cover()) return &region;
  }
  return nullptr;
}

KeyRange range_of_cells(const std::string& prefix, const geo::CellRange& cells) {
  const auto edge = [&](std::int64_t cell) {
    std::string key = prefix;
    document::append_cell_key(key, cell);
    return key;
  };
  return {.begin = begin_key(edge(cells.first), false), .end = end_key(edge(cells.last), true)};
}

KeyRange range_between(const document::IndexInfo& index, const bson::View& lower,
                       const bson::View& upper) {
  const auto edge = [&](const bson::View& values) {
    std::string key;
    std::size_t field = 0;
    for (const bson::Element& value : values) component_of(index, field++).append(key, value);
    return bson::lower_bound_key(std::move(key));
  };
  return {.begin = edge(lower), .end = edge(upper)};
}

bson::Document describe(const IndexBounds& bounds, const document::IndexInfo& index) {
  bson::Builder builder;
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    const bool wildcard = index.fields[i].kind == document::FieldKind::kWildcard;
    if (wildcard && bounds.wildcard_path.empty()) {
      builder.begin_array("$_path");
    } else if (wildcard) {
      const std::string quoted = bson::to_json(bson::Value(bounds.wildcard_path).element());
      builder.begin_array("$_path").push(format("[{0}, {0}]", quoted)).end();
      builder.begin_array(bounds.wildcard_path);
    } else {
      builder.begin_array(index.fields[i].path);
    }
    if (!bounds.cover.empty() && bounds.cover_field == i) {
      for (const geo::CellRange& cells : bounds.cover) {
        builder.push(format("[{}, {}]", cells.first, cells.last));
      }
    } else if (bounds.fields[i]) {
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
