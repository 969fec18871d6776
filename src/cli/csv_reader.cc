#include "cli/csv_reader.h"

#include <span>
#include <utility>

#include "base/text.h"

namespace nacre::cli {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

bool is_utf8_mark(std::string_view text) { return text.starts_with("\xef\xbb\xbf"); }

}  // namespace

CsvReader::CsvReader(Input& input, Options options)
    : input_(input), options_(std::move(options)), buffer_(kBlockBytes) {}

Result<std::optional<ReadDocument>> CsvReader::next() {
  if (!columns_) NACRE_TRY(open());
  Row found = NACRE_TRY(row());
  if (!found.is_there) return std::nullopt;
  ReadDocument read{.document = {}, .place = found.place, .reason = std::move(found.problem)};
  if (read.reason.empty()) {
    read.document = columns_->document(found.fields, options_.ignore_blanks, read.reason);
  }
  return read;
}

Result<> CsvReader::open() {
  std::vector<std::string> names = options_.columns;
  if (names.empty()) {
    Row header = NACRE_TRY(row());
    if (!header.problem.empty()) return fail(Code::kInvalid, "header line: " + header.problem);
    if (!header.is_there) return fail(Code::kInvalid, "the file has no header line");
    names = std::move(header.fields);
    if (is_utf8_mark(names.front())) names.front().erase(0, 3);
  }
  columns_ = NACRE_TRY(CsvColumns::parse(names, options_.have_types));
  return {};
}

Result<int> CsvReader::peek() {
  if (at_ == size_) {
    at_ = 0;
    size_ = NACRE_TRY(input_.read(std::as_writable_bytes(std::span(buffer_))));
    if (size_ == 0) return -1;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

void CsvReader::take() {
  if (buffer_[at_] == '\n') ++line_;
  ++at_;
  ++offset_;
}

// From behind the opening quote to behind the closing one.
Result<> CsvReader::quoted_field(Row& row, std::string& field) {
  while (true) {
    const int c = NACRE_TRY(peek());
    if (c == -1) {
      row.problem = "a quote is not closed";
      return {};
    }
    take();
    if (c == '"') {
      const int after = NACRE_TRY(peek());
      if (after != '"') return {};
      take();
    }
    if (field.size() < kFieldBytesMax) {
      field.push_back(static_cast<char>(c));
    } else {
      row.problem = "a field is longer than 16 MB";
    }
  }
}

Result<CsvReader::Row> CsvReader::row() {
  const int separator = options_.tabs ? '\t' : ',';
  Row row;
  // Empty lines.
  int c = NACRE_TRY(peek());
  while (c == '\n' || c == '\r') {
    take();
    c = NACRE_TRY(peek());
  }
  row.place = {.line = line_, .offset = offset_};
  if (c == -1) return row;
  row.is_there = true;
  std::string field;
  bool was_quoted = false;
  for (;; c = NACRE_TRY(peek())) {
    if (c == -1 || c == '\n' || c == separator) {
      if (c != separator && field.ends_with('\r') && !was_quoted) field.pop_back();
      row.fields.push_back(std::exchange(field, {}));
      was_quoted = false;
      if (c != -1) take();
      if (c != separator) return row;
      continue;
    }
    take();
    if (c == '"' && !options_.tabs && field.empty() && !was_quoted) {
      was_quoted = true;
      NACRE_TRY(quoted_field(row, field));
    } else if (was_quoted) {
      if (c != '\r' && row.problem.empty()) row.problem = "text follows a closing quote";
    } else if (field.size() < kFieldBytesMax) {
      field.push_back(static_cast<char>(c));
    } else {
      row.problem = "a field is longer than 16 MB";
    }
  }
}

}  // namespace nacre::cli
