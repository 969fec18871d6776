// The tree a filter is parsed into, shared by its parser, its matcher and its bounds.
//
// Invariants: FILTER-1 $and inside $and is flattened, and an $and or $or of one condition is that
//             condition; an $or of equalities on one path is one $in
//             FILTER-2 the list of an $in is ascending without duplicates
//             FILTER-3 a condition outside of $elemMatch knows the places of its path's steps in
//             the filter's trie, unless the filter is not prepared, it is the only one, or the
//             trie is full
// Threads:    immutable once parsed.
#pragma once

#include <memory>
#include <vector>

#include "bson/builder.h"
#include "bson/path.h"
#include "expression/expression.h"
#include "match/filter.h"
#include "match/json_schema.h"
#include "match/path_trie_internal.h"
#include "text/pattern.h"

namespace nacre::match {

struct Filter::Node {
  enum class Kind : std::uint8_t {
    kAlways,
    kNever,
    kAnd,
    kOr,
    kNor,
    kNot,         // of its one child
    kExpression,  // $expr
    kSchema,      // $jsonSchema
    kText,        // $text: whoever plans has carried it out
    kSampleRate,
    kEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIn,
    kExists,
    kType,
    kSize,
    kMod,
    kBitsAllSet,
    kBitsAllClear,
    kBitsAnySet,
    kBitsAnyClear,
    kRegex,
    kRegion,           // $geoWithin, $geoIntersects
    kNear,             // $near and its like: between the two distances
    kElementDocument,  // $elemMatch whose children look into documents
    kElementValue      // $elemMatch whose children look at the elements themselves
  };

  Kind kind = Kind::kAlways;
  bson::Path path;                      // of every kind from kEqual on
  std::vector<std::uint8_t> places;     // of the path's steps in the trie; empty: not in it
  bson::Element operand;                // in the filter's copy of its source
  std::vector<bson::Element> values;    // kIn
  std::vector<text::Pattern> patterns;  // kRegex: one; kIn: any number
  std::vector<Node> children;
  std::uint32_t types = 0;          // kType: type_bit of each
  std::vector<std::uint32_t> bits;  // kBits...: positions from the lowest bit
  std::int64_t divisor = 0;         // kMod
  std::int64_t remainder = 0;       // kMod; kSize: the size
  double rate = 0;                  // kSampleRate
  expression::Expression expression;
  std::unique_ptr<const JsonSchema> schema;
  std::unique_ptr<const TextQuery> text;
  std::unique_ptr<const geo::Region> region;  // kRegion
  std::unique_ptr<const NearQuery> near;      // kNear
};

struct Filter::Parsed {
  bson::Document source;
  Filter::Node root;
  PathTrie trie;
  std::shared_ptr<const text::Collator> collator;
  expression::Environment* environment = nullptr;  // its own; not owned
};

[[nodiscard]] Result<Filter::Node> parse_filter(const bson::View& filter,
                                                const FilterOptions& options);

// What a tree is asked with.
struct MatchContext {
  const PathTrie& trie;
  const text::Collator* collator;
  expression::Environment* environment;  // null: a new one when it is needed
};
[[nodiscard]] Result<bool> node_matches(const Filter::Node& node, const bson::View& document,
                                        const MatchContext& context);
[[nodiscard]] Result<std::optional<std::size_t>> node_position(const Filter::Node& node,
                                                               const bson::View& document,
                                                               const MatchContext& context);

}  // namespace nacre::match
