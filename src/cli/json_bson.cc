#include "cli/json_bson.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bson/json.h"

namespace nacre::cli {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(JsonToBson::kPadding >= simdjson::SIMDJSON_PADDING);

// Beyond this many fields, repeated names are looked for by sorting instead of one by one.
constexpr std::size_t kCompareFieldsMax = 24;

struct FieldName {
  std::string_view name;
  std::size_t offset;  // in the text
};

[[nodiscard]] bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

[[nodiscard]] std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The whole number that `token` is, when it is one of int64 in JSON's own spelling.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view token) {
  std::string_view digits = token.substr(token.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  if (digits.front() < '0' || digits.front() > '9') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return value;
}

// The parts of {"$name": "text"} when the text has nothing to unescape; the commonest wrappers.
struct SimpleWrapper {
  std::string_view name;
  std::string_view text;
};

[[nodiscard]] std::optional<std::string_view> take_quoted(std::string_view& rest) {
  rest = trimmed(rest);
  if (!rest.starts_with('"')) return std::nullopt;
  const std::size_t end = rest.find_first_of("\"\\", 1);
  if (end == std::string_view::npos || rest[end] == '\\') return std::nullopt;
  const std::string_view inside = rest.substr(1, end - 1);
  rest = trimmed(rest.substr(end + 1));
  return inside;
}

[[nodiscard]] std::optional<SimpleWrapper> simple_wrapper(std::string_view object) {
  std::string_view rest = object.substr(1, object.size() - 2);
  const auto name = take_quoted(rest);
  if (!name.has_value() || !rest.starts_with(':')) return std::nullopt;
  rest.remove_prefix(1);
  const auto text = take_quoted(rest);
  if (!text.has_value() || !rest.empty()) return std::nullopt;
  return SimpleWrapper{.name = *name, .text = *text};
}

}  // namespace

class JsonToBson::Buffers {
 public:
  ondemand::parser parser;
  std::vector<FieldName> names;  // of the open objects, outermost first
};

// The walk over one text. Every step returns false once it has met a fault; the fault is recorded
// when it is one of meaning, and left to find_json_fault when it is one of grammar.
class JsonToBson::Walk {
 public:
  Walk(std::string_view text, Buffers& buffers) : text_(text), names_(buffers.names) {
    names_.clear();
  }

  bool run(ondemand::document& document) {
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) {
      const std::string_view start = trimmed(text_);
      if (!start.starts_with('{')) {
        return note(offset_of(start), format("expected a document, found {}", show_byte(start, 0)));
      }
      return false;
    }
    if (!fields(object)) return false;
    // Anything but the end is a second value.
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

  bson::Document finish() { return builder_.finish(); }
  std::optional<JsonFault>& fault() { return fault_; }

 private:
  // `at` lies inside the text.
  [[nodiscard]] std::size_t offset_of(std::string_view at) const {
    return static_cast<std::size_t>(at.data() - text_.data());
  }

  bool note(std::size_t offset, std::string reason) {
    fault_ = JsonFault{.offset = offset, .reason = std::move(reason)};
    return false;
  }

  bool fields(ondemand::object& object) {
    const std::size_t first = names_.size();
    for (auto next : object) {
      ondemand::field field;
      if (std::move(next).get(field) != simdjson::SUCCESS) return false;
      const std::size_t at = offset_of(std::string_view(field.key().raw() - 1, 1));
      std::string_view name;
      if (field.unescaped_key().get(name) != simdjson::SUCCESS) return false;
      if (!remember(name, at, first)) return false;
      if (!value(name, field.value())) return false;
    }
    const bool unique = names_.size() - first <= kCompareFieldsMax || all_different(first);
    names_.resize(first);
    return unique;
  }

  bool remember(std::string_view name, std::size_t at, std::size_t first) {
    if (name.find('\0') != std::string_view::npos) {
      return note(at, "a field name contains a zero byte");
    }
    const std::size_t count = names_.size() - first;
    for (std::size_t i = 0; i < std::min(count, kCompareFieldsMax); ++i) {
      if (names_[first + i].name == name) return repeated(name, at);
    }
    names_.push_back({.name = name, .offset = at});
    return true;
  }

  bool repeated(std::string_view name, std::size_t at) {
    return note(at, format("field \"{}\" appears twice", name));
  }

  bool all_different(std::size_t first) {
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(first);
    std::ranges::sort(begin, names_.end(), [](const FieldName& a, const FieldName& b) {
      return std::pair(a.name, a.offset) < std::pair(b.name, b.offset);
    });
    const auto twice = std::ranges::adjacent_find(begin, names_.end(), {}, &FieldName::name);
    if (twice == names_.end()) return true;
    return repeated(twice->name, (twice + 1)->offset);
  }

  bool value(std::string_view name, ondemand::value value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
      case ondemand::json_type::object:
        return object(name, value);
      case ondemand::json_type::array:
        return array(name, value);
      case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS) return false;
        builder_.append(name, text);
        return true;
      }
      case ondemand::json_type::number:
        return number(name, value.raw_json_token());
      case ondemand::json_type::boolean: {
        bool flag = false;
        if (value.get_bool().get(flag) != simdjson::SUCCESS) return false;
        builder_.append(name, flag);
        return true;
      }
      case ondemand::json_type::null: {
        bool null = false;
        if (value.is_null().get(null) != simdjson::SUCCESS || !null) return false;
        builder_.append(name, bson::Null{});
        return true;
      }
    }
    return false;
  }

  // A number token is left where it is: the walk steps over what was not taken.
  bool number(std::string_view name, std::string_view token) {
    token = trimmed(token);
    if (const auto whole = whole_number(token)) {
      builder_.append_number(name, *whole);
      return true;
    }
    if (find_json_fault(token).has_value()) return false;
    double real = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), real);
    if (error == std::errc::result_out_of_range && !underflows(token)) {
      return note(offset_of(token), format("number {} is beyond the range of a double", token));
    }
    builder_.append(name, real);
    return true;
  }

  // from_chars reports too small and too large alike; a negative exponent tells them apart.
  static bool underflows(std::string_view token) {
    return token.find("e-") != std::string_view::npos || token.find("E-") != std::string_view::npos;
  }

  bool array(std::string_view name, ondemand::value& value) {
    if (!enter(value)) return false;
    ondemand::array elements;
    if (value.get_array().get(elements) != simdjson::SUCCESS) return false;
    builder_.begin_array(name);
    std::uint32_t index = 0;
    for (auto next : elements) {
      ondemand::value element;
      if (std::move(next).get(element) != simdjson::SUCCESS) return false;
      char digits[10];
      const auto end = std::to_chars(digits, digits + sizeof digits, index++).ptr;
      if (!this->value({digits, static_cast<std::size_t>(end - digits)}, element)) return false;
    }
    builder_.end();
    --depth_;
    return true;
  }

  bool object(std::string_view name, ondemand::value& value) {
    // The token of a bracket reaches to the next one: a '$' behind a quote there is a wrapper.
    const std::string_view bracket = value.raw_json_token();
    const char* next = bracket.data() + bracket.size();
    const bool wrapper = next + 1 < text_.data() + text_.size() && next[0] == '"' && next[1] == '$';
    if (!enter(value)) return false;
    ondemand::object fields;
    if (value.get_object().get(fields) != simdjson::SUCCESS) return false;
    if (wrapper) {
      std::string_view raw;
      if (fields.raw_json().get(raw) != simdjson::SUCCESS) return false;
      if (!extended(name, raw)) return false;
    } else {
      builder_.begin_document(name);
      if (!this->fields(fields)) return false;
      builder_.end();
    }
    --depth_;
    return true;
  }

  bool enter(ondemand::value& value) {
    // The document itself is the first level.
    if (++depth_ <= kJsonDepthMax) return true;
    const std::string_view token = value.raw_json_token();
    return note(offset_of(token), format("nesting is {} levels deep, expected at most {}",
                                         kJsonDepthMax + 1, kJsonDepthMax));
  }

  bool extended(std::string_view name, std::string_view raw) {
    if (const auto wrapper = simple_wrapper(raw)) {
      if (wrapper->name == "$oid") {
        if (const auto id = bson::object_id_from_hex(wrapper->text)) {
          builder_.append(name, *id);
          return true;
        }
      } else if (wrapper->name == "$numberLong") {
        if (const auto whole = whole_number(wrapper->text)) {
          builder_.append(name, *whole);
          return true;
        }
      }
    }
    if (find_json_fault(raw).has_value()) return false;
    auto document = bson::from_json(format("{{\"\":{}}}", raw));
    if (!document.has_value()) return note(offset_of(raw), document.error().what());
    builder_.append(name, *document->view().begin());
    return true;
  }

  std::string_view text_;
  std::vector<FieldName>& names_;
  bson::Builder builder_;
  std::size_t depth_ = 1;
  std::optional<JsonFault> fault_;
};

JsonToBson::JsonToBson() : buffers_(std::make_unique<Buffers>()) {}
JsonToBson::~JsonToBson() = default;

std::expected<bson::Document, JsonFault> JsonToBson::convert(std::string_view text) {
  Walk walk(text, *buffers_);
  ondemand::document document;
  const simdjson::padded_string_view padded(text, text.size() + kPadding);
  const simdjson::error_code started = buffers_->parser.iterate(padded).get(document);
  if (started == simdjson::SUCCESS && walk.run(document)) return walk.finish();
  // A fault of grammar comes first: what the walk noted may be its consequence.
  if (auto fault = find_json_fault(text)) return std::unexpected(*std::move(fault));
  if (walk.fault().has_value()) return std::unexpected(*std::move(walk.fault()));
  return std::unexpected(JsonFault{
      .offset = 0, .reason = format("not readable as JSON: {}", simdjson::error_message(started))});
}

}  // namespace nacre::cli
