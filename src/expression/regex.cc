// $regexFind $regexFindAll $regexMatch.
#include <array>
#include <optional>

#include "base/text.h"
#include "expression/node_internal.h"
#include "expression/strings_internal.h"
#include "text/pattern.h"

namespace nacre::expression {
namespace {

enum class Answer : std::uint8_t { kFirst, kAll, kWhether };

struct RegexText {
  std::string_view pattern;
  std::string_view options;
};

Result<RegexText> regex_text(const bson::Element& regex, const bson::Element& options,
                             std::string_view name) {
  RegexText text;
  if (regex.is(bson::Type::kRegex)) {
    text = {.pattern = regex.regex().pattern, .options = regex.regex().options};
  } else if (regex.is(bson::Type::kString)) {
    text.pattern = regex.string();
  } else {
    return invalid(51105, format("{} needs 'regex' to be of type string or regex", name));
  }
  if (text.pattern.contains('\0')) {
    return invalid(51109,
                   format("{}: regular expression cannot contain an embedded null byte", name));
  }
  if (is_nullish(options)) return text;
  if (!options.is(bson::Type::kString)) {
    return invalid(51106, format("{} needs 'options' to be of type string", name));
  }
  if (options.string().contains('\0')) {
    return invalid(51110, format("{}: regular expression options cannot contain an embedded null "
                                 "byte",
                                 name));
  }
  if (!text.options.empty()) {
    return invalid(51107, format("{}: found regex option(s) specified in both 'regex' and 'option' "
                                 "fields",
                                 name));
  }
  text.options = options.string();
  return text;
}

Result<text::Pattern> compiled(const RegexText& text, std::string_view name) {
  for (const char option : text.options) {
    if (!std::string_view("imsx").contains(option)) {
      return invalid(51108, format("{} invalid flag in regex options: {}", name, text.options));
    }
  }
  auto pattern = text::Pattern::compile(text.pattern, text.options);
  if (!pattern) {
    return invalid(51111, format("Invalid Regex in {}: {}", name, pattern.error().what()));
  }
  return pattern;
}

// input, regex, options (which may be absent).
class RegexCall final : public Node {
 public:
  RegexCall(std::string_view name, Answer answer, std::vector<NodePtr> parts)
      : Node(std::move(parts)), name_(name), answer_(answer) {}

  // A constant pattern is compiled once, and what is wrong with it is said at once.
  [[nodiscard]] Result<> prepare() {
    const bson::Element* regex = part(1).constant();
    const bson::Element* options = parts()[2] == nullptr ? nullptr : parts()[2]->constant();
    if (regex == nullptr || is_nullish(*regex)) return {};
    if (parts()[2] != nullptr && options == nullptr) return {};
    const RegexText text =
        NACRE_TRY(regex_text(*regex, options == nullptr ? bson::Element() : *options, name_));
    ready_ = NACRE_TRY(compiled(text, name_));
    return {};
  }

  [[nodiscard]] Result<bson::Element> evaluate(Evaluation& at) const override {
    const bson::Element input = NACRE_TRY(part(0).evaluate(at));
    const bson::Element regex = NACRE_TRY(part(1).evaluate(at));
    bson::Element options;
    if (parts()[2] != nullptr) options = NACRE_TRY(parts()[2]->evaluate(at));
    const bool is_text = input.is(bson::Type::kString) || input.is(bson::Type::kSymbol);
    if (!is_nullish(input) && !is_text) {
      return invalid(51104, format("{} needs 'input' to be of type string", name_));
    }
    if (is_nullish(regex)) {
      if (!is_nullish(options) && !options.is(bson::Type::kString)) {
        return invalid(51106, format("{} needs 'options' to be of type string", name_));
      }
      return nothing(at);
    }
    if (ready_) return is_text ? answer(*ready_, input.string(), at) : nothing(at);
    const RegexText text = NACRE_TRY(regex_text(regex, options, name_));
    const text::Pattern pattern = NACRE_TRY(compiled(text, name_));
    return is_text ? answer(pattern, input.string(), at) : nothing(at);
  }

 private:
  [[nodiscard]] bson::Element nothing(Evaluation& at) const {
    switch (answer_) {
      case Answer::kFirst:
        return at.scratch.null();
      case Answer::kAll:
        return at.scratch.array({});
      case Answer::kWhether:
        break;
    }
    return at.scratch.boolean(false);
  }

  static void append_match(bson::Builder& to, std::string_view text, std::size_t characters_before,
                           const std::vector<text::Pattern::Part>& parts) {
    const auto cut = [&](const text::Pattern::Part& part) {
      return text.substr(part.begin, part.end < part.begin ? 0 : part.end - part.begin);
    };
    to.append("match", cut(parts.front()));
    to.append("idx", static_cast<std::int32_t>(characters_before));
    to.begin_array("captures");
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].begin == text::Pattern::kNoGroup) {
        to.push(bson::Null{});
      } else {
        to.push(cut(parts[i]));
      }
    }
    to.end();
  }

  [[nodiscard]] Result<bson::Element> answer(const text::Pattern& pattern, std::string_view text,
                                             Evaluation& at) const {
    if (answer_ == Answer::kWhether) {
      return at.scratch.boolean(NACRE_TRY(pattern.matches(text)));
    }
    if (answer_ == Answer::kAll) return all_matches(pattern, text, at);
    const auto parts = NACRE_TRY(pattern.find(text, 0));
    if (parts.empty()) return at.scratch.null();
    bson::Builder builder;
    builder.begin_document("");
    append_match(builder, text, count_characters(text.substr(0, parts.front().begin)), parts);
    builder.end();
    return at.scratch.keep(builder.finish());
  }

  [[nodiscard]] static Result<bson::Element> all_matches(const text::Pattern& pattern,
                                                         std::string_view text, Evaluation& at) {
    ArrayResult result;
    std::size_t from = 0;
    std::size_t counted = 0;     // bytes whose characters are in
    std::size_t characters = 0;  // this number
    while (from <= text.size()) {
      const auto parts = NACRE_TRY(pattern.find(text, from));
      if (parts.empty()) break;
      const text::Pattern::Part& whole = parts.front();
      if (whole.begin > counted) {
        characters += count_characters(text.substr(counted, whole.begin - counted));
        counted = whole.begin;
      }
      result.builder().push_begin_document();
      append_match(result.builder(), text, characters, parts);
      result.builder().end();
      NACRE_TRY(check_memory(at, result.size()));
      // A match of nothing would be found again: go on behind the next character.
      if (whole.end > whole.begin && whole.end > from) {
        from = whole.end;
      } else if (whole.begin < text.size()) {
        from = std::max(from, whole.begin);
        from += character_bytes(text, from);
      } else {
        break;
      }
    }
    return result.finish(at);
  }

  std::string_view name_;  // of the operator's row
  Answer answer_;
  std::optional<text::Pattern> ready_;
};

constexpr std::array<Parameter, 3> kParameters = {{{.name = "input", .missing_number = 31022},
                                                   {.name = "regex", .missing_number = 31023},
                                                   {.name = "options"}}};
constexpr Signature kSignature = {
    .not_object_number = 51103, .unknown_number = 31024, .parameters = kParameters};

template <Answer answer>
Result<NodePtr> parse_regex(const Operator& row, const bson::Element& argument, Parser& parser) {
  std::vector<NodePtr> parts = NACRE_TRY(parser.parse_named(row, argument));
  const bool constant = all_constant(parts);
  auto node = std::make_unique<RegexCall>(row.name, answer, std::move(parts));
  NACRE_TRY(node->prepare());
  return parser.folded(std::move(node), constant);
}

constexpr std::array kOperators = {
    Operator{.name = "$regexFind", .parse = parse_regex<Answer::kFirst>, .signature = &kSignature},
    Operator{.name = "$regexFindAll", .parse = parse_regex<Answer::kAll>, .signature = &kSignature},
    Operator{
        .name = "$regexMatch", .parse = parse_regex<Answer::kWhether>, .signature = &kSignature},
};

}  // namespace

std::span<const Operator> regex_operators() { return kOperators; }

}  // namespace nacre::expression
