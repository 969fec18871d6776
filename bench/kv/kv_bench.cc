// kv_bench: Nacre as an ordered key-value store beside LMDB, RocksDB, WiredTiger and SQLite, in one
// run on one machine.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/text.h"
#include "kv/report.h"
#include "kv/workloads.h"

namespace nacre::bench {

std::vector<EngineKind> all_kinds() {
  std::vector<EngineKind> kinds{nacre_kind()};
#ifdef NACRE_BENCH_LMDB
  kinds.push_back(lmdb_kind());
#endif
#ifdef NACRE_BENCH_ROCKSDB
  kinds.push_back(rocksdb_kind());
#endif
#ifdef NACRE_BENCH_WIREDTIGER
  kinds.push_back(wiredtiger_kind());
#endif
#ifdef NACRE_BENCH_SQLITE
  kinds.push_back(sqlite_kind());
#endif
  return kinds;
}

namespace {

constexpr const char* kUsage =
    "kv_bench [--rows N] [--value-bytes N] [--gets N] [--seconds S] [--repeat N] [--cache-bytes "
    "N]\n"
    "         [--memory-bytes N] [--threads N] [--past-commits N] [--engines nacre,lmdb,...]\n"
    "         [--only PART OF A WORKLOAD'S NAME,...] [--dir DIRECTORY] [--json FILE]\n";

template <class T>
Result<> parse_number(std::string_view option, std::string_view text, T& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error == std::errc{} && end == text.data() + text.size() && into > T{}) return {};
  return fail(Code::kInvalid, format("{}: is \"{}\", expected a number above 0", option, text));
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Result<Options> parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; i += 2) {
    const std::string_view option = arguments[i];
    if (i + 1 == count) return fail(Code::kInvalid, format("{}: wants a value", option));
    const std::string_view value = arguments[i + 1];
    if (option == "--rows") {
      NACRE_TRY(parse_number(option, value, options.rows));
    } else if (option == "--value-bytes") {
      NACRE_TRY(parse_number(option, value, options.value_bytes));
    } else if (option == "--gets") {
      NACRE_TRY(parse_number(option, value, options.gets));
    } else if (option == "--seconds") {
      NACRE_TRY(parse_number(option, value, options.seconds));
    } else if (option == "--repeat") {
      NACRE_TRY(parse_number(option, value, options.repeat));
    } else if (option == "--cache-bytes") {
      NACRE_TRY(parse_number(option, value, options.cache_bytes));
    } else if (option == "--engines") {
      options.engines = split(value);
    } else if (option == "--memory-bytes") {
      NACRE_TRY(parse_number(option, value, options.memory_bytes));
    } else if (option == "--threads") {
      NACRE_TRY(parse_number(option, value, options.threads));
    } else if (option == "--past-commits") {
      NACRE_TRY(parse_number(option, value, options.past_commits));
    } else if (option == "--only") {
      options.only = split(value);
    } else if (option == "--dir") {
      options.directory = value;
    } else if (option == "--json") {
      options.json = value;
    } else {
      return fail(Code::kInvalid, format("{}: there is no such option", option));
    }
  }
  if (options.memory_bytes != 0 && options.engines.size() != 1) {
    return fail(Code::kInvalid, "--memory-bytes: wants --engines with a single one");
  }
  return options;
}

Result<std::vector<EngineKind>> wanted_kinds(const Options& options) {
  const std::vector<EngineKind> all = all_kinds();
  if (options.engines.empty()) return all;
  std::vector<EngineKind> kinds;
  for (const std::string& name : options.engines) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const EngineKind& kind) { return kind.name == name; });
    if (found == all.end()) {
      return fail(Code::kNotFound, format("engine {}: this program was built without it", name));
    }
    kinds.push_back(*found);
  }
  return kinds;
}

Result<> run(int count, char** arguments) {
  const Options options = NACRE_TRY(parse(count, arguments));
  const std::vector<EngineKind> kinds = NACRE_TRY(wanted_kinds(options));
  std::filesystem::create_directories(options.directory);
  fmt::print(
      "{} rows of {} + {} bytes, {} gets per thread, {} s per kind of update, median of {}\n",
      options.rows, kKeyBytes, options.value_bytes, options.gets, options.seconds, options.repeat);
  for (const auto& [name, value] : machine(options)) fmt::print("{}: {}\n", name, value);
  for (const EngineKind& kind : kinds) fmt::print("{}: {}\n", kind.name, kind.settings);
  std::fflush(stdout);

  const std::vector<Sample> samples = NACRE_TRY(run_all(options, kinds));
  fmt::print("\n{}", table(samples, kinds));
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << json(options, samples, kinds);
    if (!file.flush()) return fail(Code::kIo, format("{}: cannot be written", options.json));
  }
  std::filesystem::remove_all(options.directory);
  return {};
}

}  // namespace
}  // namespace nacre::bench

int main(int count, char** arguments) {
  const auto done = nacre::bench::run(count, arguments);
  if (done) return 0;
  std::fprintf(stderr, "kv_bench: %s\n", done.error().text().c_str());
  if (done.error().code() != nacre::Code::kInvalid) return 1;
  std::fputs(nacre::bench::kUsage, stderr);
  return 2;
}
