// What the API knows of an error beyond what a wire tells.
#include <algorithm>
#include <utility>
#include <vector>

#include "aggregation/stage_table.h"
#include "api/state_internal.h"
#include "base/nearest.h"
#include "base/text.h"
#include "expression/operators.h"

namespace nacre {
namespace {

// Names of MongoDB's language that are neither stages nor expressions: of filters, updates,
// accumulators and windows, and of geo queries.
constexpr std::string_view kNames =
    "$accumulator $addToSet $all $alwaysFalse $alwaysTrue $and $avg $bit $bitsAllClear "
    "$bitsAllSet $bitsAnyClear $bitsAnySet $bottom $bottomN $box $caseSensitive $center "
    "$centerSphere $comment $count $covariancePop $covarianceSamp $currentDate $denseRank "
    "$derivative $diacriticSensitive $documentNumber $each $elemMatch $eq $exists $expMovingAvg "
    "$expr $geoIntersects $geoWithin $geometry $inc $integral $jsonSchema $language $linearFill "
    "$locf $maxDistance $minDistance $mod $mul $natural $near $nearSphere $nin $nor $not $options "
    "$or $polygon $pop $position $pull $pullAll $push $rank $regex $rename $sampleRate $search "
    "$setOnInsert $shift $slice $sum $text $top $topN $type $unset $where ";

// All of them, ascending.
const std::vector<std::string_view>& known_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (std::string_view rest = kNames; !rest.empty();) {
      const std::size_t end = rest.find(' ');
      all.push_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    for (const expression::OperatorRow& row : expression::operator_rows()) {
      all.push_back(row.name);
    }
    for (const aggregation::StageRow& row : aggregation::stage_rows()) all.push_back(row.name);
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return all;
  }();
  return names;
}

// The first "$word" of a message.
std::string_view operator_in(std::string_view what) {
  const std::size_t dollar = what.find('$');
  if (dollar == std::string_view::npos) return {};
  std::size_t end = dollar + 1;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  while (end < what.size() && is_letter(what[end])) ++end;
  return end - dollar > 1 ? what.substr(dollar, end - dollar) : std::string_view();
}

// `details` and what is new; a name that is there already stays as it is.
std::string with_fields(
    const std::string& details,
    std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  bson::Builder builder;
  const bson::View before = details.empty() ? bson::View() : bson::View::trusted(as_bytes(details));
  builder.append_all(before);
  for (const auto& [name, value] : fields) {
    if (!value.empty() && !before.find(name)) builder.append(name, value);
  }
  return builder.finish().release();
}

Error rebuilt(const Error& error, std::string what, std::string details) {
  return Error(error.code(), std::move(what))
      .with_number(error.number())
      .with_details(std::move(details));
}

}  // namespace

Error detail::explained(Error error, const std::string& collection) {
  const bool is_about_language =
      error.code() == Code::kInvalid || error.code() == Code::kUnsupported;
  const std::string_view name = is_about_language ? operator_in(error.what()) : std::string_view();
  const bool is_known = name.empty() || std::ranges::binary_search(known_names(), name);
  const std::string_view near = is_known ? std::string_view() : nearest_name(name, known_names());
  std::string details = with_fields(
      error.details(), {{"collection", collection}, {"name", name}, {"suggestion", near}});
  if (near.empty()) return std::move(error).with_details(std::move(details));
  return rebuilt(error, format("{}; did you mean '{}'?", error.what(), near), std::move(details));
}

Error detail::unknown_name(Code code, std::int32_t number, std::string what,
                           const std::string& collection, std::string_view name,
                           const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view near = nearest_name(name, names);
  if (!near.empty()) what += format("; did you mean '{}'?", near);
  return Error(code, std::move(what))
      .with_number(number)
      .with_details(
          with_fields({}, {{"collection", collection}, {"name", name}, {"suggestion", near}}));
}

ErrorInfo describe(const Error& error) {
  ErrorInfo info;
  if (error.details().empty()) return info;
  info.details = detail::Access::document(error.details());
  const auto text = [&](std::string_view name) {
    return info.details.get_string(name).value_or(std::string());
  };
  const auto version = [&](std::string_view name) -> std::optional<std::uint64_t> {
    const auto number = info.details.get_int64(name);
    if (!number) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  };
  info.collection = text("collection");
  info.name = text("name");
  info.suggestion = text("suggestion");
  info.expected_version = version("expectedVersion");
  info.found_version = version("foundVersion");
  info.key_pattern = info.details.get_document("keyPattern");
  info.key_value = info.details.get_document("keyValue");
  return info;
}

}  // namespace nacre
