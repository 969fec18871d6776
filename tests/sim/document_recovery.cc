#include "sim/document_recovery.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nacre::sim {

void DocumentRecovery::check(const Image& image, io::Random& random) {
  const std::uint64_t fates = 1 + random.below(3);
  for (std::uint64_t i = 0; i < fates && violations.empty(); ++i) check_fate(image, random);
}

void DocumentRecovery::check_fate(const Image& image, io::Random& random) {
  const auto disk = image.disk->clone(random.next());
  disk->reboot();
  ++tally.crashes;
  ++tally.by_call[static_cast<std::size_t>(image.call)];
  const std::uint64_t position = check_disk(*disk, random, image.acknowledged, image.possible,
                                            /*interrupts=*/random.chance(1, 3));
  if (position == 0 && !violations.empty()) return;
  if (!random.chance(1, 3)) return;
  // What was shown stays, and so do the indexes, however the next opening comes.
  if (random.chance(1, 2)) {
    disk->reboot();
    ++tally.crashes;
  } else {
    ++tally.reopenings;
  }
  const auto again = document::Database::open(kPath, options);
  if (!again.has_value()) return fail("a second opening: " + again.error().text());
  if (const auto wrong = check_step(**again); !wrong.empty()) {
    return fail("after a second opening: " + wrong);
  }
}

// The power goes while the database is opened, some times over.
void DocumentRecovery::interrupt(io::SimFileSystem& disk, io::Random& random) {
  for (std::uint64_t depth = 0; depth < 4 && random.chance(1, 2); ++depth) {
    disk.cut_power_after(random.below(14), 1 + random.below(2));
    static_cast<void>(document::Database::open(kPath, options));
    disk.reboot();
    ++tally.crashes;
    ++tally.nested;
  }
}

Result<std::uint64_t> DocumentRecovery::position_of(io::SimFileSystem& disk) const {
  txn::Options engine = options.engine;
  engine.file_system = &disk;
  const auto opened = NACRE_TRY(txn::Database::open(kPath, engine));
  return number(opened->snapshot().position());
}

std::uint64_t DocumentRecovery::check_disk(io::SimFileSystem& disk, io::Random& random,
                                           std::uint64_t acknowledged, std::uint64_t possible,
                                           bool interrupts) {
  options.engine.file_system = &disk;
  // An opening of documents may commit; the engine knows the position before, of a copy.
  const auto position = position_of(*disk.clone(random.next()));
  if (!position.has_value()) {
    fail("recovery failed: " + position.error().text());
    return 0;
  }
  if (*position < acknowledged || *position > possible) {
    fail(format("recovered to position {}, acknowledged was {}, submitted {}", *position,
                acknowledged, possible));
    return 0;
  }
  if (interrupts) interrupt(disk, random);
  const auto opened = document::Database::open(kPath, options);
  if (!opened.has_value()) {
    fail("opening: " + opened.error().text());
    return 0;
  }
  ++tally.states_read;
  if (const auto wrong = check_open(**opened, random, *position); !wrong.empty()) {
    fail(format("recovered to position {}: {}", *position, wrong));
    return 0;
  }
  return *position;
}

std::string DocumentRecovery::check_open(document::Database& database, io::Random& random,
                                         std::uint64_t position) {
  const auto past = database.snapshot_at(Position{position});
  const auto newest = database.snapshot();
  if (!newest.has_value()) return newest.error().text();
  if (options.engine.history_bytes != 0 && database.horizon() <= Position{position}) {
    if (!past.has_value()) return past.error().text();
    if (auto wrong = check_documents(database, *past, oracle, position); !wrong.empty())
      return wrong;
    const std::uint64_t horizon = number(database.horizon());
    const auto older =
        database.snapshot_at(Position{horizon + random.below(position - horizon + 1)});
    if (!older.has_value()) return older.error().text();
    ++tally.past_reads;
    if (auto wrong = check_documents(database, *older, oracle, number(older->position()));
        !wrong.empty())
      return wrong;
  }
  // What an opening commits changes no document.
  if (auto wrong = check_documents(database, *newest, oracle, position); !wrong.empty()) {
    return wrong;
  }
  if (auto wrong = check_indexes(newest->catalog(), position); !wrong.empty()) return wrong;
  if (auto wrong = check_step(database); !wrong.empty()) return wrong;
  return random.chance(1, 3) ? go_on(database, random) : std::string();
}

std::string DocumentRecovery::check_indexes(const document::Catalog& catalog,
                                            std::uint64_t position) const {
  for (std::uint32_t collection = 1; collection <= kCollections; ++collection) {
    const document::CollectionInfo* info = catalog.find(collection_name(collection));
    for (std::size_t index = 0; index < kIndexes.size(); ++index) {
      const document::IndexInfo* found =
          info == nullptr ? nullptr : info->find_index(kIndexNames[index]);
      const bool is_building = found != nullptr && found->state == document::IndexState::kBuilding;
      if (is_building) return format("index {} is still being built", kIndexNames[index]);
      const IndexLog::State state = indexes.at(position, collection, index);
      const bool is_wrong =
          found == nullptr ? state == IndexLog::State::kReady : state == IndexLog::State::kGone;
      if (!is_wrong) continue;
      return format("index {} of {} is {}", kIndexNames[index], collection_name(collection),
                    found == nullptr ? "lost" : "there, though it was dropped");
    }
  }
  return {};
}

// Each index agrees with its collection both ways.
std::string DocumentRecovery::check_step(document::Database& database) {
  ++tally.verified;
  const auto report = database.verify();
  if (!report.has_value()) return "verify: " + report.error().text();
  return report->clean() ? std::string() : "verify: " + report->problems.front();
}

// The collections take documents and indexes as ever.
std::string DocumentRecovery::go_on(document::Database& database, io::Random& random) {
  Doc doc = Doc::draw(random, 900'000);
  doc.u = "new";
  const bson::Document document = doc.encode();
  const bson::View view = document;
  for (std::uint32_t collection = 1; collection <= kCollections; ++collection) {
    const auto inserted = query::insert(
        {.database = database},
        {.collection = collection_name(collection), .documents = std::span(&view, 1)});
    if (!inserted.has_value()) return "inserting: " + inserted.error().text();
    if (inserted->inserted != 1) return inserted->errors.front().error.text();
  }
  return check_step(database);
}

}  // namespace nacre::sim
