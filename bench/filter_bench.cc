// Filters over documents in memory: CPU time a document, by kind of filter. What a scan of a
// collection adds is not in it; `./dev bench documents` has that.
//
//   filter_bench [documents]
//
// The documents have 16 fields and about 400 bytes, some fields nested; the fields that are asked
// for stand near the end, which is the bad case.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "bson/builder.h"
#include "bson/json.h"
#include "match/filter.h"

namespace nacre {
namespace {

bson::Document make_document(std::int32_t number) {
  bson::Builder builder;
  builder.append("_id", number).append("name", "somebody " + std::to_string(number % 5000));
  builder.append("mail", "somebody." + std::to_string(number) + "@example.org");
  builder.append("active", number % 3 == 0).append("created", bson::Date{1'700'000'000'000});
  builder.begin_document("address").append("street", "a street of some length");
  builder.append("city", number % 7 == 0 ? "here" : "there").append("code", number % 1000).end();
  builder.begin_array("tags").push("red").push(number % 11 == 0 ? "blue" : "green").end();
  builder.append("text", std::string(120, 't')).append("x", 1.5).append("y", 2.5);
  for (const char* name : {"f1", "f2", "f3"}) builder.append(name, number);
  builder.append("score", number % 100).append("group", number % 10).append("last", number);
  return builder.finish();
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void measure(std::string_view name, std::string_view json,
             const std::vector<bson::Document>& documents) {
  const auto source = bson::from_json(json);
  const auto filter = match::Filter::parse(*source);
  double best = 1e9;
  std::size_t matched = 0;
  for (int round = 0; round < 5; ++round) {
    matched = 0;
    const double start = cpu_seconds();
    for (const bson::Document& document : documents) {
      const auto matches = filter->matches(document);
      matched += matches.has_value() && *matches ? 1 : 0;
    }
    best = std::min(best, cpu_seconds() - start);
  }
  fmt::print("{:<28} {:>7.1f} ns a document, {} of {} match\n", name,
             best * 1e9 / static_cast<double>(documents.size()), matched, documents.size());
}

int run(std::size_t count) {
  std::vector<bson::Document> documents;
  documents.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    documents.push_back(make_document(static_cast<std::int32_t>(i)));
  }
  fmt::print("{} bytes a document\n", documents.back().bytes().size());
  measure("equality", R"({"group": 3})", documents);
  measure("range", R"({"score": {"$gte": 10, "$lt": 20}})", documents);
  measure("four fields", R"({"score": {"$lt": 90}, "group": 3, "active": true, "y": 2.5})",
          documents);
  measure("nested field", R"({"address.city": "here"})", documents);
  measure("two nested fields", R"({"address.city": "here", "address.code": {"$gt": 500}})",
          documents);
  measure("array element", R"({"tags": "blue"})", documents);
  measure("list of 20",
          R"({"last": {"$in": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}})", documents);
  measure("regular expression", R"({"name": {"$regex": "^somebody 12"}})", documents);
  measure("or", R"({"$or": [{"group": 3}, {"score": 7}, {"address.code": 1}]})", documents);
  return 0;
}

}  // namespace
}  // namespace nacre

int main(int count, char** arguments) {
  return nacre::run(count > 1 ? static_cast<std::size_t>(std::atol(arguments[1])) : 100'000);
}
