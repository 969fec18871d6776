// $getField $setField $unsetField $mergeObjects $bsonSize.
#include <array>

#include "base/text.h"
#include "expression/call_internal.h"
#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

Result<bson::Element> field_of(const Arguments& arguments, Evaluation& at) {
  const bson::Element& field = arguments[0];
  const bson::Element& input = arguments[1];
  if (!field.is(bson::Type::kString)) {
    return invalid(3041704, format("$getField requires 'field' to evaluate to type String, but got "
                                   "{}",
                                   bson::name(field.type())));
  }
  if (!input) return input;
  if (input.is_null_like()) return at.scratch.null();
  if (!input.is(bson::Type::kDocument)) return bson::Element();
  return input.document().find(field.string());
}

constexpr std::array<Parameter, 2> kGetParameters = {
    {{.name = "field", .missing_number = 3041702}, {.name = "input", .missing_number = 3041703}}};
constexpr Signature kGetSignature = {
    .not_object_number = 3041701, .unknown_number = 3041701, .parameters = kGetParameters};
constexpr Operator kGetField = {
    .name = "$getField", .function = field_of, .signature = &kGetSignature};

// Either {field, input}, or the field alone, of the current document.
Result<NodePtr> parse_get_field(const Operator&, const bson::Element& argument, Parser& parser) {
  const bool is_named = argument.is(bson::Type::kDocument) && !argument.document().empty() &&
                        !argument.document().begin()->name().starts_with('$');
  if (is_named || (argument.is(bson::Type::kDocument) && argument.document().empty())) {
    return parser.parse_call(kGetField, argument);
  }
  std::vector<NodePtr> parts;
  parts.push_back(NACRE_TRY(parser.parse(argument)));
  const bson::Value current(std::string_view("$$CURRENT"));
  parts.push_back(NACRE_TRY(parser.parse(current.element())));
  return std::make_unique<Call>(kGetField, std::move(parts));
}

// The input with one field set, in its place or at the end; without it when the value is missing.
Result<bson::Element> with_field(const Arguments& arguments, Evaluation& at) {
  const std::string_view name = arguments[0].string();
  const bson::Element& input = arguments[1];
  const bson::Element& value = arguments[2];
  if (is_nullish(input)) return at.scratch.null();
  if (!input.is(bson::Type::kDocument)) {
    return invalid(4161105,
                   format("{} requires 'input' to evaluate to type Object", arguments.name()));
  }
  bson::Builder builder;
  builder.begin_document("");
  bool is_set = false;
  for (const bson::Element& field : input.document()) {
    if (field.name() != name) {
      builder.append(field);
    } else if (!is_set) {
      if (value) builder.append(name, value);
      is_set = true;
    }
  }
  if (!is_set && value) builder.append(name, value);
  builder.end();
  return at.scratch.keep(builder.finish());
}

constexpr std::array<Parameter, 3> kSetParameters = {
    {{.name = "field", .missing_number = 4161102},
     {.name = "input", .missing_number = 4161109},
     {.name = "value", .missing_number = 4161103}}};
constexpr Signature kSetSignature = {
    .not_object_number = 4161100, .unknown_number = 4161101, .parameters = kSetParameters};
constexpr Signature kUnsetSignature = {.not_object_number = 4161100,
                                       .unknown_number = 4161101,
                                       .parameters = std::span(kSetParameters).first(2)};
constexpr Operator kSetField = {
    .name = "$setField", .function = with_field, .signature = &kSetSignature};
constexpr Operator kUnsetField = {
    .name = "$unsetField", .function = with_field, .signature = &kSetSignature};

Result<> check_field(const bson::Element& argument, const Node& field, std::string_view name) {
  const bson::Element given = argument.document().find("field");
  if (given.is(bson::Type::kString) && given.string().starts_with('$')) {
    return invalid(4161108, format("'{}' is a field path reference which is not allowed in this "
                                   "context. Did you mean {{$literal: '{}'}}?",
                                   given.string(), given.string()));
  }
  const bson::Element* constant = field.constant();
  if (constant == nullptr) {
    return invalid(4161106, format("{} requires 'field' to evaluate to a constant", name));
  }
  if (!constant->is(bson::Type::kString)) {
    return invalid(4161107, format("{} requires 'field' to evaluate to type String, but got {}",
                                   name, bson::name(constant->type())));
  }
  if (constant->string().contains('\0')) {
    return invalid(4161107, format("{} does not take a 'field' with a null byte", name));
  }
  return {};
}

Result<NodePtr> parse_set_field(const Operator& row, const bson::Element& argument,
                                Parser& parser) {
  std::vector<NodePtr> parts = NACRE_TRY(parser.parse_named(row, argument));
  NACRE_TRY(check_field(argument, *parts[0], row.name));
  const bool sets = row.signature == &kSetSignature;
  if (!sets) parts.push_back(std::make_unique<Constant>(bson::Value()));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Call>(sets ? kSetField : kUnsetField, std::move(parts)),
                       constant);
}

class Merged {
 public:
  Result<> add(const bson::Element& value) {
    if (is_nullish(value)) return {};
    if (!value.is(bson::Type::kDocument)) {
      return invalid(40400, format("$mergeObjects requires object inputs, but input is of type {}",
                                   bson::name(value.type())));
    }
    documents_.push_back(value.document());
    return {};
  }
  // A name that comes again keeps its first place and its last value.
  [[nodiscard]] bson::Element finish(Evaluation& at) const {
    bson::Builder builder;
    builder.begin_document("");
    for (std::size_t i = 0; i < documents_.size(); ++i) {
      for (const bson::Element& field : documents_[i]) {
        if (is_in_one_before(field.name(), i)) continue;
        builder.append(last_of(field, i));
      }
    }
    builder.end();
    return at.scratch.keep(builder.finish());
  }

 private:
  [[nodiscard]] bool is_in_one_before(std::string_view name, std::size_t i) const {
    for (std::size_t before = 0; before < i; ++before) {
      if (documents_[before].find(name)) return true;
    }
    return false;
  }
  [[nodiscard]] bson::Element last_of(const bson::Element& field, std::size_t i) const {
    for (std::size_t last = documents_.size() - 1; last > i; --last) {
      if (const bson::Element found = documents_[last].find(field.name())) return found;
    }
    return field;
  }

  std::vector<bson::View> documents_;
};

Result<bson::Element> merged(const Arguments& arguments, Evaluation& at) {
  Merged result;
  if (arguments.size() == 1 && arguments[0].is(bson::Type::kArray)) {
    for (const bson::Element& item : arguments[0].array()) NACRE_TRY(result.add(item));
  } else {
    for (const bson::Element& item : arguments) NACRE_TRY(result.add(item));
  }
  return result.finish(at);
}

Result<bson::Element> size_of(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (!value.is(bson::Type::kDocument)) {
    return invalid(
        31393, format("$bsonSize requires a document input, found: {}", bson::name(value.type())));
  }
  return at.scratch.integer(static_cast<std::int64_t>(value.document().bytes().size()));
}

constexpr std::array kOperators = {
    Operator{.name = "$bsonSize", .arity_min = 1, .arity_max = 1, .function = size_of},
    Operator{.name = "$getField", .parse = parse_get_field},
    Operator{.name = "$mergeObjects", .arity_max = kAnyNumber, .function = merged},
    Operator{.name = "$setField", .parse = parse_set_field, .signature = &kSetSignature},
    Operator{.name = "$unsetField", .parse = parse_set_field, .signature = &kUnsetSignature},
};

}  // namespace

std::span<const Operator> object_operators() { return kOperators; }

}  // namespace nacre::expression
