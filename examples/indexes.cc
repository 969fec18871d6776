// Indexes of every kind: unique and partial, that forget old documents, text, hashed, of any path.
#include "example.h"

using nacre::Document;
using nacre::where;

namespace {

nacre::Result<> run(const char* path) {
  auto database = NACRE_TRY(nacre::Database::open(path, {.create_if_missing = true}));
  auto pages = database.collection("pages");
  NACRE_TRY(pages.insert_many(
      std::vector{Document::of({{"_id", 1}, {"title", "Foxes"}, {"body", "They like hens."}}),
                  Document::of({{"_id", 2}, {"title", "Hens"}, {"body", "A fox came."}})}));

  // No two open orders of one customer; of closed ones there may be any number.
  NACRE_TRY(database.collection("orders").create_index(
      R"({"customer": 1})", {.unique = true, .partial_filter = where("state").eq("open")}));
  // Sessions go an hour after they were last seen.
  NACRE_TRY(database.collection("sessions")
                .create_index(R"({"seen": 1})", {.expire_after = std::chrono::hours(1)}));
  // Names in the order of the language, whatever their case.
  NACRE_TRY(database.collection("people").create_index(
      R"({"name": 1})", {.collation = R"({"locale": "sv", "strength": 2})"}));
  NACRE_TRY(database.collection("people").create_index(R"({"_id": "hashed"})"));
  // Every path but those of the log.
  NACRE_TRY(database.collection("things").create_index(R"({"$**": 1})",
                                                       {.wildcard_projection = R"({"log": 0})"}));

  // Words, of titles ten times what they are in bodies; built with an eye on how far it is.
  NACRE_TRY(pages.create_index(
      R"({"title": "text", "body": "text"})",
      {.weights = R"({"title": 10})", .progress = [](const nacre::IndexProgress& now) {
         say("indexed " + std::to_string(now.documents) + " of " + std::to_string(now.total));
         return true;
       }}));
  auto found =
      pages.find(R"({"$text": {"$search": "fox"}})").sort(R"({"score": {"$meta": "textScore"}})");
  for (const Document& page : NACRE_TRY(found.all())) say(page.get_string("title").value_or(""));

  // A view is read like a collection, and its finds use the indexes of what is behind it.
  auto titles = NACRE_TRY(database.create_collection(
      "titles", R"({"viewOn": "pages", "pipeline": [{"$project": {"title": 1}}]})"));
  say(NACRE_TRY(titles.find_one(where("_id").eq(2)))->to_json());
  return {};
}

}  // namespace

int main(int argc, char** argv) { return run_example(run, argc, argv); }
