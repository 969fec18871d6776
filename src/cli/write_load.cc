#include "cli/write_load.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/text.h"
#include "bson/builder.h"
#include "query/operations.h"

namespace nacre::cli {
namespace {

using Clock = std::chrono::steady_clock;

[[nodiscard]] std::string writers_collection(const std::string& collection) {
  return collection + "_writers";
}

[[nodiscard]] bson::Document id_filter(std::string_view id) {
  return bson::Builder().append("_id", id).finish();
}

// The `last` of one writer; 0 when it never committed.
[[nodiscard]] Result<std::uint64_t> last_of(document::Database& database,
                                            const std::string& collection, std::size_t writer) {
  const auto filter = id_filter(std::to_string(writer));
  const auto writers = writers_collection(collection);
  auto cursor = NACRE_TRY(
      query::find({.database = database}, {.collection = writers, .filter = filter.view()}));
  const auto row = NACRE_TRY(cursor.next());
  if (!row.has_value()) return 0;
  return static_cast<std::uint64_t>(row->find("last").as_int64().value_or(0));
}

class Writer {
 public:
  Writer(document::Database& database, const LoadOptions& options, std::size_t number)
      : database_(database),
        options_(options),
        number_(number),
        writers_(writers_collection(options.collection)),
        id_(std::to_string(number)),
        padding_(options.document_bytes, 'x') {}

  Result<> run(Clock::time_point end, const std::atomic<bool>& others_failed) {
    std::uint64_t n = NACRE_TRY(last_of(database_, options_.collection, number_));
    while (Clock::now() < end && !others_failed.load()) {
      if (options_.stop != nullptr && options_.stop->load()) break;
      ++n;
      const auto begun = Clock::now();
      (void)NACRE_TRY(database_.transact(
          [&](document::Transaction& transaction) { return write(transaction, n); },
          txn::Durability::kSync, number_));
      if (options_.on_acknowledged) options_.on_acknowledged(number_, n);
      const auto taken =
          std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
      times_us_.push_back(static_cast<std::uint64_t>(taken.count()));
    }
    return {};
  }

  [[nodiscard]] const std::vector<std::uint64_t>& times_us() const { return times_us_; }

 private:
  Result<> write(document::Transaction& transaction, std::uint64_t n) {
    const query::Scope scope{.database = database_, .transaction = &transaction};
    const auto number = static_cast<std::int64_t>(n);
    const auto document = bson::Builder()
                              .append("_id", format("{}-{}", number_, n))
                              .append_number("writer", static_cast<std::int64_t>(number_))
                              .append_number("n", number)
                              .append("text", padding_)
                              .finish();
    const bson::View view = document.view();
    const auto inserted = NACRE_TRY(query::insert(
        scope, {.collection = options_.collection, .documents = std::span(&view, 1)}));
    if (!inserted.errors.empty()) return std::unexpected(inserted.errors.front().error.clone());
    const auto filter = id_filter(id_);
    const auto change =
        bson::Builder().begin_document("$set").append_number("last", number).end().finish();
    (void)NACRE_TRY(query::update(scope, {.collection = writers_,
                                          .filter = filter.view(),
                                          .update = change.view(),
                                          .upsert = true}));
    return {};
  }

  document::Database& database_;
  const LoadOptions& options_;
  std::size_t number_;
  std::string writers_;
  std::string id_;
  std::string padding_;
  std::vector<std::uint64_t> times_us_;
};

struct WriterSeen {
  std::uint64_t last = 0;          // as its counter says
  std::uint64_t acknowledged = 0;  // the greatest
  std::vector<bool> present;       // by n
};

using AllSeen = std::map<std::uint64_t, WriterSeen>;

[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[nodiscard]] Result<std::uint64_t> read_protocol(std::string_view protocol, AllSeen& seen) {
  std::uint64_t lines = 0;
  for (auto end = protocol.find('\n'); end != std::string_view::npos; end = protocol.find('\n')) {
    ++lines;
    const std::string_view line = protocol.substr(0, end);
    protocol.remove_prefix(end + 1);
    const auto space = line.find(' ');
    if (space != std::string_view::npos) {
      const auto writer = number_of(line.substr(0, space));
      const auto n = number_of(line.substr(space + 1));
      if (writer.has_value() && n.has_value()) {
        auto& acknowledged = seen[*writer].acknowledged;
        acknowledged = std::max(acknowledged, *n);
        continue;
      }
    }
    return fail(
        Code::kInvalid,
        format("acknowledgements line {}: is \"{}\", expected WRITER and number", lines, line));
  }
  return lines;
}

[[nodiscard]] Result<> read_counters(document::Database& database, const std::string& collection,
                                     AllSeen& seen) {
  const auto writers = writers_collection(collection);
  auto cursor = NACRE_TRY(query::find({.database = database}, {.collection = writers}));
  while (true) {
    const auto row = NACRE_TRY(cursor.next());
    if (!row.has_value()) return {};
    const auto id = row->find("_id");
    const auto writer = id.is(bson::Type::kString) ? number_of(id.string()) : std::nullopt;
    if (!writer.has_value()) return fail(Code::kInvalid, format("{} is of no load test", writers));
    seen[*writer].last = static_cast<std::uint64_t>(row->find("last").as_int64().value_or(0));
  }
}

[[nodiscard]] Result<std::uint64_t> read_documents(document::Database& database,
                                                   const std::string& collection, AllSeen& seen) {
  auto cursor = NACRE_TRY(query::find({.database = database}, {.collection = collection}));
  std::uint64_t documents = 0;
  while (true) {
    const auto row = NACRE_TRY(cursor.next());
    if (!row.has_value()) return documents;
    ++documents;
    const auto writer = row->find("writer").as_int64();
    const auto n = row->find("n").as_int64();
    if (!writer.has_value() || !n.has_value() || *n < 1) {
      return fail(Code::kInvalid, format("collection {} is of no load test", collection));
    }
    auto& present = seen[static_cast<std::uint64_t>(*writer)].present;
    const auto index = static_cast<std::size_t>(*n);
    if (present.size() <= index) present.resize(std::max(index + 1, 2 * present.size()));
    present[index] = true;
  }
}

void judge(std::uint64_t writer, const WriterSeen& seen, std::vector<std::string>& problems) {
  if (seen.acknowledged > seen.last) {
    problems.push_back(format("writer {}: commits {} to {} were acknowledged and are lost", writer,
                              seen.last + 1, seen.acknowledged));
  }
  const std::size_t most = std::max<std::size_t>(seen.present.size(), seen.last + 1);
  for (std::size_t n = 1; n < most; ++n) {
    const bool present = n < seen.present.size() && seen.present[n];
    if (present == (n <= seen.last)) continue;
    problems.push_back(present ? format("writer {}: document {} is there, its counter says {}",
                                        writer, n, seen.last)
                               : format("writer {}: document {} is missing, its counter says {}",
                                        writer, n, seen.last));
  }
}

[[nodiscard]] std::uint64_t at_share(const std::vector<std::uint64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return sorted[index];
}

}  // namespace

Result<LoadResult> write_load(document::Database& database, const LoadOptions& options) {
  std::vector<Writer> writers;
  writers.reserve(options.writers);
  for (std::size_t i = 0; i < options.writers; ++i) writers.emplace_back(database, options, i);
  const auto begun = Clock::now();
  const auto end = begun + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(options.seconds));
  std::vector<Result<>> results(options.writers);
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> threads;
    threads.reserve(options.writers);
    for (std::size_t i = 0; i < options.writers; ++i) {
      threads.emplace_back([&, i] {
        results[i] = writers[i].run(end, failed);
        if (!results[i].has_value()) failed.store(true);
      });
    }
  }
  for (auto& result : results) NACRE_TRY(std::move(result));
  LoadResult load;
  load.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  std::vector<std::uint64_t> times;
  for (const Writer& writer : writers) {
    times.insert(times.end(), writer.times_us().begin(), writer.times_us().end());
  }
  std::ranges::sort(times);
  load.commits = times.size();
  load.median_us = at_share(times, 0.5);
  load.p99_us = at_share(times, 0.99);
  load.longest_us = at_share(times, 1);
  return load;
}

Result<LoadCheck> check_load(document::Database& database, const std::string& collection,
                             std::string_view protocol) {
  LoadCheck check;
  AllSeen seen;
  check.acknowledged = NACRE_TRY(read_protocol(protocol, seen));
  NACRE_TRY(read_counters(database, collection, seen));
  check.documents = NACRE_TRY(read_documents(database, collection, seen));
  for (const auto& [writer, what] : seen) judge(writer, what, check.problems);
  return check;
}

}  // namespace nacre::cli
