// CsvWriter: documents as rows of a CSV or TSV file.
//
// Texts, numbers, booleans and dates are written as CsvReader reads them; documents and arrays as
//   JSON; null and missing as nothing. CSV fields are quoted where they must be; a tab or line end
//   in a TSV field becomes a space.
// Threads: immutable once made.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bson/value.h"

namespace nacre::cli {

class CsvWriter {
 public:
  // `fields`: paths with commas between; with types, each ends in ".type()", which only the header
  // shows.
  CsvWriter(std::string_view fields, bool have_types, bool tabs);

  [[nodiscard]] std::string header() const;
  // One row, with its line end.
  void append(std::string& to, const bson::View& document) const;

 private:
  void append_field(std::string& to, std::string_view text) const;

  std::vector<std::string> titles_;
  std::vector<std::string> paths_;
  bool tabs_;
};

// "a,b.c" as its parts.
[[nodiscard]] std::vector<std::string> split_fields(std::string_view fields);

}  // namespace nacre::cli
