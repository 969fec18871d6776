#include "document/time_series.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/key_encoder.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;

using error_codes::kBadValue;
using error_codes::kIDLFailedToParse;
using error_codes::kIDLUnknownField;
using error_codes::kInvalidOptions;
using error_codes::kTypeMismatch;
constexpr std::int64_t kSpanSecondsMax = std::int64_t{365} * 86'400;
constexpr std::size_t kTailBytes = 13;  // of an encoded ObjectId

struct Granularity {
  std::string_view name;
  std::int32_t span_seconds;
};
// Ascending.
constexpr auto kGranularities =
    std::to_array<Granularity>({{"seconds", 3'600}, {"minutes", 86'400}, {"hours", 30 * 86'400}});

std::unexpected<Error> invalid(std::string what) {
  return fail(Code::kInvalid, kInvalidOptions, std::move(what));
}

Result<std::string> name_in(const bson::View& options, std::string_view option) {
  const Element name = options.find(option);
  if (!name || name.is_null_like()) return std::string();
  if (!name.is(Type::kString)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'timeseries.{}' is the wrong type '{}', expected type 'string'",
                       option, bson::name(name.type())));
  }
  if (name.string().contains('\0')) {
    return fail(Code::kInvalid, kBadValue, format("'{}' must not hold a null byte", option));
  }
  if (name.string().contains('.')) {
    return invalid(format("'{}' must be a top-level field and not contain a '.'", option));
  }
  return std::string(name.string());
}

Result<std::optional<std::int32_t>> seconds_in(const bson::View& options, std::string_view option) {
  const Element seconds = options.find(option);
  if (!seconds || seconds.is_null_like()) return std::nullopt;
  if (!seconds.is_number()) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'timeseries.{}' is the wrong type '{}', expected a number",
                       option, bson::name(seconds.type())));
  }
  const double value = seconds.as_double().value_or(0);
  if (!(value >= 1 && value <= static_cast<double>(kSpanSecondsMax))) {
    return fail(Code::kInvalid, kBadValue,
                format("BSON field 'timeseries.{}' must be from 1 to {}", option, kSpanSecondsMax));
  }
  return static_cast<std::int32_t>(value);
}

// What an option says of buckets.
struct Buckets {
  const Granularity* granularity = nullptr;  // null: not said
  std::optional<std::int32_t> span;
  std::optional<std::int32_t> rounding;

  [[nodiscard]] bool say_nothing() const { return granularity == nullptr && !span && !rounding; }
};

Result<Buckets> read_buckets(const bson::View& options) {
  Buckets buckets;
  const Element granularity = options.find("granularity");
  if (granularity && !granularity.is_null_like()) {
    const std::string_view name =
        granularity.is(Type::kString) ? granularity.string() : std::string_view();
    const auto* found = std::ranges::find(kGranularities, name, &Granularity::name);
    if (found == kGranularities.end()) {
      return fail(Code::kInvalid, kBadValue,
                  format("Enumeration value '{}' for field 'timeseries.granularity' is not a valid "
                         "value.",
                         name));
    }
    buckets.granularity = &*found;
  }
  buckets.span = NACRE_TRY(seconds_in(options, "bucketMaxSpanSeconds"));
  buckets.rounding = NACRE_TRY(seconds_in(options, "bucketRoundingSeconds"));
  if (buckets.granularity != nullptr) {
    const std::int32_t usual = buckets.granularity->span_seconds;
    if (buckets.span.value_or(usual) != usual) {
      return invalid(
          format("Timeseries 'bucketMaxSpanSeconds' is not configurable to a value other than the "
                 "default of {} for the provided granularity",
                 usual));
    }
    if (buckets.rounding) {
      return invalid(
          "Timeseries 'bucketRoundingSeconds' is not configurable alongside granularity");
    }
    return buckets;
  }
  if (buckets.span.has_value() != buckets.rounding.has_value()) {
    return invalid(
        "Timeseries 'bucketMaxSpanSeconds' and 'bucketRoundingSeconds' need to be set alongside "
        "each other");
  }
  if (buckets.span != buckets.rounding) {
    return invalid(
        "Timeseries 'bucketRoundingSeconds' needs to be equal to 'bucketMaxSpanSeconds'");
  }
  return buckets;
}

Result<> check_names(const bson::View& options) {
  constexpr auto kKnown = std::to_array<std::string_view>(
      {"timeField", "metaField", "granularity", "bucketMaxSpanSeconds", "bucketRoundingSeconds"});
  for (const Element& option : options) {
    if (std::ranges::find(kKnown, option.name()) != kKnown.end()) continue;
    return fail(Code::kInvalid, kIDLUnknownField,
                format("BSON field 'timeseries.{}' is an unknown field.", option.name()));
  }
  return {};
}

// Fields but that one, in order.
class OtherFields {
 public:
  OtherFields(const bson::View& document, std::string_view left_out)
      : at_(document.begin()), left_out_(left_out) {
    skip();
  }
  [[nodiscard]] Element here() const { return *at_; }
  void advance() {
    ++at_;
    skip();
  }

 private:
  void skip() {
    while (*at_ && !left_out_.empty() && at_->name() == left_out_) ++at_;
  }

  bson::View::Iterator at_;
  std::string_view left_out_;
};

std::string key_of_time(bson::Date time) {
  std::string key;
  bson::append_key(key, bson::Value(time).element(), bson::Direction::kAscending);
  return key;
}

}  // namespace

Result<TimeSeries> TimeSeries::parse(const Element& option) {
  if (!option.is(Type::kDocument)) {
    return fail(Code::kInvalid, kTypeMismatch,
                format("BSON field 'create.timeseries' is the wrong type '{}', expected type "
                       "'object'",
                       bson::name(option.type())));
  }
  const bson::View options = option.document();
  NACRE_TRY(check_names(options));
  TimeSeries series;
  series.time_field_ = NACRE_TRY(name_in(options, "timeField"));
  if (!options.find("timeField")) {
    return fail(Code::kInvalid, kIDLFailedToParse,
                "BSON field 'create.timeseries.timeField' is missing but a required field");
  }
  series.meta_field_ = NACRE_TRY(name_in(options, "metaField"));
  if (series.time_field_.empty() || series.time_field_ == "_id") {
    return invalid("'timeField' must be the name of a field other than '_id'");
  }
  if (series.meta_field_ == "_id") return invalid("'metaField' cannot be \"_id\"");
  if (series.meta_field_ == series.time_field_) {
    return invalid("'metaField' cannot be the same as 'timeField'");
  }
  const Buckets buckets = NACRE_TRY(read_buckets(options));
  const Granularity& granularity =
      buckets.granularity != nullptr ? *buckets.granularity : kGranularities.front();
  if (!buckets.rounding) series.granularity_ = granularity.name;
  series.span_seconds_ = buckets.span.value_or(granularity.span_seconds);
  return series;
}

bson::Document TimeSeries::describe() const {
  bson::Builder options;
  options.append("timeField", time_field_);
  if (!meta_field_.empty()) options.append("metaField", meta_field_);
  if (granularity_.empty()) {
    options.append("bucketRoundingSeconds", span_seconds_);
  } else {
    options.append("granularity", granularity_);
  }
  options.append("bucketMaxSpanSeconds", span_seconds_);
  return options.finish();
}

Result<TimeSeries> TimeSeries::changed(const bson::View& changes) const {
  NACRE_TRY(check_names(changes));
  for (const std::string_view fixed : {"timeField", "metaField"}) {
    if (!changes.find(fixed)) continue;
    return fail(Code::kInvalid, kIDLUnknownField,
                format("BSON field 'collMod.timeseries.{}' is an unknown field.", fixed));
  }
  const Buckets buckets = NACRE_TRY(read_buckets(changes));
  if (buckets.say_nothing()) return *this;
  TimeSeries series = *this;
  if (buckets.granularity != nullptr) {
    series.granularity_ = buckets.granularity->name;
    series.span_seconds_ = buckets.granularity->span_seconds;
  } else {
    series.granularity_.clear();
    series.span_seconds_ = *buckets.span;
  }
  if (series.span_seconds_ >= span_seconds_) return series;
  if (buckets.granularity != nullptr) {
    return invalid(
        "Invalid transition for timeseries.granularity. Can only transition from 'seconds' to "
        "'minutes' or 'minutes' to 'hours'.");
  }
  return invalid("Timeseries 'bucketMaxSpanSeconds' needs to be equal or greater to transition");
}

Result<std::string> TimeSeries::new_key(const bson::View& document) const {
  const Element time = document.find(time_field_);
  if (!time.is(Type::kDate)) {
    return fail(
        Code::kInvalid, kBadValue,
        format("'{}' must be present and contain a valid BSON UTC datetime value", time_field_));
  }
  std::string key = key_of_time(time.date());
  bson::append_key(key, bson::Value(bson::new_object_id()).element(), bson::Direction::kAscending);
  return key;
}

bool TimeSeries::belongs_under(Bytes key, const bson::View& document) const {
  const Element time = document.find(time_field_);
  if (!time.is(Type::kDate)) return false;
  const std::string begin = key_of_time(time.date());
  return key.size() == begin.size() + kTailBytes && as_text(key).starts_with(begin);
}

Result<> TimeSeries::check_change(const bson::View& before, const bson::View& after) const {
  OtherFields old_fields(before, meta_field_);
  OtherFields new_fields(after, meta_field_);
  while (old_fields.here() && new_fields.here()) {
    if (!equal(old_fields.here().bytes(), new_fields.here().bytes())) break;
    old_fields.advance();
    new_fields.advance();
  }
  if (!old_fields.here() && !new_fields.here()) return {};
  return invalid(
      "Cannot perform an update on a time-series collection on a field that is not the metaField");
}

}  // namespace nacre::document
