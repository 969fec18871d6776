// JsonPieces: cuts a stream of JSON text into its documents, without parsing them.
//
// Three shapes are recognised by the first bytes: an array of documents, one document per line, and
//   documents that span lines (the first line ends in the middle of one).
// A byte order mark is skipped. After a bad line the next line is good again; in an array a bad
//   document costs only itself as long as the brackets of the text around it can be followed.
// Cost: memory is bounded by the longest document up to `document_bytes_max`; longer ones are
//   skipped over without being held.
// Errors: kIo from the input. What is wrong with the text is a piece with a `problem`.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/input.h"

namespace nacre::cli {

struct Place {
  std::uint64_t line = 1;    // from 1
  std::uint64_t offset = 0;  // bytes from the start of the file
};

struct Piece {
  std::string_view text;  // the document; empty when there is a problem
  Place place;            // of the first byte of the text, or of the problem
  std::string problem;    // why there is no text
};

enum class JsonShape : std::uint8_t { kUnknown, kArray, kLines, kDocuments };

class JsonPieces {
 public:
  // Every text handed out is followed by this many readable bytes, as fast parsers want.
  static constexpr std::size_t kPadding = 64;

  struct Limits {
    std::size_t document_bytes_max = std::size_t{64} << 20;  // of JSON text
    std::size_t read_bytes = std::size_t{1} << 20;
  };

  explicit JsonPieces(Input& input) : JsonPieces(input, Limits{}) {}
  JsonPieces(Input& input, Limits limits);

  // The next piece, nothing at the end. Its text is valid until the next call.
  [[nodiscard]] Result<std::optional<Piece>> next();

  [[nodiscard]] JsonShape shape() const { return shape_; }
  [[nodiscard]] std::uint64_t bytes_consumed() const { return base_offset_ + begin_; }

 private:
  enum class State : std::uint8_t { kStart, kFirst, kBetween, kAfterComma, kTail, kEnd };

  [[nodiscard]] Result<bool> refill();
  [[nodiscard]] Result<bool> ensure(std::size_t at);
  [[nodiscard]] Result<bool> skip_space();
  void consume(std::size_t count);
  void consume_to(std::size_t at) { consume(at - begin_); }
  [[nodiscard]] Place here() const { return {.line = line_, .offset = base_offset_ + begin_}; }
  [[nodiscard]] std::string_view rest() const;
  [[nodiscard]] Piece problem_here(std::string reason) const;
  [[nodiscard]] Piece last_problem(std::string reason);

  [[nodiscard]] Result<std::optional<Piece>> start();
  [[nodiscard]] Result<JsonShape> shape_of_first_line();
  [[nodiscard]] Result<std::optional<Piece>> next_line();
  [[nodiscard]] Result<std::optional<Piece>> next_element();
  [[nodiscard]] Result<std::optional<Piece>> after_element();
  [[nodiscard]] Result<std::optional<Piece>> next_document();
  [[nodiscard]] Result<std::optional<Piece>> cut_value();
  [[nodiscard]] Result<std::optional<Piece>> cut_scalar();
  [[nodiscard]] Result<bool> drop_when_too_long(std::size_t& at);
  [[nodiscard]] Result<std::optional<Piece>> finish();

  Input& input_;
  Limits limits_;
  std::vector<char> buffer_;  // the window of the file from begin_ to end_, and kPadding more
  std::size_t begin_ = 0;     // first byte not consumed
  std::size_t end_ = 0;
  std::size_t pending_ = 0;        // bytes of the last piece, consumed by the next call
  std::uint64_t base_offset_ = 0;  // of buffer_[0] in the file
  std::uint64_t line_ = 1;         // of buffer_[begin_]
  bool input_ended_ = false;
  bool dropping_ = false;  // the value being cut is too long; its bytes are let go
  JsonShape shape_ = JsonShape::kUnknown;
  State state_ = State::kStart;
};

}  // namespace nacre::cli
