// A database that lives in memory: for tests, caches, or work that is thrown away.
#include "example.h"

using nacre::Returned;
using nacre::Update;
using nacre::where;

namespace {

nacre::Result<> run(const char* /*path*/) {
  auto database = NACRE_TRY(nacre::Database::open("queue", {.in_memory = true}));
  auto jobs = database.collection("jobs");
  NACRE_TRY(jobs.insert_one(R"({"_id": 1, "state": "new", "priority": 2})"));
  NACRE_TRY(jobs.insert_one(R"({"_id": 2, "state": "new", "priority": 9})"));

  // Any number of workers, each job to one of them.
  const auto next = [&]() {
    return jobs.find_one_and_update(where("state").eq("new"), Update().set("state", "taken"),
                                    {.sort = R"({"priority": -1})", .returned = Returned::kBefore});
  };
  while (const auto job = NACRE_TRY(next())) say("working on " + job->to_json());
  say(std::to_string(NACRE_TRY(jobs.count(where("state").eq("taken")))) + " jobs taken");
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
