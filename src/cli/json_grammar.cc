#include "cli/json_grammar.h"

#include <utility>

#include "base/text.h"

namespace nacre::cli {
namespace {

[[nodiscard]] bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes of the UTF-8 character at `at`, 0 when there is none (overlong, surrogate, cut, too high).
[[nodiscard]] std::size_t utf8_size(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if ((first & 0xf0) == 0xe0) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
    if (first == 0xed && byte(1) > 0x9f) return 0;  // half of a surrogate pair
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;  // overlong
    if (first == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
    return 4;
  }
  return 0;
}

// One pass over the text with an explicit stack; each step returns false once a fault is noted.
class Grammar {
 public:
  explicit Grammar(std::string_view text) : text_(text) {}

  std::optional<JsonFault> run() {
    if (!value()) return std::move(fault_);
    while (!stack_.empty()) {
      if (!after_value()) return std::move(fault_);
    }
    skip_space();
    if (at_ < text_.size()) expected("nothing after the document's end");
    return std::move(fault_);
  }

 private:
  [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool note(std::size_t offset, std::string reason) {
    fault_ = JsonFault{.offset = offset, .reason = std::move(reason)};
    return false;
  }

  bool expected(std::string_view what) {
    return note(at_, format("expected {}, found {}", what, show_byte(text_, at_)));
  }

  // A scalar whole, or the opening of a container up to and including its first value.
  bool value() {
    while (true) {
      skip_space();
      const char c = here();
      if (c != '{' && c != '[') return scalar();
      if (stack_.size() == kJsonDepthMax) {
        return note(at_, format("nesting is {} levels deep, expected at most {}", kJsonDepthMax + 1,
                                kJsonDepthMax));
      }
      stack_.push_back(c);
      ++at_;
      skip_space();
      if (here() == (c == '{' ? '}' : ']') && at_ < text_.size()) {
        ++at_;
        stack_.pop_back();
        return true;
      }
      if (c == '{' && !key()) return false;
    }
  }

  bool key() {
    skip_space();
    if (here() != '"') return expected("a field name in double quotes");
    if (!string()) return false;
    skip_space();
    if (here() != ':') return expected("':' after a field name");
    ++at_;
    return true;
  }

  // A value of the innermost container has just ended.
  bool after_value() {
    skip_space();
    const bool object = stack_.back() == '{';
    const char c = here();
    if (c == (object ? '}' : ']')) {
      ++at_;
      stack_.pop_back();
      return true;
    }
    if (c != ',') return expected(object ? "',' or '}'" : "',' or ']'");
    ++at_;
    if (object && !key()) return false;
    return value();
  }

  bool scalar() {
    const char c = here();
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return true;
      }
    }
    return expected("a value");
  }

  bool digits() {
    if (!is_digit(here())) return expected("a digit");
    while (is_digit(here())) ++at_;
    return true;
  }

  bool number() {
    if (here() == '-') ++at_;
    if (here() == '0') {
      ++at_;
      if (is_digit(here())) return note(at_ - 1, "a number starts with 0 and has more digits");
    } else if (!digits()) {
      return false;
    }
    if (here() == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (here() == 'e' || here() == 'E') {
      ++at_;
      if (here() == '+' || here() == '-') ++at_;
      if (!digits()) return false;
    }
    return true;
  }

  // The value of the four hexadecimal digits at `from`, or -1.
  [[nodiscard]] int hex4(std::size_t from) const {
    int unit = 0;
    for (std::size_t i = from; i < from + 4; ++i) {
      const char c = i < text_.size() ? text_[i] : '\0';
      if (is_digit(c)) {
        unit = unit * 16 + (c - '0');
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        unit = unit * 16 + ((c | 0x20) - 'a' + 10);
      } else {
        return -1;
      }
    }
    return unit;
  }

  bool escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c != 'u') {
      if (c == '\0' || std::string_view(R"("\/bfnrt)").find(c) == std::string_view::npos) {
        return note(at_,
                    format("a string has the unknown escape \\ and {}", show_byte(text_, at_ + 1)));
      }
      at_ += 2;
      return true;
    }
    const int unit = hex4(at_ + 2);
    if (unit < 0) return note(at_, "\\u is not followed by four hexadecimal digits");
    if (unit < 0xd800 || unit > 0xdfff) {
      at_ += 6;
      return true;
    }
    const int low = text_.substr(at_ + 6, 2) == "\\u" ? hex4(at_ + 8) : -1;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) {
      return note(at_, "\\u escape is half of a surrogate pair");
    }
    at_ += 12;
    return true;
  }

  bool string() {
    const std::size_t start = at_;
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) {
        return note(at_, format("a string contains the control character {}, expected an escape",
                                show_byte(text_, at_)));
      }
      const std::size_t size = utf8_size(text_, at_);
      if (size == 0) return note(at_, format("{} is not valid UTF-8", show_byte(text_, at_)));
      at_ += size;
    }
    return note(start, "a string has no closing quote");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string stack_;  // the open brackets
  std::optional<JsonFault> fault_;
};

}  // namespace

std::string show_byte(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the end";
  const auto byte = static_cast<unsigned char>(text[offset]);
  if (byte > 0x20 && byte < 0x7f) return format("'{}'", text[offset]);
  return format("byte 0x{:02x}", byte);
}

std::optional<JsonFault> find_json_fault(std::string_view text) { return Grammar(text).run(); }

}  // namespace nacre::cli
