// Filter: which documents a query is about, parsed once and asked of many documents.
//
// Understands $eq $ne $gt $gte $lt $lte $in $nin $exists $type $size $all $elemMatch $mod $regex
// $bitsAllSet $bitsAllClear $bitsAnySet $bitsAnyClear $geoWithin $within $geoIntersects $near
// $nearSphere $geoNear $not $and $or $nor $expr $jsonSchema $text $sampleRate $alwaysTrue
// $alwaysFalse $comment and implicit equality, on dotted paths, with MongoDB's rules for arrays,
// null, missing fields and types (bson/path.h, bson/compare.h). $text itself takes every document:
// whoever plans has to ask a text index, see text(); and sees to the order of $near, see near().
// Errors:  parse: kInvalid with MongoDB's number: 2 (BadValue) for what makes no sense, 4, 9, 14,
//          51074, 51075, 51091 and 51108 where MongoDB says so, those of expressions, schemas and
//          geometries (geo/near.h); kUnsupported for $where: 6108304. matches: 51246 when a regular
//          expression takes more steps than are allowed; those of expressions.
// Cost:    matches allocates nothing, but for what $expr computes and for geometries other than
//          points, and steps over each field of the document once at most, whatever the number of
//          conditions.
// Threads: immutable once parsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/path.h"
#include "bson/value.h"
#include "expression/environment.h"
#include "expression/scope.h"
#include "geo/near.h"
#include "geo/region.h"
#include "text/collator.h"

namespace nacre::match {

// One end of an interval: a value, or the start or end of all values of a rank (bson::rank). Valid
// as long as the filter, in which the value lies.
struct Bound {
  std::uint8_t rank = 0;
  bson::Element value;    // missing: the start or end of the rank, NaN left out
  bool inclusive = true;  // of the value
};

struct Interval {
  Bound lower;
  Bound upper;  // of the same rank

  // Both ends are one value.
  [[nodiscard]] bool is_point() const;
};

// What a filter says of the values at a path: every document that matches has a key there (an array
// gives several) inside one of the intervals.
struct PathBounds {
  std::vector<Interval> intervals;  // ascending and disjoint; none: nothing matches
  bool exact = false;  // and a document with such a key satisfies all that is said of that path
};

using Equality = bson::PathValue;

struct FilterOptions {
  const expression::Scope* scope = nullptr;  // what $expr may name; null: nothing of a user's
  // Strings are compared in its order; null: by their bytes.
  std::shared_ptr<const text::Collator> collator{};
  // False: perhaps nobody asks it of a document; who does after all calls prepare() first.
  bool is_prepared = true;
};

// What {$text: ...} asks for.
struct TextQuery {
  std::string search;
  std::string language;  // "": the index's own
  bool case_sensitive = false;
  bool diacritic_sensitive = false;
};

// Its operand, for those who plan it. kInvalid 4, 14 (TypeMismatch) and 2 (BadValue).
[[nodiscard]] Result<TextQuery> parse_text(const bson::Element& operand);

// {path: {$near: ...}}: documents come in the order of their distance, whoever plans sees to it.
struct NearQuery {
  std::string path;
  geo::Near near;
};

// {path: {$geoWithin: ...}} and {path: {$geoIntersects: ...}}.
struct GeoCondition {
  std::string_view path;
  const geo::Region* region = nullptr;
};

class Filter {
 public:
  // Keeps a copy of `filter`.
  [[nodiscard]] static Result<Filter> parse(const bson::View& filter,
                                            const FilterOptions& options = {});

  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

  // Makes matches() quick, which answers before it, too.
  void prepare();

  // From now on $expr is evaluated in `environment`, whatever those bring who ask; it outlives the
  // filter.
  void evaluate_in(expression::Environment& environment);

  // The environment is what $expr is evaluated in; without one, a new one each time.
  [[nodiscard]] Result<bool> matches(const bson::View& document,
                                     expression::Environment* environment = nullptr) const;

  // The position, in the first array on its path, of an element that made the document match: what
  // "a.$" stands for in projections and updates. Nothing when it does not match, or not by an
  // element. Conditions that come later win; those inside $or, $not and $nor have
  // none (an $or of equalities on one path is an $in, and has).
  [[nodiscard]] Result<std::optional<std::size_t>> position(
      const bson::View& document, expression::Environment* environment = nullptr) const;

  // Whether there is an $expr anywhere: it is evaluated in one environment, by one thread at a
  // time.
  [[nodiscard]] bool has_expression() const;

  // As it was given; valid as long as the filter.
  [[nodiscard]] bson::View source() const;
  // {} and its like: no document need be looked at.
  [[nodiscard]] bool matches_everything() const;

  // The text query that every document that matches satisfies; null when there is none, or only in
  // a branch of an $or.
  [[nodiscard]] const TextQuery* text() const;
  // Whether there is a $text anywhere.
  [[nodiscard]] bool has_text() const;

  // The $near or $nearSphere that every document that matches satisfies, of which there is one at
  // most, outside of every $or, $nor and $not; null when there is none. matches() asks that the
  // field holds a place between the two distances.
  [[nodiscard]] const NearQuery* near() const;
  // The regions that always hold a place of a document that matches. Valid as long as the filter.
  [[nodiscard]] std::vector<GeoCondition> geo_conditions() const;

  // Null: strings are compared by their bytes.
  [[nodiscard]] const text::Collator* collator() const;

  // Whether a condition that always holds is about that very path: else bounds() has nothing to
  // say.
  [[nodiscard]] bool names(std::string_view path) const;

  // The paths that bounds() has something to say about, each once, in the filter's order.
  [[nodiscard]] std::vector<std::string_view> bounded_paths() const;
  // The intervals for keys at `path`; nothing when the filter does not bound them. `multikey`: some
  // document has an array on that path, so that two conditions may be met by two elements and only
  // one of them can bound the keys. `keys` is the collation of the keys: where the filter has
  // another, conditions that involve strings bound nothing.
  [[nodiscard]] std::optional<PathBounds> bounds(std::string_view path, bool multikey,
                                                 const text::Collator* keys = nullptr) const;

  // Whether every document that this one matches is one that `other` matches; false when that
  // cannot be told. Of filters that compare strings alike.
  [[nodiscard]] bool implies(const Filter& other) const;

  // What a document must have that is made because none matched (upsert): the conditions "path
  // equals value" that always hold. Valid as long as the filter.
  [[nodiscard]] std::vector<Equality> equalities() const;

  struct Node;

 private:
  struct Parsed;
  explicit Filter(std::unique_ptr<Parsed> parsed);

  std::unique_ptr<Parsed> parsed_;  // never null, except after being moved from
};

}  // namespace nacre::match
