#include <cmath>
#include <optional>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/json.h"
#include "match/filter_parse_internal.h"
#include "match/types_internal.h"
#include "text/words.h"

namespace nacre::match {
namespace {

using bson::Element;
using bson::Type;
using Node = Filter::Node;
using Kind = Filter::Node::Kind;

constexpr std::size_t kPatternBytesMax = 32764;  // what PCRE takes in MongoDB

Result<std::uint32_t> one_type(const Element& operand) {
  if (operand.is(Type::kString)) return types_of_name(operand.string());
  if (!operand.is_number()) {
    return fail(Code::kInvalid, kTypeMismatch, "type must be represented as a number or a string");
  }
  const std::optional<std::int64_t> code = operand.as_int64();
  if (code == -1) return type_bit(Type::kMinKey);
  if (code == 127) return type_bit(Type::kMaxKey);
  if (code.has_value() && *code >= 1 && *code <= 19) return type_bit(static_cast<Type>(*code));
  return bad(format("Invalid numerical type code: {}", bson::to_json(operand)));
}

// A number without its fraction, when 64 bits hold it.
std::optional<std::int64_t> truncated(const Element& value) {
  if (!value.is_number()) return std::nullopt;
  if (const auto whole = value.as_int64()) return whole;
  const double number = std::trunc(value.as_double().value_or(0));
  if (!(number >= -0x1p63 && number < 0x1p63)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Result<> add_positions(Node& node, const bson::View& positions) {
  for (const Element& each : positions) {
    const std::optional<std::int64_t> position = each.as_int64();
    if (!position.has_value() || *position < 0 || !std::in_range<std::int32_t>(*position)) {
      return bad(format("Failed to parse bit position. Expected a non-negative number in: {}: {}",
                        each.name(), bson::to_json(each)));
    }
    node.bits.push_back(static_cast<std::uint32_t>(*position));
  }
  return {};
}

}  // namespace

Result<Node> parse_type(const bson::Path& path, const Element& operand) {
  Node node = make_node(Kind::kType, path, operand);
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

Result<Node> parse_size(const bson::Path& path, const Element& operand) {
  const std::string shown = bson::to_json(operand);
  if (!operand.is_number()) {
    return bad(format("Failed to parse $size. Expected a number in: $size: {}", shown));
  }
  const std::optional<std::int64_t> size = operand.as_int64();
  if (!size.has_value() || !std::in_range<std::int32_t>(*size)) {
    return bad(format("Failed to parse $size. Expected an integer: $size: {}", shown));
  }
  if (*size < 0) {
    return bad(
        format("Failed to parse $size. Expected a non-negative number in: $size: {}", shown));
  }
  Node node = make_node(Kind::kSize, path, operand);
  node.remainder = *size;
  return node;
}

Result<Node> parse_mod(const bson::Path& path, const Element& operand) {
  if (!operand.is(Type::kArray)) return bad("malformed mod, needs to be an array");
  const std::size_t count = operand.array().count();
  if (count < 2) return bad("malformed mod, not enough elements");
  if (count > 2) return bad("malformed mod, too many elements");
  Node node = make_node(Kind::kMod, path, operand);
  const auto divisor = truncated(operand.array().at(0));
  const auto remainder = truncated(operand.array().at(1));
  if (!divisor.has_value()) return bad("malformed mod, divisor not a number");
  if (!remainder.has_value()) return bad("malformed mod, remainder not a number");
  if (*divisor == 0) return bad("divisor cannot be 0");
  node.divisor = *divisor;
  node.remainder = *remainder;
  return node;
}

Result<Node> parse_bits(Kind kind, const bson::Path& path, const Element& operand) {
  Node node = make_node(kind, path, operand);
  if (operand.is(Type::kArray)) {
    NACRE_TRY(add_positions(node, operand.array()));
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
    return bad(format("{} takes an Array, a number, or a BinData but received: {}", operand.name(),
                      bson::to_json(operand)));
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

Result<Node> parse_regex(const bson::Path& path, std::string_view pattern, std::string_view options,
                         const Element& operand) {
  if (pattern.size() > kPatternBytesMax) {
    return fail(Code::kInvalid, 51091,
                "Regular expression is invalid: regular expression is too large");
  }
  Node node = make_node(Kind::kRegex, path, operand);
  node.patterns.push_back(NACRE_TRY(text::Pattern::compile(pattern, options)));
  return node;
}

Result<Node> parse_regex_operator(const bson::Path& path, const Element& operand,
                                  const Element& options, bool options_first) {
  std::string_view flags;
  if (options) {
    if (!options.is(Type::kString)) return bad("$options has to be a string");
    flags = options.string();
  }
  if (operand.is(Type::kRegex)) {
    const std::string_view own = operand.regex().options;
    if (!flags.empty() && !own.empty()) {
      return fail(Code::kInvalid, options_first ? 51074 : 51075,
                  "options set in both $regex and $options");
    }
    return parse_regex(path, operand.regex().pattern, own.empty() ? flags : own, operand);
  }
  if (!operand.is(Type::kString)) return bad("$regex has to be a string");
  if (operand.string().find('\0') != std::string_view::npos) {
    return bad("Regular expression cannot contain an embedded null byte");
  }
  return parse_regex(path, operand.string(), flags, operand);
}

namespace {

Result<> set_text_option(TextQuery& query, const Element& option) {
  const auto wrong_type = [&](std::string_view expected) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("\"{}\" had the wrong type. Expected {}, found {}", option.name(), expected,
                       bson::name(option.type())));
  };
  if (option.name() == "$search" || option.name() == "$language") {
    if (!option.is(Type::kString)) return wrong_type("string");
    (option.name() == "$search" ? query.search : query.language) = option.string();
    return {};
  }
  if (option.name() == "$caseSensitive" || option.name() == "$diacriticSensitive") {
    if (!option.is(Type::kBool)) return wrong_type("bool");
    (option.name() == "$caseSensitive" ? query.case_sensitive : query.diacritic_sensitive) =
        option.boolean();
    return {};
  }
  return bad("extra fields in $text");
}

}  // namespace

Result<TextQuery> parse_text(const Element& operand) {
  if (!operand.is(Type::kDocument)) return bad("$text expects an object");
  TextQuery query;
  if (!operand.document().find("$search")) {
    return fail(Code::kInvalid, error_codes::kNoSuchKey, "Missing expected field \"$search\"");
  }
  for (const Element& option : operand.document()) NACRE_TRY(set_text_option(query, option));
  if (!query.language.empty() && text::Language::find(query.language) == nullptr) {
    return bad(format("unsupported language: \"{}\" for text index version 3", query.language));
  }
  return query;
}

Result<double> parse_sample_rate(const Element& operand) {
  if (!operand.is_number()) return bad("argument to $sampleRate must be a numeric type");
  const double rate = *operand.as_double();
  if (rate >= 0 && rate <= 1) return rate;
  return bad("numeric argument to $sampleRate must be in [0, 1]");
}

}  // namespace nacre::match
