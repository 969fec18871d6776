// From what a filter says of its paths to the ranges of keys of one index that hold all of it.
//
// Leading fields that a filter binds to single values make a prefix; the first field bound to a
//   range ends it. Fields behind that are left to the filter, which sees every document anyway
//   unless `covers_filter` says that it need not.
// Hashed fields are bound to points only, wildcards to what one path is bound to, strings only
//   where index and query compare them alike. Of an index with fields in front of its wildcard
//   these may be bound alone; each document then has a key in the ranges for each of its paths.
// A geo field is bound to the cells that cover the region that a condition asks for; those who
//   match are among what is found there. Nothing else bounds it.
// Multikey: at most one field with an array on its path is bound, as two conditions may be met by
//   two elements, which lie in two entries.
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "document/catalog.h"
#include "geo/cells.h"
#include "match/filter.h"

namespace nacre::query {

inline constexpr std::size_t kRangesMax = 10'000;  // of one index scan

// [begin, end) in key order; an empty end is none.
struct KeyRange {
  std::string begin;
  std::string end;
  bool operator==(const KeyRange&) const = default;
};

struct IndexBounds {
  std::vector<KeyRange> ranges;  // ascending, disjoint; none: nothing matches
  // Per field of the index, in order; a field that is not bound has none. For explain.
  std::vector<std::optional<match::PathBounds>> fields;
  // The filter that their values lie in, where that is another than the query's.
  std::shared_ptr<const match::Filter> filter;
  std::size_t point_fields = 0;     // leading fields bound to values
  std::size_t constant_fields = 0;  // those of them bound to one value each, counted from the front
  bool has_range = false;           // the field behind them is bound to a range
  bool covers_filter = false;       // every document with a key in the ranges matches
  // When there is no range: what the keys begin with, one for each range, before those that touch
  // are made one.
  std::vector<std::string> prefixes;
  std::string wildcard_path;  // the path that a wildcard index is used for
  geo::Cover cover;           // what the geo field is bound to that ends the prefix, for explain
  std::size_t cover_field = 0;

  [[nodiscard]] bool bounded() const { return point_fields > 0 || has_range; }
};

struct BoundsOptions {
  const text::Collator* collator = nullptr;  // of the query
  std::string_view wildcard_path = {};  // of a wildcard index: which path it is used for, if any
  std::size_t fields = SIZE_MAX;        // the leading fields that are looked at
};
[[nodiscard]] IndexBounds index_bounds(const match::Filter& filter,
                                       const document::IndexInfo& index,
                                       const BoundsOptions& options = {});

// The region that the filter asks for in a geo field of that index; null: none that the index knows
// of.
[[nodiscard]] const geo::Region* region_of(const match::Filter& filter,
                                           const document::IndexInfo& index, std::size_t field);

// Whether a step of the path is a position in arrays, as that of "a.0".
[[nodiscard]] bool has_position(std::string_view path);

// The keys with one of the cells behind `prefix`, the encoding of the fields in front.
[[nodiscard]] KeyRange range_of_cells(const std::string& prefix, const geo::CellRange& cells);

// The range of keys from `lower` (inclusive) to `upper` (exclusive), each empty or {field: value}
// for the index's fields in their order; what min() and max() ask for.
[[nodiscard]] KeyRange range_between(const document::IndexInfo& index, const bson::View& lower,
                                     const bson::View& upper);

// {a: ["[1, 1]"], b: ["[MinKey, MaxKey]"]}, as explain shows them.
[[nodiscard]] bson::Document describe(const IndexBounds& bounds, const document::IndexInfo& index);

}  // namespace nacre::query
