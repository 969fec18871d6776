// The example of README.md: what lies between the two marks is shown there to the letter.
#include <cstdio>

#include "nacre/nacre.hpp"

namespace {

nacre::Result<> run(const char* path) {
  // readme: begin
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto cities = database.collection("cities");
  NACRE_TRY(cities.create_index(R"({"country": 1, "population": -1})"));
  NACRE_TRY(cities.insert_one(R"({"_id": "Bern", "country": "CH", "population": 134591})"));
  NACRE_TRY(cities.insert_one(R"({"_id": "Basel", "country": "CH", "population": 173863})"));
  NACRE_TRY(cities.update_one(R"({"_id": "Bern"})", R"({"$inc": {"population": 100}})"));
  auto cursor =
      NACRE_TRY(cities.find(R"({"country": "CH"})").sort(R"({"population": -1})").limit(5).run());
  while (const auto city = NACRE_TRY(cursor.next())) std::puts(city->to_json().c_str());
  // readme: end
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto done = run(argc > 1 ? argv[1] : "quickstart.nacre");
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().text().c_str());
  return 1;
}
