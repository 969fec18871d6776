// What the parts of the filter parser share: nodes being made, and the operators that have nothing
// but an operand.
//
// Errors:  kInvalid with MongoDB's number, see filter.h.
// Threads: pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error_codes.h"
#include "base/result.h"
#include "match/filter_internal.h"

namespace nacre::match {

using error_codes::kBadValue;
using error_codes::kFailedToParse;
using error_codes::kTypeMismatch;

[[nodiscard]] inline std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, kBadValue, std::move(what));
}

[[nodiscard]] Filter::Node make_node(Filter::Node::Kind kind, bson::Path path,
                                     const bson::Element& operand);
[[nodiscard]] Filter::Node negated(Filter::Node child);
[[nodiscard]] Filter::Node conjunction(std::vector<Filter::Node> children);  // FILTER-1
// FILTER-1. Under a collator, whose order values of an $in are in.
[[nodiscard]] Filter::Node disjunction(std::vector<Filter::Node> children,
                                       const text::Collator* collator);
void sort_values(Filter::Node& node, const text::Collator* collator);  // FILTER-2

// {$gt: ...}, not a document to compare with.
[[nodiscard]] bool is_operators(const bson::Element& value);

[[nodiscard]] Result<Filter::Node> parse_type(const bson::Path& path, const bson::Element& operand);
[[nodiscard]] Result<Filter::Node> parse_size(const bson::Path& path, const bson::Element& operand);
[[nodiscard]] Result<Filter::Node> parse_mod(const bson::Path& path, const bson::Element& operand);
[[nodiscard]] Result<Filter::Node> parse_bits(Filter::Node::Kind kind, const bson::Path& path,
                                              const bson::Element& operand);
[[nodiscard]] Result<Filter::Node> parse_regex(const bson::Path& path, std::string_view pattern,
                                               std::string_view options,
                                               const bson::Element& operand);
// $regex with the $options beside it; options_first: they stand in front.
[[nodiscard]] Result<Filter::Node> parse_regex_operator(const bson::Path& path,
                                                        const bson::Element& operand,
                                                        const bson::Element& options,
                                                        bool options_first);
// {path: {$geoWithin: ...}}, where nothing stands beside the operator, and {path: {$near: ...}}.
[[nodiscard]] bool is_region_operator(std::string_view name);
[[nodiscard]] bool is_near_operator(std::string_view name);
[[nodiscard]] Result<Filter::Node> parse_region(const bson::Path& path,
                                                const bson::Element& operand);
[[nodiscard]] Result<Filter::Node> parse_near(const bson::Path& path, const bson::View& condition);
[[nodiscard]] Result<double> parse_sample_rate(const bson::Element& operand);

}  // namespace nacre::match
