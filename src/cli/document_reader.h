// DocumentReader: the documents of a JSON file, one after the other, each with its place in it.
//
// What is wrong with a text is reported with the line and byte where it goes wrong; reading goes on
//   behind it wherever that is possible (cli/json_pieces.h).
// Errors:  kIo from the input; nothing else.
// Cost:    memory as JsonPieces; one pass of simdjson over each document.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "cli/input.h"
#include "cli/json_bson.h"
#include "cli/json_pieces.h"
#include "cli/record_reader.h"

namespace nacre::cli {

class DocumentReader final : public RecordReader {
 public:
  explicit DocumentReader(Input& input) : DocumentReader(input, JsonPieces::Limits{}) {}
  DocumentReader(Input& input, JsonPieces::Limits limits) : pieces_(input, limits) {}

  [[nodiscard]] Result<std::optional<ReadDocument>> next() override;

  [[nodiscard]] JsonShape shape() const { return pieces_.shape(); }
  [[nodiscard]] std::uint64_t bytes_consumed() const override { return pieces_.bytes_consumed(); }

 private:
  JsonPieces pieces_;
  JsonToBson converter_;
};

// "cities.json:17: byte 2041: expected ',' or '}', found 'x'"
[[nodiscard]] std::string describe_problem(const std::string& file, Place place,
                                           const std::string& reason);

}  // namespace nacre::cli
