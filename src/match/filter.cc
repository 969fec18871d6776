#include "match/filter.h"

#include <utility>

#include "match/filter_internal.h"

namespace nacre::match {

using Kind = Filter::Node::Kind;

Filter::Filter(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

Result<Filter> Filter::parse(const bson::View& filter) {
  auto parsed = std::make_unique<Parsed>();
  // The tree looks into this copy, which stays where it is for as long as the filter lives.
  parsed->source = bson::Document(filter);
  parsed->root = NACRE_TRY(parse_filter(parsed->source.view()));
  return Filter(std::move(parsed));
}

Result<bool> Filter::matches(const bson::View& document,
                             expression::Environment* environment) const {
  return node_matches(parsed_->root, document, environment);
}

Result<std::optional<std::size_t>> Filter::position(const bson::View& document,
                                                    expression::Environment* environment) const {
  return node_position(parsed_->root, document, environment);
}

bson::View Filter::source() const { return parsed_->source.view(); }

bool Filter::matches_everything() const { return parsed_->root.kind == Kind::kAlways; }

namespace {

void collect_equalities(const Filter::Node& node, std::vector<Equality>& into) {
  if (node.kind == Kind::kEqual) {
    into.push_back({.path = node.path.text(), .value = node.operand});
  } else if (node.kind == Kind::kAnd) {
    for (const Filter::Node& child : node.children) collect_equalities(child, into);
  }
}

}  // namespace

std::vector<Equality> Filter::equalities() const {
  std::vector<Equality> found;
  collect_equalities(parsed_->root, found);
  return found;
}

}  // namespace nacre::match
