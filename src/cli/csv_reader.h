// CsvReader: the rows of a CSV or TSV file as documents.
//
// CSV is RFC 4180's: fields in quotes may hold commas, quotes (doubled) and line ends. TSV has no
//   quotes. Lines end in LF or CRLF; empty lines and a byte order mark are skipped.
// Errors:  as RecordReader; a field beyond kFieldBytesMax or text behind a closing quote is a
//          problem of its row.
// Cost:    memory for one row and one block of the file.
// Threads: one thread at a time.
#pragma once

#include <string>
#include <vector>

#include "cli/csv_columns.h"
#include "cli/input.h"
#include "cli/record_reader.h"

namespace nacre::cli {

class CsvReader final : public RecordReader {
 public:
  static constexpr std::size_t kFieldBytesMax = std::size_t{16} << 20;
  struct Options {
    bool tabs = false;                   // TSV
    std::vector<std::string> columns{};  // empty: the first row names them
    bool have_types = false;
    bool ignore_blanks = false;
  };

  CsvReader(Input& input, Options options);

  // kInvalid when the columns make no sense.
  [[nodiscard]] Result<std::optional<ReadDocument>> next() override;
  [[nodiscard]] std::uint64_t bytes_consumed() const override { return offset_; }

 private:
  struct Row {
    std::vector<std::string> fields;
    Place place;
    std::string problem;
    bool is_there = false;
  };

  [[nodiscard]] Result<> open();
  [[nodiscard]] Result<Row> row();
  [[nodiscard]] Result<> quoted_field(Row& row, std::string& field);
  // The next byte without taking it; -1 at the end.
  [[nodiscard]] Result<int> peek();
  void take();

  Input& input_;
  Options options_;
  std::optional<CsvColumns> columns_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t line_ = 1;
};

}  // namespace nacre::cli
