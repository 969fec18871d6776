// What the columns of a CSV or TSV file are: which field each fills, and of which type.
//
//   name,population.int64(),area.km2.double(),seen.date()
//
// Dots make documents inside documents. Types are those of mongoimport, and a few more: auto (the
//   default: a number where it is one, else a string), string, int32, int64, double, decimal,
//   boolean, date (ISO 8601), date_ms, object_id, binary (base64), json.
// Errors:  parse: kInvalid names the column.
// Threads: immutable after parsing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bson/builder.h"

namespace nacre::cli {

enum class ColumnType : std::uint8_t {
  kAuto,
  kString,
  kInt32,
  kInt64,
  kDouble,
  kDecimal,
  kBoolean,
  kDate,
  kDateMilliseconds,
  kObjectId,
  kBinary,
  kJson,
};

class CsvColumns {
 public:
  // `have_types`: a name may end in ".type()".
  [[nodiscard]] static Result<CsvColumns> parse(const std::vector<std::string>& names,
                                                bool have_types);

  [[nodiscard]] std::size_t count() const { return columns_.size(); }

  // The document of one row; `reason` says why there is none. A row may be shorter than the header.
  // `ignore_blanks`: empty fields are left out.
  [[nodiscard]] bson::Document document(const std::vector<std::string>& row, bool ignore_blanks,
                                        std::string& reason) const;

 private:
  struct Column {
    std::string name;  // as in the header, without the type
    ColumnType type = ColumnType::kAuto;
  };
  // A field: of a column, or a document of fields.
  struct Node {
    std::string name;
    std::size_t column = 0;
    std::vector<Node> inside;  // empty: a column
  };

  [[nodiscard]] Result<> add(std::vector<Node>& to, std::string_view path, std::size_t column);
  [[nodiscard]] bool write(const std::vector<Node>& nodes, const std::vector<std::string>& row,
                           bool ignore_blanks, bson::Builder& to, std::string& reason) const;

  std::vector<Column> columns_;
  std::vector<Node> fields_;
};

}  // namespace nacre::cli
