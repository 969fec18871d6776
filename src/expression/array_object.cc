// $arrayToObject $objectToArray.
#include <array>
#include <unordered_map>

#include "base/text.h"
#include "expression/node_internal.h"

namespace nacre::expression {
namespace {

struct Field {
  std::string_view name;
  bson::Element value;
};

Result<Field> field_of_pair(const bson::Element& item) {
  if (!item.is(bson::Type::kArray)) {
    return invalid(40396, format("$arrayToObject requires a consistent input format. Elements must "
                                 "all be arrays or all be objects. Array was detected, now found: "
                                 "{}",
                                 bson::name(item.type())));
  }
  const bson::View pair = item.array();
  if (pair.count() != 2) {
    return invalid(40397, format("$arrayToObject requires an array of size 2 arrays, found array "
                                 "of size: {}",
                                 pair.count()));
  }
  const bson::Element key = pair.at(0);
  if (!key.is(bson::Type::kString)) {
    return invalid(40395, format("$arrayToObject requires an array of key-value pairs, where the "
                                 "key must be of type string. Found key type: {}",
                                 bson::name(key.type())));
  }
  if (key.string().contains('\0')) {
    return invalid(4940400, "Key field cannot contain an embedded null byte");
  }
  return Field{.name = key.string(), .value = pair.at(1)};
}

Result<Field> field_of_object(const bson::Element& item) {
  if (!item.is(bson::Type::kDocument)) {
    return invalid(40391, format("$arrayToObject requires a consistent input format. Elements must "
                                 "all be arrays or all be objects. Object was detected, now found: "
                                 "{}",
                                 bson::name(item.type())));
  }
  const bson::View object = item.document();
  if (object.count() != 2) {
    return invalid(40392, format("$arrayToObject requires an object keys of 'k' and 'v'. Found "
                                 "incorrect number of keys: {}",
                                 object.count()));
  }
  const bson::Element key = object.find("k");
  const bson::Element value = object.find("v");
  if (!key || !value) {
    return invalid(40393,
                   "$arrayToObject requires an object with keys 'k' and 'v'. Missing either "
                   "or both keys.");
  }
  if (!key.is(bson::Type::kString)) {
    return invalid(40394, format("$arrayToObject requires an object with keys 'k' and 'v', where "
                                 "the value of 'k' must be of type string. Found type: {}",
                                 bson::name(key.type())));
  }
  if (key.string().contains('\0')) {
    return invalid(4940401, "Key field cannot contain an embedded null byte");
  }
  return Field{.name = key.string(), .value = value};
}

// A name given twice keeps its first place and its last value.
class Fields {
 public:
  void set(const Field& field) {
    const auto [at, is_new] = places_.try_emplace(field.name, fields_.size());
    if (is_new) {
      fields_.push_back(field);
    } else {
      fields_[at->second].value = field.value;
    }
  }
  [[nodiscard]] bson::Element finish(Evaluation& at) const {
    bson::Builder builder;
    builder.begin_document("");
    for (const Field& field : fields_) builder.append(field.name, field.value);
    builder.end();
    return at.scratch.keep(builder.finish());
  }

 private:
  std::vector<Field> fields_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

Result<bson::Element> array_to_object(const Arguments& arguments, Evaluation& at) {
  const bson::Element& array = arguments[0];
  if (is_nullish(array)) return at.scratch.null();
  if (!array.is(bson::Type::kArray)) {
    return invalid(40386, format("$arrayToObject requires an array input, found: {}",
                                 bson::name(array.type())));
  }
  Fields fields;
  const bson::Element first = array.array().at(0);
  if (first && !first.is(bson::Type::kArray) && !first.is(bson::Type::kDocument)) {
    return invalid(40398, format("Unrecognised input type format for $arrayToObject: {}",
                                 bson::name(first.type())));
  }
  for (const bson::Element& item : array.array()) {
    if (first.is(bson::Type::kArray)) {
      fields.set(NACRE_TRY(field_of_pair(item)));
    } else {
      fields.set(NACRE_TRY(field_of_object(item)));
    }
  }
  return fields.finish(at);
}

Result<bson::Element> object_to_array(const Arguments& arguments, Evaluation& at) {
  const bson::Element& object = arguments[0];
  if (is_nullish(object)) return at.scratch.null();
  if (!object.is(bson::Type::kDocument)) {
    return invalid(40390, format("$objectToArray requires a document input, found: {}",
                                 bson::name(object.type())));
  }
  ArrayResult result;
  for (const bson::Element& field : object.document()) {
    result.builder().push_begin_document();
    result.builder().append("k", field.name()).append("v", field);
    result.builder().end();
  }
  return result.finish(at);
}

constexpr std::array kOperators = {
    Operator{.name = "$arrayToObject", .arity_min = 1, .arity_max = 1, .function = array_to_object},
    Operator{.name = "$objectToArray", .arity_min = 1, .arity_max = 1, .function = object_to_array},
};

}  // namespace

std::span<const Operator> array_object_operators() { return kOperators; }

}  // namespace nacre::expression
