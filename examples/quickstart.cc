// The ten lines of the README, and a look at what they did.
#include <cstdio>

#include "nacre/nacre.hpp"

namespace {

nacre::Result<> run(const char* path) {
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto cities = database.collection("cities");
  NACRE_TRY(cities.create_index(R"({"country": 1, "population": -1})"));
  NACRE_TRY(cities.insert_one(R"({"name": "Bern", "country": "CH", "population": 134591})"));
  NACRE_TRY(cities.insert_one(R"({"name": "Basel", "country": "CH", "population": 173863})"));
  NACRE_TRY(cities.update_one(R"({"name": "Bern"})", R"({"$inc": {"population": 100}})"));
  auto cursor =
      NACRE_TRY(cities.find(R"({"country": "CH"})").sort(R"({"population": -1})").limit(5).run());
  while (const auto city = NACRE_TRY(cursor.next())) std::puts(city->to_json().c_str());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto done = run(argc > 1 ? argv[1] : "quickstart.nacre");
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}
