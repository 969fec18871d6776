#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "match/filter_internal.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using bson::View;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

constexpr std::int32_t kBadValue = 2;
constexpr std::int32_t kFailedToParse = 9;
constexpr std::int32_t kTypeMismatch = 14;
constexpr std::int32_t kNotImplemented = 238;
constexpr std::int32_t kNoScriptEngine = 6108304;

std::unexpected<Error> bad(std::string what) {
  return fail(Code::kInvalid, kBadValue, std::move(what));
}

std::unexpected<Error> not_here(std::string_view what) {
  return fail(Code::kUnsupported, kNotImplemented, format("{} is not implemented", what));
}

Node make(Kind kind, const bson::Path& path, const Element& operand) {
  Node node;
  node.kind = kind;
  node.path = path;
  node.operand = operand;
  return node;
}

Node negated(Node child) {
  Node node;
  node.kind = Kind::kNot;
  node.children.push_back(std::move(child));
  return node;
}

// FILTER-1.
Node conjunction(std::vector<Node> children) {
  Node node;
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

// FILTER-2.
void sort_values(Node& node) {
  std::ranges::sort(node.values,
                    [](const Element& a, const Element& b) { return compare(a, b) < 0; });
  const auto repeated = std::ranges::unique(
      node.values, [](const Element& a, const Element& b) { return compare(a, b) == 0; });
  node.values.erase(repeated.begin(), repeated.end());
}

Node disjunction(std::vector<Node> children) {
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
  sort_values(node);
  return node;
}

bool is_operator(std::string_view name) { return name.starts_with('$'); }

// A DBRef is a value although its fields start with a dollar.
bool is_operators(const Element& value) {
  if (!value.is(Type::kDocument) || value.document().empty()) return false;
  const std::string_view first = value.document().begin()->name();
  return is_operator(first) && first != "$ref" && first != "$id" && first != "$db";
}

class Parser {
 public:
  Result<Node> document(const View& filter) {
    std::vector<Node> children;
    for (const Element& element : filter) {
      if (is_operator(element.name())) {
        children.push_back(NACRE_TRY(top_level(element)));
      } else {
        children.push_back(NACRE_TRY(condition(bson::Path(element.name()), element)));
      }
    }
    return conjunction(std::move(children));
  }

 private:
  Result<Node> top_level(const Element& element) {
    const std::string_view name = element.name();
    if (name == "$and") return conjunction(NACRE_TRY(branches(element)));
    if (name == "$or") return disjunction(NACRE_TRY(branches(element)));
    if (name == "$nor") {
      Node node;
      node.kind = Kind::kNor;
      node.children = NACRE_TRY(branches(element));
      return node;
    }
    if (name == "$comment") return Node();
    if (name == "$alwaysTrue" || name == "$alwaysFalse") {
      Node node;
      node.kind = name == "$alwaysTrue" ? Kind::kAlways : Kind::kNever;
      return node;
    }
    if (name == "$where") {
      return fail(Code::kUnsupported, kNoScriptEngine, "no globalScriptEngine in $where parsing");
    }
    for (const std::string_view known : {"$expr", "$text", "$jsonSchema", "$sampleRate"}) {
      if (name == known) return not_here(name);
    }
    return bad(
        format("unknown top level operator: {}. If you have a field name that starts with a '$' "
               "symbol, consider using $getField or $setField.",
               name));
  }

  Result<std::vector<Node>> branches(const Element& element) {
    if (!element.is(Type::kArray)) return bad(format("{} must be an array", element.name()));
    if (element.array().empty()) return bad(format("{} must be a nonempty array", element.name()));
    std::vector<Node> children;
    for (const Element& branch : element.array()) {
      if (!branch.is(Type::kDocument)) {
        return bad("$or/$and/$nor entries need to be full objects");
      }
      children.push_back(NACRE_TRY(document(branch.document())));
    }
    return children;
  }

  Result<Node> condition(const bson::Path& path, const Element& value) {
    if (value.is(Type::kRegex)) {
      return regex(path, value.regex().pattern, value.regex().options, value);
    }
    if (is_operators(value)) return operators(path, value.document());
    return equal(path, value);
  }

  Result<Node> equal(const bson::Path& path, const Element& value) {
    if (value.is(Type::kUndefined)) return bad("cannot compare to undefined");
    return make(Kind::kEqual, path, value);
  }

  Result<Node> operators(const bson::Path& path, const View& conditions) {
    std::vector<Node> children;
    for (const Element& element : conditions) {
      if (element.name() == "$options") {
        if (!conditions.find("$regex")) return bad("$options needs a $regex");
        continue;
      }
      if (element.name() == "$regex") {
        children.push_back(NACRE_TRY(regex_operator(path, element, conditions.find("$options"))));
      } else {
        children.push_back(NACRE_TRY(operation(path, element)));
      }
    }
    return conjunction(std::move(children));
  }

  Result<Node> comparison(Kind kind, const bson::Path& path, const Element& operand) {
    if (operand.is(Type::kUndefined)) return bad("cannot compare to undefined");
    if (operand.is(Type::kRegex)) {
      return bad(format("Can't have RegEx as arg to predicate over field '{}'.", path.text()));
    }
    return make(kind, path, operand);
  }

  Result<Node> operation(const bson::Path& path, const Element& operand) {
    const std::string_view name = operand.name();
    if (name == "$eq") return equal(path, operand);
    if (name == "$ne") {
      if (operand.is(Type::kRegex)) return bad("Can't have regex as arg to $ne.");
      return negated(NACRE_TRY(equal(path, operand)));
    }
    if (name == "$gt") return comparison(Kind::kGreater, path, operand);
    if (name == "$gte") return comparison(Kind::kGreaterEqual, path, operand);
    if (name == "$lt") return comparison(Kind::kLess, path, operand);
    if (name == "$lte") return comparison(Kind::kLessEqual, path, operand);
    if (name == "$in") return in(path, operand);
    if (name == "$nin") return negated(NACRE_TRY(in(path, operand)));
    if (name == "$exists") {
      Node exists = make(Kind::kExists, path, operand);
      return operand.truthy() ? std::move(exists) : negated(std::move(exists));
    }
    if (name == "$not") return negation(path, operand);
    if (name == "$type") return type(path, operand);
    if (name == "$size") return size(path, operand);
    if (name == "$all") return all(path, operand);
    if (name == "$elemMatch") return element_match(path, operand);
    if (name == "$mod") return mod(path, operand);
    if (name == "$bitsAllSet") return bits(Kind::kBitsAllSet, path, operand);
    if (name == "$bitsAllClear") return bits(Kind::kBitsAllClear, path, operand);
    if (name == "$bitsAnySet") return bits(Kind::kBitsAnySet, path, operand);
    if (name == "$bitsAnyClear") return bits(Kind::kBitsAnyClear, path, operand);
    if (name == "$comment") return Node();
    for (const std::string_view known :
         {"$geoWithin", "$geoIntersects", "$near", "$nearSphere", "$within", "$geoNear", "$expr"}) {
      if (name == known) return not_here(name);
    }
    return bad(format("unknown operator: {}", name));
  }

  Result<Node> in(const bson::Path& path, const Element& operand) {
    if (!operand.is(Type::kArray)) return bad(format("{} needs an array", operand.name()));
    Node node = make(Kind::kIn, path, operand);
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
    sort_values(node);
    if (node.patterns.empty() && node.values.size() == 1) {
      return make(Kind::kEqual, path, node.values.front());
    }
    return node;
  }

  Result<Node> negation(const bson::Path& path, const Element& operand) {
    if (operand.is(Type::kRegex)) return negated(NACRE_TRY(condition(path, operand)));
    if (!operand.is(Type::kDocument)) return bad("$not needs a regex or a document");
    if (operand.document().empty()) return bad("$not cannot be empty");
    return negated(NACRE_TRY(operators(path, operand.document())));
  }

  Result<Node> regex(const bson::Path& path, std::string_view pattern, std::string_view options,
                     const Element& operand) {
    Node node = make(Kind::kRegex, path, operand);
    node.patterns.push_back(NACRE_TRY(text::Pattern::compile(pattern, options)));
    return node;
  }

  Result<Node> regex_operator(const bson::Path& path, const Element& operand,
                              const Element& options) {
    std::string_view flags;
    if (options) {
      if (!options.is(Type::kString)) return bad("$options has to be a string");
      flags = options.string();
    }
    if (operand.is(Type::kRegex)) {
      const std::string_view own = operand.regex().options;
      if (!flags.empty() && !own.empty()) {
        return fail(Code::kInvalid, 51075, "options set in both $regex and $options");
      }
      return regex(path, operand.regex().pattern, options ? flags : own, operand);
    }
    if (!operand.is(Type::kString)) return bad("$regex has to be a string");
    if (operand.string().find('\0') != std::string_view::npos) {
      return fail(Code::kInvalid, 51109, "Regular expression cannot contain an embedded null byte");
    }
    return regex(path, operand.string(), flags, operand);
  }

  Result<std::uint32_t> one_type(const Element& operand) {
    constexpr std::uint32_t kNumber = type_bit(Type::kDouble) | type_bit(Type::kInt32) |
                                      type_bit(Type::kInt64) | type_bit(Type::kDecimal128);
    if (operand.is(Type::kString)) {
      if (operand.string() == "number") return kNumber;
      for (unsigned code = 1; code <= 0xff; ++code) {
        const auto type = static_cast<Type>(code);
        if (bson::name(type) == operand.string() && operand.string() != "unknown") {
          return type_bit(type);
        }
      }
      return bad(format("Unknown type name alias: {}", operand.string()));
    }
    if (!operand.is_number()) {
      return fail(Code::kInvalid, kTypeMismatch,
                  "type must be represented as a number or a string");
    }
    const std::optional<std::int64_t> code = operand.as_int64();
    if (code == -1) return type_bit(Type::kMinKey);
    if (code == 127) return type_bit(Type::kMaxKey);
    if (code.has_value() && *code >= 1 && *code <= 19) {
      return type_bit(static_cast<Type>(*code));
    }
    return bad(format("Invalid numerical type code: {}", bson::to_json(operand)));
  }

  Result<Node> type(const bson::Path& path, const Element& operand) {
    Node node = make(Kind::kType, path, operand);
    if (!operand.is(Type::kArray)) {
      node.types = NACRE_TRY(one_type(operand));
      return node;
    }
    if (operand.array().empty()) {
      return fail(Code::kInvalid, kFailedToParse, "$type must match at least one type");
    }
    for (const Element& each : operand.array()) node.types |= NACRE_TRY(one_type(each));
    return node;
  }

  Result<Node> size(const bson::Path& path, const Element& operand) {
    if (!operand.is_number()) {
      return bad(
          format("Failed to parse $size. Expected a number in: $size: {}", bson::to_json(operand)));
    }
    const std::optional<std::int64_t> size = operand.as_int64();
    if (!size.has_value()) {
      return bad(
          format("Failed to parse $size. Expected an integer: $size: {}", bson::to_json(operand)));
    }
    if (*size < 0) {
      return bad(format("Failed to parse $size. Expected a non-negative number in: $size: {}",
                        bson::to_json(operand)));
    }
    Node node = make(Kind::kSize, path, operand);
    node.remainder = *size;
    return node;
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
    if (first == "$where") return bad("$elemMatch cannot contain $where expression");
    const bool on_values =
        is_operators(operand) && first != "$and" && first != "$or" && first != "$nor";
    Node node = make(on_values ? Kind::kElementValue : Kind::kElementDocument, path, operand);
    // The children of the value form never use their path: they are asked of the elements.
    node.children.push_back(on_values ? NACRE_TRY(operators(path, conditions))
                                      : NACRE_TRY(document(conditions)));
    return node;
  }

  Result<Node> bits(Kind kind, const bson::Path& path, const Element& operand) {
    Node node = make(kind, path, operand);
    if (operand.is(Type::kArray)) {
      for (const Element& each : operand.array()) {
        const std::optional<std::int64_t> position = each.as_int64();
        if (!position.has_value() || !std::in_range<std::uint32_t>(*position)) {
          return bad(
              format("Failed to parse bit position. Expected a non-negative number in: {}: {}",
                     each.name(), bson::to_json(each)));
        }
        node.bits.push_back(static_cast<std::uint32_t>(*position));
      }
      return node;
    }
    if (operand.is(Type::kBinary)) {
      const Bytes mask = operand.binary().bytes;
      for (std::uint32_t bit = 0; bit < mask.size() * 8; ++bit) {
        if ((mask[bit / 8] >> (bit % 8) & std::byte{1}) != std::byte{0}) node.bits.push_back(bit);
      }
      return node;
    }
    if (!operand.is_number()) {
      return bad(format("{} takes an Array, a number, or a BinData but received: {}",
                        operand.name(), bson::to_json(operand)));
    }
    const std::optional<std::int64_t> mask = operand.as_int64();
    if (!mask.has_value() || *mask < 0) {
      return fail(Code::kInvalid, kFailedToParse,
                  format("Expected a non-negative number in: {}: {}", operand.name(),
                         bson::to_json(operand)));
    }
    for (std::uint32_t bit = 0; bit < 63; ++bit) {
      if ((*mask >> bit & 1) != 0) node.bits.push_back(bit);
    }
    return node;
  }

  Result<Node> mod(const bson::Path& path, const Element& operand) {
    if (!operand.is(Type::kArray)) return bad("malformed mod, needs to be an array");
    const std::size_t count = operand.array().count();
    if (count < 2) return bad("malformed mod, not enough elements");
    if (count > 2) return bad("malformed mod, too many elements");
    Node node = make(Kind::kMod, path, operand);
    const auto whole = [](const Element& value) -> std::optional<std::int64_t> {
      const std::optional<double> number = value.as_double();
      if (value.is(Type::kInt64)) return value.int64();
      if (!number.has_value() || !(*number > -0x1p63 && *number < 0x1p63)) return std::nullopt;
      return static_cast<std::int64_t>(*number);
    };
    const auto divisor = whole(operand.array().at(0));
    const auto remainder = whole(operand.array().at(1));
    if (!divisor.has_value()) return bad("malformed mod, divisor not a number");
    if (!remainder.has_value()) return bad("malformed mod, remainder not a number");
    if (*divisor == 0) return bad("divisor cannot be 0");
    node.divisor = *divisor;
    node.remainder = *remainder;
    return node;
  }
};

}  // namespace

Result<Node> parse_filter(const View& filter) { return Parser().document(filter); }

}  // namespace nacre::match
