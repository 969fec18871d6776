// The tree a filter is parsed into, shared by its parser, its matcher and its bounds.
//
// Invariants: FILTER-1 $and inside $and is flattened, and an $and or $or of one condition is that
//             condition; an $or of equalities on one path is one $in
//             FILTER-2 the list of an $in is ascending without duplicates
// Threads:    immutable once parsed.
#pragma once

#include <vector>

#include "bson/builder.h"
#include "bson/path.h"
#include "match/filter.h"
#include "text/pattern.h"

namespace nacre::match {

struct Filter::Node {
  enum class Kind : std::uint8_t {
    kAlways,
    kNever,
    kAnd,
    kOr,
    kNor,
    kNot,  // of its one child
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
    kElementDocument,  // $elemMatch whose children look into documents
    kElementValue      // $elemMatch whose children look at the elements themselves
  };

  Kind kind = Kind::kAlways;
  bson::Path path;                      // of every kind from kEqual on
  bson::Element operand;                // in the filter's copy of its source
  std::vector<bson::Element> values;    // kIn
  std::vector<text::Pattern> patterns;  // kRegex: one; kIn: any number
  std::vector<Node> children;
  std::uint32_t types = 0;          // kType: type_bit of each
  std::vector<std::uint32_t> bits;  // kBits...: positions from the lowest bit
  std::int64_t divisor = 0;         // kMod
  std::int64_t remainder = 0;       // kMod; kSize: the size
};

struct Filter::Parsed {
  bson::Document source;
  Filter::Node root;
};

[[nodiscard]] constexpr std::uint32_t type_bit(bson::Type type) {
  if (type == bson::Type::kMinKey) return 1U << 30;
  if (type == bson::Type::kMaxKey) return 1U << 31;
  return 1U << static_cast<unsigned>(type);
}

[[nodiscard]] Result<Filter::Node> parse_filter(const bson::View& filter);
[[nodiscard]] Result<bool> node_matches(const Filter::Node& node, const bson::View& document,
                                        expression::Environment* environment);
[[nodiscard]] Result<std::optional<std::size_t>> node_position(
    const Filter::Node& node, const bson::View& document, expression::Environment* environment);

}  // namespace nacre::match
