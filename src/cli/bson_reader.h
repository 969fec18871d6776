// BsonReader: the documents of a file of BSON documents one after the other, as mongodump writes
// it.
//
// Errors:  kIo from the input. A document that is not valid BSON is a record with a reason; when
//          its length is what is wrong, nothing behind it can be found and it is the last.
// Cost:    memory for the longest document.
// Threads: one thread at a time.
#pragma once

#include <string>

#include "cli/input.h"
#include "cli/record_reader.h"

namespace nacre::cli {

class BsonReader final : public RecordReader {
 public:
  explicit BsonReader(Input& input) : input_(input) {}

  // The `line` of a place is the number of the document, from 1.
  [[nodiscard]] Result<std::optional<ReadDocument>> next() override;
  [[nodiscard]] std::uint64_t bytes_consumed() const override { return offset_; }

 private:
  // Reads until `bytes_` has `size` bytes; false when the file ends before.
  [[nodiscard]] Result<bool> fill(std::size_t size);

  Input& input_;
  std::string bytes_;
  std::uint64_t offset_ = 0;
  std::uint64_t count_ = 0;
  bool is_lost_ = false;  // where the next document begins is not known
};

}  // namespace nacre::cli
