#include "text/time_zone.h"

#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

#include <map>
#include <mutex>
#include <string>

namespace nacre::text {

struct TimeZone::Rules {
  std::unique_ptr<const icu::BasicTimeZone> zone;
};

namespace {

constexpr std::int64_t kMinute = 60 * 1000;
constexpr std::size_t kZonesKept = 1000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "+HH", "+HHMM" or "+HH:MM" as milliseconds.
std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  std::string digits(text.substr(1));
  if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
  if (digits.size() != 2 && digits.size() != 4) return std::nullopt;
  for (const char digit : digits) {
    if (!is_digit(digit)) return std::nullopt;
  }
  const auto number = [&](std::size_t at) {
    return (digits[at] - '0') * 10 + digits[at + 1] - '0';
  };
  const std::int64_t minutes = number(0) * 60 + (digits.size() == 4 ? number(2) : 0);
  return (text[0] == '-' ? -minutes : minutes) * kMinute;
}

}  // namespace

TimeZone TimeZone::at_offset(std::int64_t milliseconds) {
  TimeZone zone;
  zone.offset_ms_ = milliseconds;
  return zone;
}

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC" || name == "GMT" || name == "Z") return TimeZone();
  if (const auto offset = parse_offset(name)) return at_offset(*offset);
  static std::mutex mutex;
  static std::map<std::string, TimeZone, std::less<>> kept;
  const std::scoped_lock lock(mutex);
  if (const auto at = kept.find(name); at != kept.end()) return at->second;
  // ICU also makes zones of texts such as "GMT+7", which Olson does not know; what it does not know
  // at all becomes the unknown zone.
  if (name.empty() || name.starts_with("GMT+") || name.starts_with("GMT-")) return std::nullopt;
  std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(
      icu::UnicodeString::fromUTF8(icu::StringPiece(name.data(), static_cast<int>(name.size())))));
  const auto* basic = dynamic_cast<const icu::BasicTimeZone*>(zone.get());
  if (basic == nullptr || *zone == icu::TimeZone::getUnknown()) return std::nullopt;
  auto rules = std::make_shared<Rules>();
  rules->zone.reset(basic);
  zone.release();  // NOLINT(bugprone-unused-return-value): the rules own it now
  TimeZone found;
  found.rules_ = std::move(rules);
  if (kept.size() < kZonesKept) kept.emplace(name, found);
  return found;
}

std::int64_t TimeZone::offset_at(std::int64_t milliseconds) const {
  if (rules_ == nullptr) return offset_ms_;
  std::int32_t raw = 0;
  std::int32_t saving = 0;
  UErrorCode status = U_ZERO_ERROR;
  rules_->zone->getOffset(static_cast<double>(milliseconds), false, raw, saving, status);
  return std::int64_t{raw} + saving;
}

std::int64_t TimeZone::to_utc(std::int64_t local) const {
  if (rules_ == nullptr) return local - offset_ms_;
  std::int32_t raw = 0;
  std::int32_t saving = 0;
  UErrorCode status = U_ZERO_ERROR;
  rules_->zone->getOffsetFromLocal(static_cast<double>(local), UCAL_TZ_LOCAL_FORMER,
                                   UCAL_TZ_LOCAL_FORMER, raw, saving, status);
  return local - raw - saving;
}

}  // namespace nacre::text
