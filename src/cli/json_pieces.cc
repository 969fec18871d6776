#include "cli/json_pieces.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "cli/json_grammar.h"

namespace nacre::cli {
namespace {

[[nodiscard]] bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// What may stand next to a value: everything that ends a number or a word.
[[nodiscard]] bool ends_scalar(char c) {
  return is_space(c) || c == ',' || c == ']' || c == '}' || c == '[' || c == '{';
}

[[nodiscard]] std::string_view kind_of_value(char first) {
  switch (first) {
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

[[nodiscard]] bool starts_value(char c) {
  return c == '{' || c == '[' || c == '"' || c == '-' || (c >= '0' && c <= '9') || c == 't' ||
         c == 'f' || c == 'n';
}

// Follows the brackets of one value, stepping over strings.
class Brackets {
 public:
  // Reads on until the value is closed, a bracket does not match, or the text is used up; returns
  // the bytes taken, a mismatching bracket not among them.
  std::size_t follow(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      if (in_string_) {
        step_in_string(c);
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        closers_.push_back(c == '{' ? '}' : ']');
      } else if (c == '}' || c == ']') {
        if (c != closers_.back()) {
          mismatch_ = closers_.back();
          return at;
        }
        closers_.pop_back();
        if (closers_.empty()) return at + 1;
      }
    }
    return text.size();
  }

  [[nodiscard]] bool closed() const { return closers_.empty(); }
  // The bracket that was due where another one stood; 0 when there was no such place.
  [[nodiscard]] char mismatch() const { return mismatch_; }

 private:
  void step_in_string(char c) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
  }

  std::string closers_;
  bool in_string_ = false;
  bool escaped_ = false;
  char mismatch_ = 0;
};

}  // namespace

JsonPieces::JsonPieces(Input& input, Limits limits)
    : input_(input), limits_(limits), buffer_(limits.read_bytes + kPadding) {}

std::string_view JsonPieces::rest() const { return {buffer_.data() + begin_, end_ - begin_}; }

void JsonPieces::consume(std::size_t count) {
  const char* from = buffer_.data() + begin_;
  line_ += static_cast<std::uint64_t>(std::count(from, from + count, '\n'));
  begin_ += count;
}

Piece JsonPieces::problem_here(std::string reason) const {
  return Piece{.text = {}, .place = here(), .problem = std::move(reason)};
}

Piece JsonPieces::last_problem(std::string reason) {
  state_ = State::kEnd;
  return problem_here(std::move(reason));
}

// Reads more bytes behind end_; moves what is left to the front first, so that positions in the
// buffer change: callers hold distances from begin_. False at the end of the input.
Result<bool> JsonPieces::refill() {
  if (input_ended_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    base_offset_ += begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + limits_.read_bytes + kPadding) {
    buffer_.resize(std::max(end_ + limits_.read_bytes, 2 * end_) + kPadding);
  }
  const std::size_t count = NACRE_TRY(
      input_.read(std::as_writable_bytes(std::span(buffer_.data() + end_, limits_.read_bytes))));
  end_ += count;
  std::memset(buffer_.data() + end_, 0, kPadding);
  input_ended_ = count == 0;
  return count > 0;
}

// Whether the byte `at` bytes behind begin_ exists, reading on until it does.
Result<bool> JsonPieces::ensure(std::size_t at) {
  while (begin_ + at >= end_) {
    const bool more = NACRE_TRY(refill());
    if (!more) return false;
  }
  return true;
}

// Whether anything but white space is left; begin_ then stands on it.
Result<bool> JsonPieces::skip_space() {
  while (true) {
    const bool any = NACRE_TRY(ensure(0));
    if (!any) return false;
    const std::string_view text = rest();
    std::size_t count = 0;
    while (count < text.size() && is_space(text[count])) ++count;
    consume(count);
    if (count < text.size()) return true;
  }
}

Result<std::optional<Piece>> JsonPieces::next() {
  consume(std::exchange(pending_, 0));
  if (state_ == State::kStart) {
    auto problem = NACRE_TRY(start());
    if (problem.has_value()) return problem;
  }
  if (state_ == State::kEnd) return std::nullopt;
  if (shape_ == JsonShape::kLines) return next_line();
  if (shape_ == JsonShape::kDocuments) return next_document();
  return next_element();
}

Result<std::optional<Piece>> JsonPieces::start() {
  const bool three = NACRE_TRY(ensure(2));
  if (three && rest().starts_with("\xef\xbb\xbf")) consume(3);
  if (rest().starts_with("\xff\xfe") || rest().starts_with("\xfe\xff")) {
    return last_problem("the file is UTF-16, expected UTF-8");
  }
  const bool any = NACRE_TRY(skip_space());
  if (!any) {
    state_ = State::kEnd;
    return std::nullopt;
  }
  state_ = State::kFirst;
  if (rest().front() == '[') {
    shape_ = JsonShape::kArray;
    consume(1);
  } else if (rest().front() == '{') {
    shape_ = NACRE_TRY(shape_of_first_line());
  } else {
    return last_problem(
        format("expected '[' or '{{' at the start of the file, found {}", show_byte(rest(), 0)));
  }
  return std::nullopt;
}

// A line that ends after an opening bracket or a comma inside a document was broken there on
// purpose; any other line stands for itself, so that one bad line at the start does not swallow the
// file.
Result<JsonShape> JsonPieces::shape_of_first_line() {
  std::size_t end = rest().find('\n');
  while (end == std::string_view::npos && end_ - begin_ < limits_.document_bytes_max) {
    const bool more = NACRE_TRY(refill());
    if (!more) break;
    end = rest().find('\n');
  }
  if (end == std::string_view::npos) return JsonShape::kLines;
  std::string_view line = rest().substr(0, end);
  while (is_space(line.back())) line.remove_suffix(1);
  const bool open = line.back() == '{' || line.back() == '[' || line.back() == ',';
  const auto fault = find_json_fault(line);
  const bool unfinished = fault.has_value() && fault->offset == line.size();
  return open && unfinished ? JsonShape::kDocuments : JsonShape::kLines;
}

// When the value cut so far, `at` bytes, is longer than allowed, lets go of it and counts on.
Result<bool> JsonPieces::drop_when_too_long(std::size_t& at) {
  if (at <= limits_.document_bytes_max) return false;
  dropping_ = true;
  consume(at);
  at = 0;
  return true;
}

Result<std::optional<Piece>> JsonPieces::next_line() {
  const bool any = NACRE_TRY(skip_space());
  if (!any) return finish();
  const Place place = here();
  dropping_ = false;
  std::size_t at = 0;
  while (true) {
    const bool more = NACRE_TRY(ensure(at));
    if (!more) break;
    const std::string_view text = rest();
    const std::size_t found = text.find('\n', at);
    at = std::min(found, text.size());
    (void)NACRE_TRY(drop_when_too_long(at));
    if (found != std::string_view::npos) break;
  }
  if (dropping_) {
    consume(at);
    return Piece{.text = {},
                 .place = place,
                 .problem = format("the line is longer than {} bytes", limits_.document_bytes_max)};
  }
  std::string_view line = rest().substr(0, at);
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  pending_ = at;
  return Piece{.text = line, .place = place, .problem = {}};
}

Result<std::optional<Piece>> JsonPieces::next_element() {
  if (state_ == State::kBetween) {
    auto problem = NACRE_TRY(after_element());
    if (problem.has_value()) return problem;
  }
  if (state_ == State::kTail) return finish();
  const bool any = NACRE_TRY(skip_space());
  if (!any) return last_problem("the file ends inside the array");
  const char first = rest().front();
  if (first == ']' && state_ == State::kFirst) {
    consume(1);
    state_ = State::kTail;
    return finish();
  }
  if (first == ']') {
    Piece problem = problem_here("expected a document after ',', found ']'");
    consume(1);
    state_ = State::kTail;
    return problem;
  }
  if (!starts_value(first)) {
    return last_problem(format("expected a document, found {}; the rest of the array is not read",
                               show_byte(rest(), 0)));
  }
  state_ = State::kBetween;
  if (first == '{') return cut_value();
  const Place place = here();
  auto value = NACRE_TRY(first == '[' ? cut_value() : cut_scalar());
  if (!value->problem.empty()) return value;
  return Piece{.text = {},
               .place = place,
               .problem = format("expected a document, found {}", kind_of_value(first))};
}

// Between two elements: moves behind the comma, or behind the closing bracket.
Result<std::optional<Piece>> JsonPieces::after_element() {
  const bool any = NACRE_TRY(skip_space());
  if (!any) return last_problem("the file ends inside the array");
  const char c = rest().front();
  if (c == ',') {
    consume(1);
    state_ = State::kAfterComma;
    return std::nullopt;
  }
  if (c == ']') {
    consume(1);
    state_ = State::kTail;
    return std::nullopt;
  }
  if (c == '{') {
    // A forgotten comma is a problem of its own; the document behind it is still a document.
    state_ = State::kAfterComma;
    return problem_here("expected ',' before the next document, found '{'");
  }
  return last_problem(
      format("expected ',' or ']' after a document, found {}; the rest of the "
             "array is not read",
             show_byte(rest(), 0)));
}

Result<std::optional<Piece>> JsonPieces::next_document() {
  const bool any = NACRE_TRY(skip_space());
  if (!any) return finish();
  if (rest().front() != '{') {
    return last_problem(
        format("expected '{{' at the start of a document, found {}; the rest of "
               "the file is not read",
               show_byte(rest(), 0)));
  }
  return cut_value();
}

// From an opening bracket to the one that closes it.
Result<std::optional<Piece>> JsonPieces::cut_value() {
  const Place place = here();
  Brackets brackets;
  dropping_ = false;
  std::size_t at = 0;
  while (true) {
    const bool more = NACRE_TRY(ensure(at));
    if (!more) {
      state_ = State::kEnd;
      return Piece{.text = {}, .place = place, .problem = "the file ends inside this document"};
    }
    at += brackets.follow(rest().substr(at));
    if (brackets.mismatch() != 0) {
      consume(at);
      return last_problem(
          format("expected '{}', found '{}', in the document that begins at line "
                 "{}; the rest of the file is not read",
                 brackets.mismatch(), rest().front(), place.line));
    }
    if (brackets.closed()) break;
    (void)NACRE_TRY(drop_when_too_long(at));
  }
  if (dropping_ || at > limits_.document_bytes_max) {
    consume(at);
    return Piece{
        .text = {},
        .place = place,
        .problem = format("the document is longer than {} bytes", limits_.document_bytes_max)};
  }
  pending_ = at;
  return Piece{.text = rest().substr(0, at), .place = place, .problem = {}};
}

// A string, number or word among the elements of the array; only its end matters.
Result<std::optional<Piece>> JsonPieces::cut_scalar() {
  const Place place = here();
  const bool string = rest().front() == '"';
  bool escaped = false;
  std::size_t at = 1;
  while (true) {
    const bool more = NACRE_TRY(ensure(at));
    if (!more) {
      state_ = State::kEnd;
      return Piece{.text = {}, .place = place, .problem = "the file ends inside the array"};
    }
    const char c = rest()[at];
    if (!string && ends_scalar(c)) break;
    ++at;
    if (string && c == '"' && !escaped) break;
    escaped = string && c == '\\' && !escaped;
    (void)NACRE_TRY(drop_when_too_long(at));
  }
  consume(at);
  return Piece{.text = {}, .place = place, .problem = {}};
}

// At the end of the documents: only white space may follow.
Result<std::optional<Piece>> JsonPieces::finish() {
  const bool any = NACRE_TRY(skip_space());
  state_ = State::kEnd;
  if (!any) return std::nullopt;
  return last_problem(
      format("expected nothing after the end of the array, found {}", show_byte(rest(), 0)));
}

}  // namespace nacre::cli
