#include "sim/recovery.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace nacre::sim {
namespace {

constexpr std::size_t kPage = 8192;

// One kind of damage that a disk does silently, somewhere in the file.
void damage(io::SimFileSystem& disk, const std::string& path, io::Random& random) {
  std::string bytes = disk.contents(path);
  if (bytes.empty()) return;
  const std::size_t blocks = std::max<std::size_t>(bytes.size() / kPage, 1);
  const auto block = [&] { return random.below(blocks) * kPage; };
  switch (random.below(5)) {
    case 0: {  // a bit rots
      char& byte = bytes[random.below(bytes.size())];
      byte = static_cast<char>(byte ^ (1 << random.below(8)));
      break;
    }
    case 1: {  // a write went to the wrong place
      const std::string moved = bytes.substr(block(), kPage);
      const std::size_t at = block();
      bytes.replace(at, std::min(moved.size(), bytes.size() - at), moved, 0,
                    std::min(moved.size(), bytes.size() - at));
      break;
    }
    case 2: {  // two blocks are swapped
      const std::size_t a = block();
      const std::size_t b = block();
      if (std::max(a, b) + kPage <= bytes.size()) {
        std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(a),
                         bytes.begin() + static_cast<std::ptrdiff_t>(a + kPage),
                         bytes.begin() + static_cast<std::ptrdiff_t>(b));
      }
      break;
    }
    case 3: {  // a write was lost where there had been nothing
      const std::size_t at = random.below(bytes.size() / 512 + 1) * 512;
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at, bytes.size())),
                bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + 4096, bytes.size())),
                '\0');
      break;
    }
    default:  // the end is gone
      bytes.resize(random.below(bytes.size()));
      break;
  }
  disk.replace_contents(path, std::move(bytes));
}

}  // namespace

void Recovery::check(const Image& image, io::Random& random, bool damages) {
  const std::uint64_t fates = 1 + random.below(3);
  for (std::uint64_t i = 0; i < fates && violations.empty(); ++i) {
    check_fate(image, random, damages);
  }
}

Result<std::unique_ptr<txn::Database>> Recovery::open(io::SimFileSystem& disk, io::Random& random,
                                                      bool interrupts) {
  options.file_system = &disk;
  for (std::uint64_t depth = 0; interrupts && depth < 4 && random.chance(1, 2); ++depth) {
    disk.cut_power_after(random.below(12), 1 + random.below(2));
    // Whether it got so far or not, the power goes.
    static_cast<void>(txn::Database::open(kPath, options));
    disk.reboot();
    ++tally.crashes;
    ++tally.nested;
  }
  return txn::Database::open(kPath, options);
}

void Recovery::check_fate(const Image& image, io::Random& random, bool damages) {
  const auto disk = image.disk->clone(random.next());
  disk->reboot();
  ++tally.crashes;
  ++tally.by_call[static_cast<std::size_t>(image.call)];
  if (damages && random.chance(1, 2)) return check_damaged(*disk, random, image);
  if (random.chance(1, 8)) {
    if (const auto wrong = check_read_only(*disk, random, image); !wrong.empty()) {
      return fail("opened read only: " + wrong);
    }
  }
  auto opened = open(*disk, random, random.chance(1, 3));
  if (!opened.has_value()) {
    return fail("recovery failed: " + opened.error().text());
  }
  const txn::Snapshot snapshot = (*opened)->snapshot();
  const std::uint64_t position = number(snapshot.position());
  if (position < image.acknowledged) {
    return fail(format("DUR-1: recovered to position {}, acknowledged was {}", position,
                       image.acknowledged));
  }
  if (position > image.possible) {
    return fail(
        format("ATOM-1: recovered to position {}, submitted was {}", position, image.possible));
  }
  ++tally.states_read;
  if (const auto wrong = check_rows(snapshot, oracle, random.chance(1, 4)); !wrong.empty()) {
    return fail("after recovery: " + wrong);
  }
  if (const auto wrong = check_opened(**opened, random, image.horizon); !wrong.empty()) {
    return fail("after recovery: " + wrong);
  }
  check_again(*disk, random, position, std::move(*opened));
}

std::string Recovery::check_opened(txn::Database& database, io::Random& random,
                                   std::uint64_t horizon) {
  if (options.history_bytes == 0) return {};
  if (number(database.horizon()) < horizon) {
    return format("HIST-6: the horizon is {}, and was {}", number(database.horizon()), horizon);
  }
  if (!random.chance(1, 5)) return {};
  return check_past(database, oracle, random, tally.past_reads);
}

std::string Recovery::check_read_only(io::SimFileSystem& disk, io::Random& random,
                                      const Image& image) {
  const std::uint64_t before = disk.operations();
  txn::Options reading = options;
  reading.file_system = &disk;
  reading.read_only = true;
  const auto opened = txn::Database::open(kPath, reading);
  if (!opened.has_value()) {
    // Nothing was made yet, or not all of it.
    const bool is_new = image.acknowledged == 0 && opened.error().code() == Code::kNotFound;
    return is_new ? std::string() : opened.error().text();
  }
  const std::uint64_t position = number((*opened)->snapshot().position());
  if (position < image.acknowledged || position > image.possible) {
    return format("position {}, acknowledged was {}, submitted {}", position, image.acknowledged,
                  image.possible);
  }
  ++tally.states_read;
  auto wrong = check_rows((*opened)->snapshot(), oracle, false);
  if (wrong.empty()) wrong = check_opened(**opened, random, image.horizon);
  if (wrong.empty() && disk.operations() != before) wrong = "it changed the disk";
  return wrong;
}

// What was recovered and seen stays: verified, and after the next opening, however that comes.
void Recovery::check_again(io::SimFileSystem& disk, io::Random& random, std::uint64_t position,
                           std::unique_ptr<txn::Database> database) {
  if (random.chance(1, 2)) {
    const auto report = database->verify();
    ++tally.verified;
    if (!report.has_value()) return fail("verify: " + report.error().text());
    if (!report->problems.empty()) return fail("verify: " + report->problems.front());
  }
  if (random.chance(1, 8)) {
    ++tally.vacuums;
    const auto vacuumed = database->vacuum();
    if (!vacuumed.has_value()) return fail("vacuum after recovery: " + vacuumed.error().text());
    if (const auto wrong = check_opened(*database, random, 0); !wrong.empty()) {
      return fail("after a vacuum: " + wrong);
    }
  }
  if (!random.chance(1, 2)) return;
  std::uint64_t expected = position;
  const bool commits = random.chance(1, 2);
  if (commits) {
    txn::Transaction transaction = database->begin();
    const auto put = transaction.put(TableId{test::kTables + 1}, as_bytes("after"), as_bytes("x"));
    const auto committed = transaction.commit();
    if (!put.has_value() || !committed.has_value()) {
      return fail("a commit after recovery failed: " + committed.error().text());
    }
    expected = position + 1;
    if (number(*committed) != expected) return fail("positions are not dense after recovery");
  }
  if (random.chance(1, 3)) {
    const auto closed = database->close();
    if (!closed.has_value()) return fail("close after recovery: " + closed.error().text());
  }
  if (random.chance(1, 2)) {
    disk.reboot();
    database.reset();
    ++tally.crashes;
  } else {
    database.reset();
    ++tally.reopenings;
  }
  const auto again = open(disk, random, false);
  if (!again.has_value()) return fail("second recovery failed: " + again.error().text());
  const txn::Snapshot snapshot = (*again)->snapshot();
  if (number(snapshot.position()) != expected) {
    return fail(format("DUR-1: position {} was seen after a recovery, {} after the next opening",
                       expected, number(snapshot.position())));
  }
  if (commits) return;
  ++tally.states_read;
  if (const auto wrong = check_rows(snapshot, oracle, false); !wrong.empty()) {
    fail("after the second recovery: " + wrong);
  }
}

// Right data, or an error that names what is damaged. Damage in the log may pass for a torn tail
// (docs/format/log.md), so only a whole beginning of the commits is asked for then.
void Recovery::check_damaged(io::SimFileSystem& disk, io::Random& random, const Image& image) {
  std::vector<std::string> files = disk.files();
  std::erase_if(files, [](const std::string& path) { return path.ends_with("LOCK"); });
  if (files.empty()) return;
  const std::string path = files[random.below(files.size())];
  damage(disk, path, random);
  ++tally.damaged;
  const bool in_log = path.find("/log/") != std::string::npos;
  const auto named = [&](const Error& error) {
    if (error.code() == Code::kCorrupt || error.code() == Code::kClosed) {
      ++tally.named;
    } else {
      fail(format("damage in {}: {}", path, error.text()));
    }
  };
  const auto opened = open(disk, random, false);
  if (!opened.has_value()) return named(opened.error());
  const txn::Snapshot snapshot = (*opened)->snapshot();
  const std::uint64_t position = number(snapshot.position());
  if (position > image.possible || (!in_log && position < image.acknowledged)) {
    return fail(format("damage in {}: position {}, acknowledged was {}, submitted {}", path,
                       position, image.acknowledged, image.possible));
  }
  for (std::uint32_t table = 1; table <= test::kTables; ++table) {
    const auto rows = test::read_table(snapshot, TableId{table});
    if (!rows.has_value()) return named(rows.error());
    Rows expected = oracle.rows_at(position);
    std::erase_if(expected, [&](const auto& row) { return row.first.first != TableId{table}; });
    const std::string wrong = test::difference(*rows, expected);
    if (!wrong.empty()) return fail(format("damage in {} shows wrong data: {}", path, wrong));
  }
  const auto report = (*opened)->verify();
  ++tally.verified;
  if (!report.has_value()) return named(report.error());
  if (!report->problems.empty()) ++tally.named;
}

}  // namespace nacre::sim
