// Changing: fields by path, counters, documents that nobody else has changed meanwhile.
#include "example.h"

using nacre::Update;
using nacre::where;

namespace {

nacre::Result<> run(const char* path) {
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto users = database.collection("users");
  NACRE_TRY(users.insert_one(R"({"_id": 1, "name": "Ada", "address": {"city": "London"}})"));

  const auto moved = NACRE_TRY(users.update_fields(
      1, Update().set("address.city", "Turin").push("tags", "analyst").unset("draft")));
  say(moved.document.to_json() + " is version " + std::to_string(moved.version));

  const auto visits = NACRE_TRY(users.increment(1, "visits"));
  const auto credit = NACRE_TRY(users.increment_float(1, "credit", 2.5));
  say("visits " + std::to_string(visits) + ", credit " + std::to_string(credit));

  // Two who read the same version: the second to write is told.
  const auto mine = NACRE_TRY(users.get(1));
  NACRE_TRY(users.update_one(where("_id").eq(1), Update().set("name", "Ada L."),
                             {.expected_version = mine->version}));
  const auto late = users.replace_one(where("_id").eq(1), R"({"name": "Countess"})",
                                      {.expected_version = mine->version});
  if (!late && late.error().code() == nacre::Code::kConflict) {
    const auto found = nacre::describe(late.error()).found_version.value_or(0);
    say("too late: it is at version " + std::to_string(found) + " by now");
  }

  // Several writes, all or none.
  const auto done = NACRE_TRY(users.bulk_write(nacre::Bulk()
                                                   .insert(R"({"_id": 2, "name": "Mary"})")
                                                   .update_many("{}", Update().set("active", true))
                                                   .delete_one(where("_id").eq(1))));
  say(std::to_string(done.inserted) + " inserted, " + std::to_string(done.modified) +
      " modified, " + std::to_string(done.deleted) + " deleted");
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
