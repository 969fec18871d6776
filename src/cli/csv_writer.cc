#include "cli/csv_writer.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "bson/json.h"

namespace nacre::cli {
namespace {

// "2020-01-02T03:04:05Z", with milliseconds where there are some; what has no such name as the
// number of milliseconds.
std::string text_of(bson::Date date) {
  using std::chrono::days;
  constexpr std::int64_t kYears = std::int64_t{9000} * 366 * 86'400'000;
  if (date.milliseconds > kYears / 2 || date.milliseconds < -kYears / 8) {
    return format("{}", date.milliseconds);
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(date.milliseconds)};
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text =
      format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(ymd.year()),
             static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
             clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += format(".{:03}", clock.subseconds().count());
  return text + "Z";
}

std::string text_of(const bson::Element& value) {
  switch (value.type()) {
    case bson::Type::kMissing:
    case bson::Type::kNull:
    case bson::Type::kUndefined:
      return {};
    case bson::Type::kString:
    case bson::Type::kSymbol:
      return std::string(value.string());
    case bson::Type::kObjectId:
      return bson::to_hex(value.object_id());
    case bson::Type::kDate:
      return text_of(value.date());
    case bson::Type::kDecimal128: {
      const std::string json = bson::to_json(value);
      const std::size_t begin = json.find(":\"");
      return json.substr(begin + 2, json.size() - begin - 4);
    }
    default:
      return bson::to_json(value);
  }
}

}  // namespace

std::vector<std::string> split_fields(std::string_view fields) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= fields.size();) {
    const std::size_t end = std::min(fields.find(',', begin), fields.size());
    parts.emplace_back(fields.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

CsvWriter::CsvWriter(std::string_view fields, bool have_types, bool tabs)
    : titles_(split_fields(fields)), paths_(titles_), tabs_(tabs) {
  for (std::string& path : paths_) {
    if (have_types && path.ends_with("()")) path.resize(path.rfind('.'));
  }
}

std::string CsvWriter::header() const {
  std::string line;
  for (const std::string& title : titles_) {
    if (!line.empty()) line.push_back(tabs_ ? '\t' : ',');
    append_field(line, title);
  }
  return line + "\n";
}

void CsvWriter::append(std::string& to, const bson::View& document) const {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (i > 0) to.push_back(tabs_ ? '\t' : ',');
    append_field(to, text_of(document.get(paths_[i])));
  }
  to.push_back('\n');
}

void CsvWriter::append_field(std::string& to, std::string_view text) const {
  if (tabs_) {
    for (const char c : text) to.push_back(c == '\t' || c == '\n' || c == '\r' ? ' ' : c);
    return;
  }
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    to.append(text);
    return;
  }
  to.push_back('"');
  for (const char c : text) {
    if (c == '"') to.push_back('"');
    to.push_back(c);
  }
  to.push_back('"');
}

}  // namespace nacre::cli
