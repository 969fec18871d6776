// $convert, $toInt and its like, $type $isNumber $binarySize.
#include <array>

#include "base/error_codes.h"
#include "base/text.h"
#include "expression/call_internal.h"
#include "expression/conversion_internal.h"

namespace nacre::expression {
namespace {

using error_codes::kBadValue;
using error_codes::kConversionFailure;
using error_codes::kFailedToParse;

struct TypeName {
  std::string_view name;
  int number;
  bson::Type type;
};
constexpr std::array<TypeName, 21> kTypes = {
    {{"minKey", -1, bson::Type::kMinKey},
     {"double", 1, bson::Type::kDouble},
     {"string", 2, bson::Type::kString},
     {"object", 3, bson::Type::kDocument},
     {"array", 4, bson::Type::kArray},
     {"binData", 5, bson::Type::kBinary},
     {"undefined", 6, bson::Type::kUndefined},
     {"objectId", 7, bson::Type::kObjectId},
     {"bool", 8, bson::Type::kBool},
     {"date", 9, bson::Type::kDate},
     {"null", 10, bson::Type::kNull},
     {"regex", 11, bson::Type::kRegex},
     {"dbPointer", 12, bson::Type::kDbPointer},
     {"javascript", 13, bson::Type::kCode},
     {"symbol", 14, bson::Type::kSymbol},
     {"javascriptWithScope", 15, bson::Type::kCodeWithScope},
     {"int", 16, bson::Type::kInt32},
     {"timestamp", 17, bson::Type::kTimestamp},
     {"long", 18, bson::Type::kInt64},
     {"decimal", 19, bson::Type::kDecimal128},
     {"maxKey", 127, bson::Type::kMaxKey}}};

struct FormatName {
  std::string_view name;
  BinaryFormat format;
};
constexpr std::array<FormatName, 6> kFormats = {{{"auto", BinaryFormat::kAuto},
                                                 {"base64", BinaryFormat::kBase64},
                                                 {"base64url", BinaryFormat::kBase64Url},
                                                 {"hex", BinaryFormat::kHex},
                                                 {"utf8", BinaryFormat::kUtf8},
                                                 {"uuid", BinaryFormat::kUuid}}};

Result<bson::Type> type_of(const bson::Element& value) {
  if (value.is(bson::Type::kString)) {
    const auto found = std::ranges::find(kTypes, value.string(), &TypeName::name);
    if (found == kTypes.end()) {
      return invalid(kBadValue, format("Unknown type name: {}", value.string()));
    }
    return found->type;
  }
  if (!value.is_number()) {
    return invalid(kFailedToParse,
                   format("$convert's 'to' argument must be a string or number, but "
                          "is {}",
                          bson::name(value.type())));
  }
  const auto number = value.as_int64();
  if (!number) {
    return invalid(kFailedToParse, "In $convert, numeric 'to' argument is not an integer");
  }
  const auto found = std::ranges::find(kTypes, *number, &TypeName::number);
  if (found == kTypes.end()) {
    return invalid(kFailedToParse, format("In $convert, numeric value for 'to' does not correspond "
                                          "to a BSON type: {}",
                                          *number));
  }
  return found->type;
}

Result<std::uint8_t> subtype_of(const bson::Element& value) {
  if (!value.is_number()) {
    return invalid(4341108, format("In $convert, 'subtype' must be a number, but is {}",
                                   bson::name(value.type())));
  }
  const auto number = value.as_int64();
  if (!number) return invalid(4341106, "In $convert, numeric 'subtype' argument is not an integer");
  constexpr std::int64_t kNamed = 8;
  constexpr std::int64_t kUserMin = 128;
  constexpr std::int64_t kUserMax = 255;
  const bool is_known =
      (*number >= 0 && *number <= kNamed) || (*number >= kUserMin && *number <= kUserMax);
  if (!is_known) {
    return invalid(4341107,
                   format("In $convert, numeric value for 'subtype' does not correspond to "
                          "a BinData type: {}",
                          *number));
  }
  return static_cast<std::uint8_t>(*number);
}

// The type alone, or {type, subtype}. Nothing when null.
Result<std::optional<Target>> target_of(const bson::Element& to) {
  if (is_nullish(to)) return std::nullopt;
  Target target;
  if (!to.is(bson::Type::kDocument)) {
    target.type = NACRE_TRY(type_of(to));
    return target;
  }
  for (const bson::Element& field : to.document()) {
    if (field.name() != "type" && field.name() != "subtype") {
      return invalid(kFailedToParse,
                     format("$convert found an unknown field in 'to': {}", field.name()));
    }
  }
  const bson::Element type = to.document().find("type");
  if (!type) return invalid(kFailedToParse, "Missing 'type' parameter to $convert");
  if (type.is_null_like()) return std::nullopt;
  target.type = NACRE_TRY(type_of(type));
  const bson::Element subtype = to.document().find("subtype");
  if (subtype && !subtype.is_null_like()) target.subtype = NACRE_TRY(subtype_of(subtype));
  return target;
}

constexpr std::size_t kInput = 0;
constexpr std::size_t kTo = 1;
constexpr std::size_t kFormat = 2;
constexpr std::size_t kByteOrder = 3;
constexpr std::size_t kOnError = 4;
constexpr std::size_t kOnNull = 5;
constexpr std::array<Parameter, 6> kParameters = {
    {{.name = "input", .missing_number = kFailedToParse},
     {.name = "to", .missing_number = kFailedToParse},
     {.name = "format"},
     {.name = "byteOrder"},
     {.name = "onError", .late = true},
     {.name = "onNull", .late = true}}};
constexpr Signature kSignature = {.not_object_number = kFailedToParse,
                                  .unknown_number = kFailedToParse,
                                  .parameters = kParameters};

Result<> read_options(const Arguments& arguments, Target& target) {
  const bson::Element& given = arguments[kFormat];
  if (!is_nullish(given)) {
    if (!given.is(bson::Type::kString)) {
      return invalid(4341114, format("$convert requires that 'format' be a string, found: {}",
                                     bson::name(given.type())));
    }
    const auto found = std::ranges::find(kFormats, given.string(), &FormatName::name);
    if (found == kFormats.end()) {
      return invalid(4341125, format("Invalid 'format' argument for $convert: {}", given.string()));
    }
    target.format = found->format;
  }
  const bson::Element& order = arguments[kByteOrder];
  if (is_nullish(order)) return {};
  if (!order.is(bson::Type::kString)) {
    return invalid(9130001, format("$convert requires that 'byteOrder' be a string, found: {}",
                                   bson::name(order.type())));
  }
  if (order.string() != "little" && order.string() != "big") {
    return invalid(9130002,
                   format("Invalid 'byteOrder' argument for $convert: {}", order.string()));
  }
  target.big_endian = order.string() == "big";
  return {};
}

Result<bson::Element> convert(const Arguments& arguments, Evaluation& at) {
  std::optional<Target> target = NACRE_TRY(target_of(arguments[kTo]));
  if (target) NACRE_TRY(read_options(arguments, *target));
  if (is_nullish(arguments[kInput])) {
    if (arguments.given(kOnNull)) return arguments.late(kOnNull, at);
    return at.scratch.null();
  }
  if (!target) return at.scratch.null();
  auto result = converted(arguments[kInput], *target, at);
  if (!result && result.error().number() == kConversionFailure && arguments.given(kOnError)) {
    return arguments.late(kOnError, at);
  }
  return result;
}

// $toInt and the like: one argument, in an array of one too.
template <bson::Type type>
Result<bson::Element> to(const Arguments& arguments, Evaluation& at) {
  if (is_nullish(arguments[0])) return at.scratch.null();
  Target target{.type = type};
  if (type == bson::Type::kString) target.format = BinaryFormat::kAuto;
  if (type == bson::Type::kBinary) {
    target.format = BinaryFormat::kUuid;
    target.subtype = 4;
  }
  return converted(arguments[0], target, at);
}

Result<NodePtr> parse_to(const Operator& row, const bson::Element& argument, Parser& parser) {
  if (argument.is(bson::Type::kArray) && argument.array().count() != 1) {
    return invalid(
        50723, format("{} requires a single argument, got {}", row.name, argument.array().count()));
  }
  std::vector<NodePtr> parts = NACRE_TRY(parser.parse_list(argument));
  const bool constant = all_constant(parts);
  return parser.folded(std::make_unique<Call>(row, std::move(parts)), constant);
}

Result<bson::Element> name_of_type(const Arguments& arguments, Evaluation& at) {
  return at.scratch.string(bson::name(arguments[0].type()));
}

Result<bson::Element> is_number(const Arguments& arguments, Evaluation& at) {
  return at.scratch.boolean(arguments[0].is_number());
}

Result<bson::Element> binary_size(const Arguments& arguments, Evaluation& at) {
  const bson::Element& value = arguments[0];
  if (is_nullish(value)) return at.scratch.null();
  if (value.is(bson::Type::kString)) {
    return at.scratch.integer(static_cast<std::int64_t>(value.string().size()));
  }
  if (!value.is(bson::Type::kBinary)) {
    return invalid(51276, format("$binarySize requires a string or BinData argument, found: {}",
                                 bson::name(value.type())));
  }
  return at.scratch.integer(static_cast<std::int64_t>(value.binary().bytes.size()));
}

template <bson::Type type>
constexpr Operator conversion(std::string_view name) {
  return {.name = name, .arity_min = 1, .arity_max = 1, .function = to<type>, .parse = parse_to};
}

constexpr std::array kOperators = {
    Operator{.name = "$binarySize", .arity_min = 1, .arity_max = 1, .function = binary_size},
    Operator{.name = "$convert", .function = convert, .signature = &kSignature},
    Operator{.name = "$isNumber", .arity_min = 1, .arity_max = 1, .function = is_number},
    conversion<bson::Type::kBool>("$toBool"),
    conversion<bson::Type::kDate>("$toDate"),
    conversion<bson::Type::kDecimal128>("$toDecimal"),
    conversion<bson::Type::kDouble>("$toDouble"),
    conversion<bson::Type::kInt32>("$toInt"),
    conversion<bson::Type::kInt64>("$toLong"),
    conversion<bson::Type::kObjectId>("$toObjectId"),
    conversion<bson::Type::kString>("$toString"),
    conversion<bson::Type::kBinary>("$toUUID"),
    Operator{.name = "$type", .arity_min = 1, .arity_max = 1, .function = name_of_type},
};

}  // namespace

std::span<const Operator> type_operators() { return kOperators; }

}  // namespace nacre::expression
