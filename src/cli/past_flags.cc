#include "cli/past_flags.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "cli/json_grammar.h"

namespace nacre::cli {
namespace {

std::optional<std::uint64_t> whole(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A date as Extended JSON has it, to the millisecond; the whole of that millisecond counts.
Result<Time> parse_time(const std::string& text) {
  const std::string json = format("{{\"t\":{{\"$date\":\"{}\"}}}}", text);
  if (!find_json_fault(json).has_value()) {
    const auto document = bson::from_json(json);
    if (document && document->find("t").is(bson::Type::kDate)) {
      const auto milliseconds = document->find("t").date().milliseconds;
      if (milliseconds >= 0) return Time{static_cast<std::uint64_t>(milliseconds) * 1000 + 999};
    }
  }
  return fail(Code::kInvalid, format("--at is {}, expected a position such as 1234 or a time such "
                                     "as 2026-11-28T09:30:00Z",
                                     text));
}

}  // namespace

void PastFlags::declare(Arguments& arguments) {
  arguments.option("--at", "WHEN", at,
                   "As of then: a position (1234) or a time (2026-11-28T09:30:00Z).");
}

Result<std::optional<document::Snapshot>> PastFlags::open(OpenDatabase& database) const {
  if (at.empty()) return std::nullopt;
  if (const auto position = whole(at)) {
    return NACRE_TRY(database->snapshot_at(Position{*position}));
  }
  const Time time = NACRE_TRY(parse_time(at));
  return NACRE_TRY(database->snapshot_at_time(time));
}

Result<query::Scope> scope_of(OpenDatabase& database, const std::optional<document::Snapshot>& past,
                              const std::string& collection) {
  query::Scope scope = database.scope();
  if (!past) {
    NACRE_TRY(database.require_collection(collection));
    return scope;
  }
  if (past->catalog().find(collection) == nullptr) {
    return fail(Code::kNotFound, format("at position {} there was no collection {}",
                                        number(past->position()), collection));
  }
  scope.at = &*past;
  return scope;
}

Result<bson::Document> parse_id(const std::string& word) {
  const std::string json = format("{{\"_id\":{}}}", word);
  if (!find_json_fault(json).has_value()) return bson::from_json(json);
  return bson::Builder().append("_id", word).finish();
}

Result<Position> parse_position(const std::string& option, const std::string& text) {
  if (const auto position = whole(text)) return Position{*position};
  return fail(Code::kInvalid, format("{} is {}, expected a position such as 1234", option, text));
}

std::string show_time(Time time) {
  using std::chrono::days;
  const auto since = std::chrono::sys_time<std::chrono::microseconds>(
      std::chrono::microseconds(static_cast<std::int64_t>(number(time))));
  const auto day = std::chrono::floor<days>(since);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(since - day);
  return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                clock.subseconds().count());
}

}  // namespace nacre::cli
