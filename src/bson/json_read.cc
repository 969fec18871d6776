#include <bson/bson.h>

#include <charconv>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/json.h"
#include "bson/json_extended_internal.h"
#include "bson/validate.h"

namespace nacre::bson {
namespace {

using error_codes::kFailedToParse;

// Why not libbson's reader: it refuses some types inside arrays, takes query operators such as
// {"$type": "array"} for values, and gives no place for many errors.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Document> document() {
    NACRE_TRY(check_text());
    skip_space();
    if (peek() != '{') return unexpected("an object");
    ++at_;
    Builder builder;
    NACRE_TRY(members(builder));
    NACRE_TRY(end_of_text());
    return builder.finish();
  }

  Result<Document> array() {
    NACRE_TRY(check_text());
    skip_space();
    if (peek() != '[') return unexpected("an array");
    ++at_;
    Builder builder = Builder::array();
    NACRE_TRY(elements(builder));
    NACRE_TRY(end_of_text());
    return builder.finish();
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  [[nodiscard]] std::unexpected<Error> damaged(std::size_t at, std::string_view what) const {
    return fail(Code::kInvalid, kFailedToParse, format("JSON at byte {}: {}", at, what));
  }

  [[nodiscard]] std::unexpected<Error> unexpected(std::string_view expected) const {
    if (at_ >= text_.size()) {
      return damaged(at_, format("the text ends where {} is expected", expected));
    }
    // Whole characters only: the message must be UTF-8 too.
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0) == 0x80) ++end;
    return damaged(at_,
                   format("'{}' where {} is expected", text_.substr(at_, end - at_), expected));
  }

  [[nodiscard]] Result<> check_text() const {
    if (bson_utf8_validate(text_.data(), text_.size(), /*allow_null=*/true)) return {};
    return damaged(0, "the text is not UTF-8");
  }

  Result<> end_of_text() {
    skip_space();
    if (at_ == text_.size()) return {};
    return unexpected("the end of the text");
  }

  // Behind the opening brace.
  Result<> members(Builder& to) {
    NACRE_TRY(enter());
    skip_space();
    if (peek() == '}') {
      ++at_;
      --depth_;
      return {};
    }
    std::string name;
    while (true) {
      NACRE_TRY(field_name(name));
      NACRE_TRY(value(to, name));
      skip_space();
      const char next = peek();
      if (next != ',' && next != '}') return unexpected("',' or '}'");
      ++at_;
      if (next == '}') break;
      skip_space();
    }
    --depth_;
    return {};
  }

  Result<> field_name(std::string& name) {
    if (peek() != '"') return unexpected("a field name in quotes");
    const std::size_t start = at_;
    NACRE_TRY(string(name));
    if (name.find('\0') != std::string::npos) {
      return damaged(start, "a field name contains a zero byte");
    }
    skip_space();
    if (peek() != ':') return unexpected("':'");
    ++at_;
    return {};
  }

  Result<> elements(Builder& to) {
    NACRE_TRY(enter());
    skip_space();
    if (peek() == ']') {
      ++at_;
      --depth_;
      return {};
    }
    for (std::size_t index = 0;; ++index) {
      NACRE_TRY(value(to, std::to_string(index)));
      skip_space();
      const char next = peek();
      if (next != ',' && next != ']') return unexpected("',' or ']'");
      ++at_;
      if (next == ']') break;
    }
    --depth_;
    return {};
  }

  Result<> enter() {
    if (++depth_ <= kDepthMax) return {};
    return damaged(at_, format("nested deeper than {}", kDepthMax));
  }

  Result<> value(Builder& to, std::string_view name) {
    skip_space();
    switch (peek()) {
      case '{':
        ++at_;
        return object(to, name);
      case '[':
        ++at_;
        to.begin_array(name);
        NACRE_TRY(elements(to));
        to.end();
        return {};
      case '"': {
        std::string text;
        NACRE_TRY(string(text));
        to.append(name, text);
        return {};
      }
      case 't':
        NACRE_TRY(word("true"));
        to.append(name, true);
        return {};
      case 'f':
        NACRE_TRY(word("false"));
        to.append(name, false);
        return {};
      case 'n':
        NACRE_TRY(word("null"));
        to.append(name, Null{});
        return {};
      default:
        return number(to, name);
    }
  }

  Result<> object(Builder& to, std::string_view name) {
    if (!starts_wrapper()) {
      to.begin_document(name);
      NACRE_TRY(members(to));
      to.end();
      return {};
    }
    const std::size_t start = at_ - 1;
    Builder inside;
    NACRE_TRY(members(inside));
    const Document object = inside.finish();
    if (auto complaint = append_unwrapped(to, name, object)) return damaged(start, *complaint);
    return {};
  }

  // Whether the first field of the object whose brace was read is one of Extended JSON's.
  bool starts_wrapper() {
    skip_space();
    if (!text_.substr(at_).starts_with("\"$")) return false;
    const std::size_t end = text_.find('"', at_ + 1);
    return end != std::string_view::npos && is_wrapper(text_.substr(at_ + 1, end - at_ - 1));
  }

  Result<> word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return unexpected("a value");
    at_ += expected.size();
    return {};
  }

  // As JSON spells numbers: no '+', no leading zero, digits on both sides of a point.
  Result<> number(Builder& to, std::string_view name) {
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    const std::size_t whole = digits();
    if (whole == 0) {
      at_ = start;
      return unexpected("a value");
    }
    if (whole > 1 && text_[at_ - whole] == '0') return damaged(start, "a number starts with 0");
    bool integer = true;
    if (peek() == '.') {
      integer = false;
      ++at_;
      if (digits() == 0) return unexpected("a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
      integer = false;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (digits() == 0) return unexpected("a digit");
    }
    const char* const first = text_.data() + start;
    const char* const last = text_.data() + at_;
    std::int64_t exact = 0;
    if (integer && std::from_chars(first, last, exact).ec == std::errc{}) {
      to.append_number(name, exact);
      return {};
    }
    double rounded = 0;
    if (std::from_chars(first, last, rounded).ec != std::errc{}) {
      return damaged(start, "a number is out of the range of a double");
    }
    to.append(name, rounded);
    return {};
  }

  std::size_t digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - start;
  }

  Result<> string(std::string& text) {
    text.clear();
    ++at_;
    while (true) {
      const std::size_t start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      text.append(text_, start, at_ - start);
      if (at_ >= text_.size()) return unexpected("'\"'");
      const char c = text_[at_];
      if (c == '"') break;
      if (c != '\\') return damaged(at_, "a control character in a string");
      ++at_;
      NACRE_TRY(escape(text));
    }
    ++at_;
    return {};
  }

  Result<> escape(std::string& text) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = peek();
    if (letter == 'u') {
      ++at_;
      return unicode(text);
    }
    const std::size_t which = kLetters.find(letter);
    if (at_ >= text_.size() || which == std::string_view::npos) {
      return damaged(at_, "an unknown escape in a string");
    }
    text.push_back(kMeanings[which]);
    ++at_;
    return {};
  }

  Result<std::uint32_t> code_unit() {
    std::uint32_t unit = 0;
    const char* const first = text_.data() + at_;
    const char* const last = first + std::min<std::size_t>(4, text_.size() - at_);
    const auto [end, error] = std::from_chars(first, last, unit, 16);
    if (error != std::errc{} || end != first + 4) {
      return damaged(at_, "\\u takes four hexadecimal digits");
    }
    at_ += 4;
    return unit;
  }

  Result<> unicode(std::string& text) {
    const std::size_t start = at_;
    std::uint32_t point = NACRE_TRY(code_unit());
    if (point >= 0xd800 && point < 0xdc00) {
      if (!text_.substr(at_).starts_with("\\u")) return damaged(start, "half a surrogate pair");
      at_ += 2;
      const std::uint32_t low = NACRE_TRY(code_unit());
      if (low < 0xdc00 || low > 0xdfff) return damaged(start, "half a surrogate pair");
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point < 0xe000) {
      return damaged(start, "half a surrogate pair");
    }
    const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xc0 | point >> 6);
      put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      put(0xe0 | point >> 12);
      put(0x80 | (point >> 6 & 0x3f));
      put(0x80 | (point & 0x3f));
    } else {
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
      put(0x80 | (point >> 6 & 0x3f));
      put(0x80 | (point & 0x3f));
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<Document> from_json(std::string_view text) { return Reader(text).document(); }

Result<Document> array_from_json(std::string_view text) { return Reader(text).array(); }

}  // namespace nacre::bson
