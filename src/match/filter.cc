#include "match/filter.h"

#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "match/filter_internal.h"

namespace nacre::match {

using Kind = Filter::Node::Kind;
using error_codes::kBadValue;

Filter::Filter(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;
Filter::~Filter() = default;

namespace {

// FILTER-3.
void lay_paths(Filter::Node& node, PathTrie& trie) {
  if (!node.path.steps().empty()) node.places = trie.add(node.path);
  if (node.kind == Kind::kElementDocument || node.kind == Kind::kElementValue) return;
  for (Filter::Node& child : node.children) lay_paths(child, trie);
}

bool holds(const Filter::Node& node, Kind kind) {
  return node.kind == kind || std::ranges::any_of(node.children, [&](const Filter::Node& child) {
           return holds(child, kind);
         });
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than the filter
std::size_t count_of(const Filter::Node& node, Kind kind) {
  std::size_t count = node.kind == kind ? 1 : 0;
  for (const Filter::Node& child : node.children) count += count_of(child, kind);
  return count;
}

// $near orders the whole result: there is one, every document has to satisfy it, and nothing else
// orders.
Result<> check_near(const Filter::Node& root) {
  const std::size_t count = count_of(root, Kind::kNear);
  if (count == 0) return {};
  const auto refuse = [](const char* why) { return fail(Code::kInvalid, kBadValue, why); };
  if (count > 1) return refuse("Too many geoNear expressions");
  const bool is_on_top =
      root.kind == Kind::kNear ||
      (root.kind == Kind::kAnd &&
       std::ranges::find(root.children, Kind::kNear, &Filter::Node::kind) != root.children.end());
  if (!is_on_top) return refuse("geoNear must be top-level expr");
  if (count_of(root, Kind::kText) > 0) {
    return refuse("text and geoNear not allowed in same query");
  }
  return {};
}

template <class Parsed>
MatchContext context_of(const Parsed& parsed, expression::Environment* brought) {
  return {.trie = parsed.trie,
          .collator = parsed.collator.get(),
          .environment = parsed.environment != nullptr ? parsed.environment : brought};
}

}  // namespace

Result<Filter> Filter::parse(const bson::View& filter, const FilterOptions& options) {
  auto parsed = std::make_unique<Parsed>();
  // The tree looks into this copy, which stays where it is for as long as the filter lives.
  parsed->source = bson::Document(filter);
  parsed->collator = options.collator;
  parsed->root = NACRE_TRY(parse_filter(parsed->source.view(), options));
  NACRE_TRY(check_near(parsed->root));
  Filter whole(std::move(parsed));
  if (options.is_prepared) whole.prepare();
  return whole;
}

void Filter::prepare() {
  // One condition goes its way alone.
  if (!parsed_->root.children.empty()) lay_paths(parsed_->root, parsed_->trie);
}

void Filter::evaluate_in(expression::Environment& environment) {
  parsed_->environment = &environment;
}

Result<bool> Filter::matches(const bson::View& document,
                             expression::Environment* environment) const {
  if (parsed_->root.kind == Kind::kAlways) return true;
  return node_matches(parsed_->root, document, context_of(*parsed_, environment));
}

Result<std::optional<std::size_t>> Filter::position(const bson::View& document,
                                                    expression::Environment* environment) const {
  return node_position(parsed_->root, document, context_of(*parsed_, environment));
}

const TextQuery* Filter::text() const {
  const Node& root = parsed_->root;
  if (root.kind == Kind::kText) return root.text.get();
  if (root.kind != Kind::kAnd) return nullptr;
  const auto found = std::ranges::find(root.children, Kind::kText, &Node::kind);
  return found == root.children.end() ? nullptr : found->text.get();
}

const NearQuery* Filter::near() const {
  const Node& root = parsed_->root;
  if (root.kind == Kind::kNear) return root.near.get();
  if (root.kind != Kind::kAnd) return nullptr;
  const auto found = std::ranges::find(root.children, Kind::kNear, &Node::kind);
  return found == root.children.end() ? nullptr : found->near.get();
}

std::vector<GeoCondition> Filter::geo_conditions() const {
  std::vector<GeoCondition> found;
  const auto add = [&](const Node& node) {
    if (node.kind == Kind::kRegion) {
      found.push_back({.path = node.path.text(), .region = node.region.get()});
    }
  };
  add(parsed_->root);
  if (parsed_->root.kind == Kind::kAnd) std::ranges::for_each(parsed_->root.children, add);
  return found;
}

bool Filter::has_text() const { return holds(parsed_->root, Kind::kText); }
bool Filter::has_expression() const { return holds(parsed_->root, Kind::kExpression); }

const text::Collator* Filter::collator() const { return parsed_->collator.get(); }

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
