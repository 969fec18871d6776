#include "cli/csv_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "cli/json_grammar.h"

namespace nacre::cli {
namespace {

struct TypeName {
  std::string_view name;
  ColumnType type;
};
constexpr std::array kTypes = std::to_array<TypeName>({{"auto", ColumnType::kAuto},
                                                       {"string", ColumnType::kString},
                                                       {"int32", ColumnType::kInt32},
                                                       {"int64", ColumnType::kInt64},
                                                       {"double", ColumnType::kDouble},
                                                       {"decimal", ColumnType::kDecimal},
                                                       {"boolean", ColumnType::kBoolean},
                                                       {"date", ColumnType::kDate},
                                                       {"date_ms", ColumnType::kDateMilliseconds},
                                                       {"object_id", ColumnType::kObjectId},
                                                       {"binary", ColumnType::kBinary},
                                                       {"json", ColumnType::kJson}});

std::string_view name_of(ColumnType type) {
  return std::ranges::find(kTypes, type, &TypeName::type)->name;
}

template <class T>
std::optional<T> number_in(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What a spreadsheet would take for a number: "01" and "inf" are texts.
void append_auto(bson::Builder& to, const std::string& name, const std::string& text) {
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  const bool is_plain = !digits.empty() && digits.front() >= '0' && digits.front() <= '9' &&
                        (digits.size() == 1 || digits.front() != '0' || digits[1] == '.');
  if (is_plain) {
    if (const auto whole = number_in<std::int64_t>(text)) {
      to.append_number(name, *whole);
      return;
    }
    if (const auto real = number_in<double>(text)) {
      to.append(name, *real);
      return;
    }
  }
  to.append(name, text);
}

bool append_boolean(bson::Builder& to, const std::string& name, const std::string& text) {
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const bool is_true = lower == "true" || lower == "yes" || lower == "1" || lower == "on";
  const bool is_false = lower == "false" || lower == "no" || lower == "0" || lower == "off";
  if (is_true || is_false) to.append(name, is_true);
  return is_true || is_false;
}

// By Extended JSON, which knows how each of these is written.
bool append_json(bson::Builder& to, const std::string& name, const std::string& json) {
  const std::string wrapped = "{\"\":" + json + "}";
  if (find_json_fault(wrapped).has_value()) return false;
  const auto document = bson::from_json(wrapped);
  if (!document) return false;
  to.append(name, *document->view().begin());
  return true;
}

bool append_wrapped(bson::Builder& to, const std::string& name, std::string_view wrapper,
                    const std::string& text) {
  if (text.find_first_of("\"\\") != std::string::npos) return false;
  if (wrapper == "$binary") {
    return append_json(to, name, R"({"$binary":{"subType":"00","base64":")" + text + "\"}}");
  }
  return append_json(to, name, format("{{\"{}\":\"{}\"}}", wrapper, text));
}

bool append_value(bson::Builder& to, const std::string& name, ColumnType type,
                  const std::string& text) {
  const auto append = [&](const auto& value) {
    if (value) to.append(name, *value);
    return value.has_value();
  };
  switch (type) {
    case ColumnType::kAuto:
      append_auto(to, name, text);
      return true;
    case ColumnType::kString:
      to.append(name, text);
      return true;
    case ColumnType::kInt32:
      return append(number_in<std::int32_t>(text));
    case ColumnType::kInt64:
      return append(number_in<std::int64_t>(text));
    case ColumnType::kDouble:
      return append(number_in<double>(text));
    case ColumnType::kDecimal:
      return append_wrapped(to, name, "$numberDecimal", text);
    case ColumnType::kBoolean:
      return append_boolean(to, name, text);
    case ColumnType::kDate:
      return append_wrapped(to, name, "$date", text);
    case ColumnType::kDateMilliseconds:
      if (const auto since = number_in<std::int64_t>(text)) {
        to.append(name, bson::Date{*since});
        return true;
      }
      return false;
    case ColumnType::kObjectId:
      return append(bson::object_id_from_hex(text));
    case ColumnType::kBinary:
      return append_wrapped(to, name, "$binary", text);
    case ColumnType::kJson:
      return append_json(to, name, text);
  }
  return false;
}

}  // namespace

Result<CsvColumns> CsvColumns::parse(const std::vector<std::string>& names, bool have_types) {
  CsvColumns columns;
  for (const std::string& name : names) {
    Column column{.name = name};
    const std::size_t dot = name.rfind('.');
    if (have_types && name.ends_with("()") && dot != std::string::npos) {
      const std::string_view wanted = std::string_view(name).substr(dot + 1, name.size() - dot - 3);
      const auto* const known = std::ranges::find(kTypes, wanted, &TypeName::name);
      if (known == kTypes.end()) {
        return fail(Code::kInvalid, format("column {}: there is no type {}()", name, wanted));
      }
      column = {.name = name.substr(0, dot), .type = known->type};
    }
    NACRE_TRY(columns.add(columns.fields_, column.name, columns.columns_.size()));
    columns.columns_.push_back(std::move(column));
  }
  if (columns.columns_.empty()) return fail(Code::kInvalid, "there are no columns");
  return columns;
}

Result<> CsvColumns::add(std::vector<Node>& to, std::string_view path, std::size_t column) {
  const std::size_t dot = path.find('.');
  const std::string_view step = path.substr(0, dot);
  if (step.empty()) return fail(Code::kInvalid, format("column {} has no name", column + 1));
  const auto there = std::ranges::find(to, step, &Node::name);
  if (dot == std::string_view::npos) {
    if (there != to.end()) return fail(Code::kInvalid, format("column {} is there twice", path));
    to.push_back({.name = std::string(step), .column = column, .inside = {}});
    return {};
  }
  if (there != to.end()) {
    if (there->inside.empty()) {
      return fail(Code::kInvalid, format("column {} is a value and a document", step));
    }
    return add(there->inside, path.substr(dot + 1), column);
  }
  to.push_back({.name = std::string(step), .column = 0, .inside = {}});
  return add(to.back().inside, path.substr(dot + 1), column);
}

bson::Document CsvColumns::document(const std::vector<std::string>& row, bool ignore_blanks,
                                    std::string& reason) const {
  bson::Builder builder;
  if (row.size() > columns_.size()) {
    reason = format("the row has {} fields, expected at most {}", row.size(), columns_.size());
    return {};
  }
  if (!write(fields_, row, ignore_blanks, builder, reason)) return {};
  return builder.finish();
}

bool CsvColumns::write(const std::vector<Node>& nodes, const std::vector<std::string>& row,
                       bool ignore_blanks, bson::Builder& to, std::string& reason) const {
  for (const Node& node : nodes) {
    if (!node.inside.empty()) {
      bson::Builder inside;
      if (!write(node.inside, row, ignore_blanks, inside, reason)) return false;
      const bson::Document document = inside.finish();
      if (!document.view().empty()) to.append(node.name, document);
      continue;
    }
    if (node.column >= row.size()) continue;
    const std::string& text = row[node.column];
    const Column& column = columns_[node.column];
    const bool is_text = column.type == ColumnType::kAuto || column.type == ColumnType::kString;
    // An empty field is an empty text, and no number or date at all.
    if (text.empty() && (ignore_blanks || !is_text)) continue;
    if (append_value(to, node.name, column.type, text)) continue;
    reason = format("column {}: \"{}\" is not of type {}", column.name, text, name_of(column.type));
    return false;
  }
  return true;
}

}  // namespace nacre::cli
