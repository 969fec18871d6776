#include <gtest/gtest.h>

#include "expression/expression_testing.h"

namespace nacre::expression {
namespace {

constexpr std::string_view kRow = R"({"d": {"$date": "2017-01-01T12:05:06.789Z"}})";

TEST(DateParts, AreThoseThatAClockInTheZoneShows) {
  expect(R"({"$year": "$d"})", "2017", kRow);
  expect(R"({"$month": "$d"})", "1", kRow);
  expect(R"({"$dayOfWeek": "$d"})", "1", kRow);
  expect(R"({"$isoDayOfWeek": "$d"})", "7", kRow);
  expect(R"({"$week": "$d"})", "1", kRow);
  expect(R"({"$isoWeek": "$d"})", "52", kRow);
  expect(R"({"$isoWeekYear": "$d"})", R"({"$numberLong": "2016"})", kRow);
  expect(R"({"$hour": {"date": "$d", "timezone": "America/New_York"}})", "7", kRow);
  expect(R"({"$minute": {"date": "$d", "timezone": "+05:30"}})", "35", kRow);
  expect(R"({"$millisecond": ["$d"]})", "789", kRow);
  expect(R"({"$dayOfYear": {"$date": "2020-12-31T00:00:00Z"}})", "366");
  expect(R"({"$year": {"$date": {"$numberLong": "-1"}}})", "1969");
}

// The arithmetic of the calendar once overflowed there, which is undefined.
TEST(DateParts, ExistAtTheEndsOfTime) {
  expect(R"({"$year": {"$date": {"$numberLong": "-9223372036854775808"}}})", "-292275055");
  expect(R"({"$second": {"date": {"$date": {"$numberLong": "-9223372036854775808"}},
             "timezone": "America/New_York"}})",
         "4");
  expect(R"({"$year": {"date": {"$date": {"$numberLong": "9223372036854775807"}},
             "timezone": "+05:30"}})",
         "292278994");
}

TEST(DateParts, RefuseWhatIsNoDateOrZone) {
  expect(R"({"$year": "$x"})", "null");
  expect(R"({"$year": "2017"})", "error 16006");
  expect(R"({"$year": {"date": "$d", "timezone": "Nowhere/At_All"}})", "error 40485", kRow);
  expect(R"({"$year": {"date": "$d", "timezone": 5}})", "error 40517", kRow);
  expect(R"({"$year": {"timezone": "UTC"}})", "error 40539");
  expect(R"({"$year": {"date": "$d", "x": 1}})", "error 40535", kRow);
  expect(R"({"$year": ["$d", "$d"]})", "error 40536", kRow);
}

TEST(DateParts, GoTogetherIntoADateAndOutOfIt) {
  expect(R"({"$dateToParts": {"date": "$d"}})",
         R"({"year": 2017, "month": 1, "day": 1, "hour": 12, "minute": 5, "second": 6,
             "millisecond": 789})",
         kRow);
  expect(R"({"$dateToParts": {"date": "$d", "iso8601": true, "timezone": "UTC"}})",
         R"({"isoWeekYear": 2016, "isoWeek": 52, "isoDayOfWeek": 7, "hour": 12, "minute": 5,
             "second": 6, "millisecond": 789})",
         kRow);
  expect(R"({"$dateFromParts": {"year": 2017, "month": 14, "day": 0}})",
         R"({"$date": "2018-01-31T00:00:00Z"})");
  expect(
      R"({"$dateFromParts": {"year": 2017, "hour": 12, "timezone": "Europe/London", "month": 7}})",
      R"({"$date": "2017-07-01T11:00:00Z"})");
  expect(R"({"$dateFromParts": {"isoWeekYear": 2016, "isoWeek": 52, "isoDayOfWeek": 7}})",
         R"({"$date": "2017-01-01T00:00:00Z"})");
  expect(R"({"$dateFromParts": {"year": 10000}})", "error 40523");
  expect(R"({"$dateFromParts": {"year": 2017, "month": 40000}})", "error 31034");
  expect(R"({"$dateFromParts": {"month": 1}})", "error 40516");
  expect(R"({"$dateFromParts": {"year": 2017, "isoWeek": 1}})", "error 40525");
  expect(R"({"$dateFromParts": {"year": 2017, "month": null}})", "null");
}

TEST(DateArithmetic, MonthsKeepToTheirLastDayAndDaysToTheClock) {
  expect(R"({"$dateAdd": {"startDate": {"$date": "2021-01-31T00:00:00Z"}, "unit": "month",
             "amount": 1}})",
         R"({"$date": "2021-02-28T00:00:00Z"})");
  // The day of the change has 23 hours: a day is not 24 of them.
  expect(R"({"$dateAdd": {"startDate": {"$date": "2021-03-27T11:00:00Z"}, "unit": "day",
             "amount": 1, "timezone": "Europe/Berlin"}})",
         R"({"$date": "2021-03-28T10:00:00Z"})");
  expect(R"({"$dateAdd": {"startDate": {"$date": "2021-03-27T11:00:00Z"}, "unit": "hour",
             "amount": 24, "timezone": "Europe/Berlin"}})",
         R"({"$date": "2021-03-28T11:00:00Z"})");
  expect(
      R"({"$dateSubtract": {"startDate": {"$date": {"$numberLong": "1000"}}, "unit": "second", "amount": 1}})",
      R"({"$date": {"$numberLong": "0"}})");
  expect(
      R"({"$dateAdd": {"startDate": {"$date": {"$numberLong": "0"}}, "unit": "century", "amount": 1}})",
      "error 9");
  expect(R"({"$dateAdd": {"startDate": 0, "unit": "day", "amount": 1}})", "error 5166403");
  expect(
      R"({"$dateAdd": {"startDate": {"$date": {"$numberLong": "0"}}, "unit": "day", "amount": 1.5}})",
      "error 5166405");
  expect(R"({"$dateAdd": {"startDate": {"$date": {"$numberLong": "0"}}, "unit": "year",
             "amount": {"$numberLong": "9223372036854775807"}}})",
         "error 5976500");
  expect(R"({"$dateAdd": {"startDate": {"$date": {"$numberLong": "0"}}, "unit": "day"}})",
         "error 5166402");
}

TEST(DateArithmetic, DifferencesCountBoundaries) {
  expect(R"({"$dateDiff": {"startDate": {"$date": "2020-12-31T23:59:00Z"},
             "endDate": {"$date": "2021-01-01T00:01:00Z"}, "unit": "year"}})",
         R"({"$numberLong": "1"})");
  expect(R"({"$dateDiff": {"startDate": {"$date": "2021-01-02T00:00:00Z"},
             "endDate": {"$date": "2021-01-04T00:00:00Z"}, "unit": "week"}})",
         R"({"$numberLong": "1"})");
  expect(R"({"$dateDiff": {"startDate": {"$date": "2021-01-03T00:00:00Z"},
             "endDate": {"$date": "2021-01-04T00:00:00Z"}, "unit": "week",
             "startOfWeek": "mon"}})",
         R"({"$numberLong": "1"})");
  expect(
      R"({"$dateDiff": {"startDate": {"$date": {"$numberLong": "0"}}, "endDate": {"$date": {"$numberLong": "-1"}}, "unit": "hour"}})",
      R"({"$numberLong": "-1"})");
  expect(
      R"({"$dateDiff": {"startDate": 1, "endDate": {"$date": {"$numberLong": "1"}}, "unit": "day"}})",
      "error 5166307");
}

TEST(DateArithmetic, TruncationCountsBinsFromTheYear2000) {
  expect(R"({"$dateTrunc": {"date": {"$date": "2021-03-20T11:30:05Z"}, "unit": "month"}})",
         R"({"$date": "2021-03-01T00:00:00Z"})");
  expect(R"({"$dateTrunc": {"date": {"$date": "2021-03-20T11:30:05Z"}, "unit": "hour",
             "binSize": 2}})",
         R"({"$date": "2021-03-20T10:00:00Z"})");
  expect(R"({"$dateTrunc": {"date": {"$date": "2021-03-20T11:30:05Z"}, "unit": "week"}})",
         R"({"$date": "2021-03-14T00:00:00Z"})");
  expect(R"({"$dateTrunc": {"date": {"$date": "1999-12-31T11:30:05Z"}, "unit": "day",
             "binSize": 7}})",
         R"({"$date": "1999-12-25T00:00:00Z"})");
  expect(
      R"({"$dateTrunc": {"date": {"$date": {"$numberLong": "0"}}, "unit": "day", "binSize": 0}})",
      "error 5439018");
}

TEST(DateText, FollowsTheFormat) {
  expect(R"({"$dateToString": {"date": "$d"}})", R"("2017-01-01T12:05:06.789Z")", kRow);
  expect(R"({"$dateToString": {"date": "$d", "timezone": "+01:00"}})",
         R"("2017-01-01T13:05:06.789")", kRow);
  expect(R"({"$dateToString": {"date": "$d", "format": "%Y %j %U %V %G %u %w %b %B %z %Z %%",
             "timezone": "-0330"}})",
         R"("2017 001 01 52 2016 7 1 Jan January -0330 -210 %")", kRow);
  expect(R"({"$dateToString": {"date": "$d", "format": "%x"}})", "error 18536", kRow);
  expect(R"({"$dateToString": {"date": null, "onNull": "none"}})", R"("none")");
  expect(R"({"$dateToString": {"format": "%Y"}})", "error 18628");
}

TEST(DateText, IsReadInManyForms) {
  const std::string_view day = R"({"$date": "2017-07-04T00:00:00Z"})";
  for (const std::string_view text :
       {"2017-07-04", "2017/7/4", "20170704", "2017-185", "2017-W27-2", "7/4/2017", "4 July 2017",
        "July 4, 2017", "Tue, 04 Jul 2017 00:00:00 GMT", "4-Jul-2017", "2017-07-04T02:00+02:00",
        "2017-07-04 12:00 am"}) {
    expect(format(R"({{"$dateFromString": {{"dateString": "{}"}}}})", text), day);
  }
  for (const std::string_view text : {"2017-07", "July 2017", "Jul-2017", "2017-7 00:00"}) {
    expect(format(R"({{"$dateFromString": {{"dateString": "{}"}}}})", text),
           R"({"$date": "2017-07-01T00:00:00Z"})");
  }
  expect(R"({"$dateFromString": {"dateString": "2017-02-30"}})", "error 241");
  expect(R"({"$dateFromString": {"dateString": "nonsense"}})", "error 241");
  expect(R"({"$dateFromString": {"dateString": "nonsense", "onError": 1}})", "1");
  expect(R"({"$dateFromString": {"dateString": null, "onNull": 2}})", "2");
  expect(R"({"$dateFromString": {"dateString": "04.07.2017 +0200", "format": "%d.%m.%Y %z"}})",
         R"({"$date": "2017-07-03T22:00:00Z"})");
  expect(R"({"$dateFromString": {"dateString": "2017-07-04", "timezone": "Europe/Berlin"}})",
         R"({"$date": "2017-07-03T22:00:00Z"})");
  expect(R"({"$dateFromString": {"dateString": "2017-07-04T00:00Z", "timezone": "UTC"}})",
         "error 241");
}

}  // namespace
}  // namespace nacre::expression
