// Asking: filters in C++, sort and projection, one field summed up, groups.
#include "example.h"

using nacre::Document;
using nacre::where;

namespace {

nacre::Result<> run(const char* path) {
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto cities = database.collection("cities");
  NACRE_TRY(cities.insert_many(
      std::vector{Document::of({{"_id", "Bern"}, {"country", "CH"}, {"population", 134591}}),
                  Document::of({{"_id", "Basel"}, {"country", "CH"}, {"population", 173863}}),
                  Document::of({{"_id", "Lyon"}, {"country", "FR"}, {"population", 522250}}),
                  Document::of({{"_id", "Nice"}, {"country", "FR"}, {"population", 343477}})}));
  NACRE_TRY(cities.create_index(R"({"country": 1, "population": -1})"));

  const auto big = where("population").gt(150'000);
  auto query = cities.find(big && where("country").in({"CH", "FR"}))
                   .sort(R"({"population": -1})")
                   .project(R"({"population": 1})")
                   .limit(2);
  for (const Document& city : NACRE_TRY(query.all())) say(city.to_json());

  const auto swiss = NACRE_TRY(cities.summarize("population", where("country").eq("CH")));
  say("Swiss cities: " + std::to_string(swiss.count) + ", the largest " + swiss.max.to_json());

  auto groups = NACRE_TRY(cities.aggregate(R"([
      {"$group": {"_id": "$country", "people": {"$sum": "$population"}}}, {"$sort": {"_id": 1}}])"));
  while (const auto group = NACRE_TRY(groups.next())) say(group->to_json());

  // A slip of the fingers is answered with the name that was meant.
  const auto wrong = cities.find(R"({"population": {"$gtt": 1}})").all();
  if (!wrong) say("did you mean " + nacre::describe(wrong.error()).suggestion + "?");
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
