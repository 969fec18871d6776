// TimeSeries: a collection of measurements, kept in the order of their time.
//
// Why another key: documents lie under their _id. Measurements lie under the date in their
//   timeField and a tail that no other has, so that a span of time is a range of the table, and one
//   _id may come twice (docs/decisions/0032-a-time-series-lies-in-the-order-of-time.md).
// Buckets: there are none. What is said of them is checked, kept and shown.
// Format:  docs/format/documents.md, "Time series".
// Errors:  kInvalid 72 (InvalidOptions), 2 (BadValue), 14 (TypeMismatch), 40414, 40415.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::document {

class TimeSeries {
 public:
  // Of the option `timeseries` of create.
  [[nodiscard]] static Result<TimeSeries> parse(const bson::Element& option);

  [[nodiscard]] const std::string& time_field() const { return time_field_; }
  [[nodiscard]] const std::string& meta_field() const { return meta_field_; }  // empty: none

  // {timeField, metaField, granularity, bucketMaxSpanSeconds}, with what was not said filled in.
  [[nodiscard]] bson::Document describe() const;
  // With what collMod changes in it: {granularity} or {bucketMaxSpanSeconds,
  // bucketRoundingSeconds}. Buckets may only grow.
  [[nodiscard]] Result<TimeSeries> changed(const bson::View& changes) const;

  // A key for a new document, that no other has. kInvalid 2 when it has no date in its timeField.
  [[nodiscard]] Result<std::string> new_key(const bson::View& document) const;
  // Whether the document may lie under that key.
  [[nodiscard]] bool belongs_under(Bytes key, const bson::View& document) const;
  // kInvalid 72 unless the metaField is all that differs.
  [[nodiscard]] Result<> check_change(const bson::View& before, const bson::View& after) const;

  bool operator==(const TimeSeries&) const = default;

 private:
  std::string time_field_;
  std::string meta_field_;
  std::string granularity_;        // empty: the span was given in seconds
  std::int32_t span_seconds_ = 0;  // of a bucket at most
};

}  // namespace nacre::document
