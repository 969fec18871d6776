// RecordReader: the documents of a file of some format, one after the other, each with its place.
//
// Errors:  kIo from the input; what is wrong with one record is its `reason`, not an error.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "cli/json_pieces.h"

namespace nacre::cli {

struct ReadDocument {
  bson::Document document;
  Place place;         // where the document begins, or where it goes wrong
  std::string reason;  // why there is no document; empty when there is one
};

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  // Nothing at the end.
  [[nodiscard]] virtual Result<std::optional<ReadDocument>> next() = 0;
  [[nodiscard]] virtual std::uint64_t bytes_consumed() const = 0;
};

}  // namespace nacre::cli
