// One document that everybody increments: durable {$inc: {n: 1}} by 1, 8 and 100 threads.
//
//   hot_document_bench [--seconds S] [--dir PATH]
//
// Every update is acknowledged after its log write. What the counter says at the end is compared
// with the number of updates: a lost one fails the run.
#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bson/builder.h"
#include "document/database.h"
#include "io/posix_file_system.h"
#include "query/operations.h"

namespace nacre {
namespace {

[[noreturn]] void die(std::string_view what) {
  fmt::print(stderr, "hot_document_bench: {}\n", what);
  std::exit(2);
}

struct Settings {
  double seconds = 5;
  std::string directory = "hot_document_bench.data";
};

Settings read_arguments(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--seconds") {
      settings.seconds = std::strtod(arguments[i + 1], nullptr);
    } else if (name == "--dir") {
      settings.directory = arguments[i + 1];
    } else {
      die("unknown argument");
    }
  }
  return settings;
}

std::int64_t increment_for(document::Database& database, double seconds) {
  const query::Scope scope{.database = database};
  const bson::Document filter = bson::Builder().append("_id", 1).finish();
  const bson::Document change =
      bson::Builder().begin_document("$inc").append("n", std::int64_t{1}).end().finish();
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::int64_t done = 0;
  while (std::chrono::steady_clock::now() < end) {
    const auto result =
        query::update(scope, {.collection = "c", .filter = filter, .update = change});
    if (!result || result->matched != 1) die(result ? "no match" : result.error().text());
    ++done;
  }
  return done;
}

std::int64_t counter(document::Database& database) {
  auto cursor = query::find({.database = database}, {.collection = "c"});
  if (!cursor) die(cursor.error().text());
  const auto row = cursor->next();
  if (!row || !*row) die("the document is gone");
  return (*row)->find("n").as_int64().value_or(-1);
}

void run(const Settings& settings) {
  std::filesystem::remove_all(settings.directory);
  const auto files = io::make_posix_file_system();
  document::Options options;
  options.engine.file_system = files.get();
  options.engine.create_if_missing = true;
  options.name = "hot";
  auto opened = document::Database::open(settings.directory, options);
  if (!opened) die(opened.error().text());
  document::Database& database = **opened;
  const bson::Document first =
      bson::Builder().append("_id", 1).append("n", std::int64_t{0}).finish();
  const bson::View documents[] = {first};
  if (!query::insert({.database = database}, {.collection = "c", .documents = documents})) {
    die("the document was not inserted");
  }
  std::int64_t total = 0;
  for (const int writers : {1, 8, 100}) {
    std::atomic<std::int64_t> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([&] { done += increment_for(database, settings.seconds); });
    }
    for (std::thread& thread : threads) thread.join();
    total += done;
    fmt::print("{:4} writers: {:8.0f} updates per second\n", writers,
               static_cast<double>(done) / settings.seconds);
  }
  if (counter(database) != total) die("the counter does not say what was done");
}

}  // namespace
}  // namespace nacre

int main(int argc, char** argv) {
  nacre::run(nacre::read_arguments(argc, argv));
  return 0;
}
