#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bson/compare.h"
#include "bson/container.h"
#include "match/filter_parse_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

constexpr std::int32_t kNoScriptEngine = 6108304;

// Where in the tree a part stands, which decides what it may hold.
struct Place {
  bool inside_element = false;  // of an $elemMatch
  bool negated = false;         // below a $nor
};

class Parser {
 public:
  explicit Parser(const FilterOptions& options) : options_(options) {}

  Result<Node> document(const View& filter, Place place) {
    if (const Element only = only_element(filter)) return part(only, place);
    std::vector<Node> children;
    for (const Element& element : filter) children.push_back(NACRE_TRY(part(element, place)));
    return conjunction(std::move(children));
  }

 private:
  // Missing when there are several, or none.
  static Element only_element(const View& document) {
    View::Iterator at = document.begin();
    const Element first = *at;
    return first && ++at == document.end() ? first : Element();
  }

  Result<Node> part(const Element& element, Place place) {
    const bool is_operator = element.name().starts_with('$') && !is_reference_part(element.name());
    if (is_operator) return top_level(element, place);
    return condition(bson::Path(element.name()), element);
  }

  static bool is_reference_part(std::string_view name) {
    return name == "$ref" || name == "$id" || name == "$db";
  }

  Result<Node> top_level(const Element& element, Place place) {
    const std::string_view name = element.name();
    if (name == "$and") return conjunction(NACRE_TRY(branches(element, place)));
    if (name == "$or") {
      return disjunction(NACRE_TRY(branches(element, place)), options_.collator.get());
    }
    if (name == "$nor") {
      place.negated = true;
      Node node;
      node.kind = Kind::kNor;
      node.children = NACRE_TRY(branches(element, place));
      return node;
    }
    if (name == "$comment") return Node();
    if (name == "$alwaysTrue" || name == "$alwaysFalse") return always(element);
    if (name == "$where") {
      if (place.inside_element) return bad("$elemMatch cannot contain $where expression");
      return fail(Code::kUnsupported, kNoScriptEngine, "no globalScriptEngine in $where parsing");
    }
    if (name == "$sampleRate") {
      Node node;
      node.kind = Kind::kSampleRate;
      node.rate = NACRE_TRY(parse_sample_rate(element));
      return node;
    }
    if (name == "$expr" || name == "$jsonSchema" || name == "$text") {
      return whole_document(element, place);
    }
    return bad(
        format("unknown top level operator: {}. If you have a field name that starts with a '$' "
               "symbol, consider using $getField or $setField.",
               name));
  }

  Result<Node> whole_document(const Element& element, Place place) {
    const std::string_view name = element.name();
    if (place.inside_element) {
      return bad(format("{} can only be applied to the top-level document", name));
    }
    Node node;
    if (name == "$expr") {
      static const expression::Scope kNone;
      node.kind = Kind::kExpression;
      node.expression = NACRE_TRY(expression::Expression::parse(
          element, options_.scope == nullptr ? kNone : *options_.scope));
      return node;
    }
    if (name == "$jsonSchema") {
      if (!element.is(Type::kDocument)) {
        return fail(Code::kInvalid, kTypeMismatch, "$jsonSchema must be an object");
      }
      node.kind = Kind::kSchema;
      node.operand = element;
      node.schema = NACRE_TRY(JsonSchema::parse(element.document()));
      return node;
    }
    if (place.negated) return bad("text expression not allowed in this context");
    if (has_text_) return bad("Too many text expressions");
    has_text_ = true;
    node.kind = Kind::kText;
    node.operand = element;
    node.text = std::make_unique<const TextQuery>(NACRE_TRY(parse_text(element)));
    return node;
  }

  static Result<Node> always(const Element& element) {
    if (element.as_int64() != 1) {
      return fail(Code::kInvalid, kFailedToParse,
                  format("{} must be an integer value of 1", element.name()));
    }
    Node node;
    node.kind = element.name() == "$alwaysTrue" ? Kind::kAlways : Kind::kNever;
    return node;
  }

  Result<std::vector<Node>> branches(const Element& element, Place place) {
    if (!element.is(Type::kArray)) return bad(format("{} must be an array", element.name()));
    if (element.array().empty()) return bad(format("{} must be a nonempty array", element.name()));
    std::vector<Node> children;
    children.reserve(element.array().count());
    for (const Element& branch : element.array()) {
      if (!branch.is(Type::kDocument)) {
        return bad("$or/$and/$nor entries need to be full objects");
      }
      children.push_back(NACRE_TRY(document(branch.document(), place)));
    }
    return children;
  }

  Result<Node> condition(bson::Path path, const Element& value) {
    if (value.is(Type::kRegex)) {
      return parse_regex(path, value.regex().pattern, value.regex().options, value);
    }
    if (is_operators(value)) return operators(std::move(path), value.document());
    return equal(std::move(path), value);
  }

  Result<Node> equal(bson::Path path, const Element& value) {
    if (value.is(Type::kUndefined)) return bad("cannot compare to undefined");
    return make_node(Kind::kEqual, std::move(path), value);
  }

  Result<Node> operators(bson::Path path, const View& conditions) {
    // Its distances stand beside it and are no operators.
    if (begins_with_near(conditions)) return parse_near(path, conditions);
    const Element only = only_element(conditions);
    if (only && only.name() != "$options" && only.name() != "$regex") {
      return operation(std::move(path), only);
    }
    std::vector<Node> children;
    bool options_first = false;
    bool has_regex = false;
    for (const Element& element : conditions) {
      if (element.name() == "$options") {
        if (!conditions.find("$regex")) return bad("$options needs a $regex");
        options_first = !has_regex;
        continue;
      }
      if (is_region_operator(element.name())) {
        return bad(format("{} stands alone: nothing may be beside it", element.name()));
      }
      if (element.name() == "$regex") {
        has_regex = true;
        children.push_back(NACRE_TRY(
            parse_regex_operator(path, element, conditions.find("$options"), options_first)));
      } else {
        children.push_back(NACRE_TRY(operation(path, element)));
      }
    }
    return conjunction(std::move(children));
  }

  static bool begins_with_near(const View& conditions) {
    const Element first = *conditions.begin();
    return is_near_operator(first.name()) && bson::is_container(first);
  }

  Result<Node> comparison(Kind kind, bson::Path path, const Element& operand) {
    if (operand.is(Type::kUndefined)) return bad("cannot compare to undefined");
    if (operand.is(Type::kRegex)) {
      return bad(format("Can't have RegEx as arg to predicate over field '{}'.", path.text()));
    }
    return make_node(kind, std::move(path), operand);
  }

  Result<Node> operation(bson::Path path, const Element& operand) {
    const std::string_view name = operand.name();
    if (name == "$eq") return equal(std::move(path), operand);
    if (name == "$ne") {
      if (operand.is(Type::kRegex)) return bad("Can't have regex as arg to $ne.");
      return negated(NACRE_TRY(equal(std::move(path), operand)));
    }
    if (name == "$gt") return comparison(Kind::kGreater, std::move(path), operand);
    if (name == "$gte") return comparison(Kind::kGreaterEqual, std::move(path), operand);
    if (name == "$lt") return comparison(Kind::kLess, std::move(path), operand);
    if (name == "$lte") return comparison(Kind::kLessEqual, std::move(path), operand);
    if (name == "$in") return in(path, operand);
    if (name == "$nin") return negated(NACRE_TRY(in(path, operand)));
    if (name == "$exists") {
      Node exists = make_node(Kind::kExists, path, operand);
      return operand.truthy() ? std::move(exists) : negated(std::move(exists));
    }
    if (name == "$not") return negation(path, operand);
    if (name == "$all") return all(path, operand);
    if (name == "$elemMatch") return element_match(path, operand);
    return other_operation(path, operand);
  }

  Result<Node> other_operation(const bson::Path& path, const Element& operand) {
    const std::string_view name = operand.name();
    if (name == "$type") return parse_type(path, operand);
    if (name == "$size") return parse_size(path, operand);
    if (name == "$mod") return parse_mod(path, operand);
    if (name == "$bitsAllSet") return parse_bits(Kind::kBitsAllSet, path, operand);
    if (name == "$bitsAllClear") return parse_bits(Kind::kBitsAllClear, path, operand);
    if (name == "$bitsAnySet") return parse_bits(Kind::kBitsAnySet, path, operand);
    if (name == "$bitsAnyClear") return parse_bits(Kind::kBitsAnyClear, path, operand);
    if (name == "$comment") return Node();
    if (is_region_operator(name)) return parse_region(path, operand);
    if (is_near_operator(name)) {
      return bad(format("{} must come first, and be an object or an array", name));
    }
    if (name == "$expr" || name == "$jsonSchema") {
      return bad(format("{} can only be applied to the top-level document", name));
    }
    return bad(format("unknown operator: {}", name));
  }

  Result<Node> in(const bson::Path& path, const Element& operand) {
    if (!operand.is(Type::kArray)) return bad(format("{} needs an array", operand.name()));
    Node node = make_node(Kind::kIn, path, operand);
    for (const Element& value : operand.array()) {
      if (is_operators(value)) return bad(format("cannot nest $ under {}", operand.name()));
      if (value.is(Type::kUndefined)) return bad("cannot compare to undefined");
      if (value.is(Type::kRegex)) {
        node.patterns.push_back(
            NACRE_TRY(text::Pattern::compile(value.regex().pattern, value.regex().options)));
      } else {
        node.values.push_back(value);
      }
    }
    sort_values(node, options_.collator.get());
    if (node.patterns.empty() && node.values.size() == 1) {
      return make_node(Kind::kEqual, path, node.values.front());
    }
    return node;
  }

  Result<Node> negation(const bson::Path& path, const Element& operand) {
    if (operand.is(Type::kRegex)) return negated(NACRE_TRY(condition(path, operand)));
    if (!operand.is(Type::kDocument)) return bad("$not needs a regex or a document");
    if (operand.document().empty()) return bad("$not cannot be empty");
    return negated(NACRE_TRY(operators(path, operand.document())));
  }

  Result<Node> all(const bson::Path& path, const Element& operand) {
    if (!operand.is(Type::kArray)) return bad("$all needs an array");
    Node never;
    never.kind = Kind::kNever;
    if (operand.array().empty()) return never;
    std::vector<Node> children;
    const auto is_element_match = [](const Element& value) {
      return is_operators(value) && value.document().begin()->name() == "$elemMatch";
    };
    const bool matches_elements = is_element_match(*operand.array().begin());
    for (const Element& value : operand.array()) {
      if (is_operators(value) && !is_element_match(value)) return bad("no $ expressions in $all");
      if (is_element_match(value) != matches_elements) {
        return bad("$all/$elemMatch has to be consistent");
      }
      children.push_back(NACRE_TRY(condition(path, value)));
    }
    return conjunction(std::move(children));
  }

  Result<Node> element_match(const bson::Path& path, const Element& operand) {
    if (!operand.is(Type::kDocument)) return bad("$elemMatch needs an Object");
    const View conditions = operand.document();
    const std::string_view first = conditions.empty() ? "" : conditions.begin()->name();
    const bool names_whole = first == "$and" || first == "$or" || first == "$nor" ||
                             first == "$where" || first == "$expr" || first == "$jsonSchema" ||
                             first == "$text" || first == "$comment";
    const bool on_values = is_operators(operand) && !names_whole;
    Node node = make_node(on_values ? Kind::kElementValue : Kind::kElementDocument, path, operand);
    // The children of the value form never use their path: they are asked of the elements.
    node.children.push_back(on_values ? NACRE_TRY(operators(path, conditions))
                                      : NACRE_TRY(document(conditions, {.inside_element = true})));
    return node;
  }

  const FilterOptions& options_;
  bool has_text_ = false;
};

}  // namespace

Node make_node(Kind kind, bson::Path path, const Element& operand) {
  Node node;
  node.kind = kind;
  node.path = std::move(path);
  node.operand = operand;
  return node;
}

Node negated(Node child) {
  Node node;
  node.kind = Kind::kNot;
  node.children.push_back(std::move(child));
  return node;
}

Node conjunction(std::vector<Node> children) {
  if (children.size() == 1) {
    Node only = std::move(children.front());
    return only;
  }
  Node node;
  const bool is_flat = std::ranges::none_of(children, [](const Node& child) {
    return child.kind == Kind::kAlways || child.kind == Kind::kAnd;
  });
  if (is_flat && !children.empty()) {
    node.kind = Kind::kAnd;
    node.children = std::move(children);
    return node;
  }
  for (Node& child : children) {
    if (child.kind == Kind::kAlways) continue;
    if (child.kind != Kind::kAnd) {
      node.children.push_back(std::move(child));
      continue;
    }
    for (Node& inner : child.children) node.children.push_back(std::move(inner));
  }
  if (node.children.size() == 1) {
    Node only = std::move(node.children.front());
    return only;
  }
  node.kind = node.children.empty() ? Kind::kAlways : Kind::kAnd;
  return node;
}

void sort_values(Node& node, const text::Collator* collator) {
  std::ranges::sort(
      node.values, [&](const Element& a, const Element& b) { return compare(a, b, collator) < 0; });
  const auto repeated = std::ranges::unique(node.values, [&](const Element& a, const Element& b) {
    return compare(a, b, collator) == 0;
  });
  node.values.erase(repeated.begin(), repeated.end());
}

Node disjunction(std::vector<Node> children, const text::Collator* collator) {
  if (children.size() == 1) {
    Node only = std::move(children.front());
    return only;
  }
  const bool one_path = std::ranges::all_of(children, [&](const Node& child) {
    return (child.kind == Kind::kEqual || child.kind == Kind::kIn) &&
           child.path.text() == children.front().path.text();
  });
  Node node;
  if (!one_path) {
    node.kind = Kind::kOr;
    node.children = std::move(children);
    return node;
  }
  node.kind = Kind::kIn;
  node.path = children.front().path;
  for (Node& child : children) {
    if (child.kind == Kind::kEqual) node.values.push_back(child.operand);
    node.values.insert(node.values.end(), child.values.begin(), child.values.end());
    std::ranges::move(child.patterns, std::back_inserter(node.patterns));
  }
  sort_values(node, collator);
  return node;
}

// A DBRef is a value although its fields start with a dollar.
bool is_operators(const Element& value) {
  if (!value.is(Type::kDocument) || value.document().empty()) return false;
  const std::string_view first = value.document().begin()->name();
  return first.starts_with('$') && first != "$ref" && first != "$id" && first != "$db";
}

Result<Node> parse_filter(const View& filter, const FilterOptions& options) {
  return Parser(options).document(filter, {});
}

}  // namespace nacre::match
