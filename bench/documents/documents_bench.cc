// Nacre beside SQLite and PostgreSQL on the same documents: each engine in a process of its own,
// taking turns row by row, as a table and as JSON.
//
//   documents_bench [--documents N] [--seconds S] [--engines nacre,sqlite,postgres]
//                   [--rows ROW,ROW] [--dir DIR] [--json FILE]
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "documents/rows.h"

namespace nacre::bench {

void give_up(std::string_view engine, std::string_view what) {
  std::fputs(format("{}: {}\n", engine, what).c_str(), stderr);
  std::exit(1);
}

std::uint64_t peak_memory_of_process() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t bytes_below(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

namespace {

struct Options {
  std::int64_t documents = 500'000;
  std::string directory = "documents.data";
  std::string json;
  std::vector<std::string> engines = {"nacre", "sqlite", "postgres"};
  RowOptions rows;
};

std::vector<std::string> parts(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) all.push_back(part);
  return all;
}

const std::string kUsage =
    "there are --documents N, --seconds S, --engines nacre,sqlite,postgres, --rows PART,PART, "
    "--dir DIR and --json FILE";

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) give_up("documents_bench", name + " wants a value; " + kUsage);
    const std::string value = argv[i + 1];
    if (name == "--documents")
      options.documents = std::stoll(value);
    else if (name == "--seconds")
      options.rows.seconds = std::stod(value);
    else if (name == "--engines")
      options.engines = parts(value);
    else if (name == "--rows")
      options.rows.rows = parts(value);
    else if (name == "--dir")
      options.directory = value;
    else if (name == "--json")
      options.json = value;
    else
      give_up("documents_bench", name + " is not known; " + kUsage);
  }
  return options;
}

// Row by row, in the order they came.
struct Figures {
  std::vector<std::string> rows;
  std::map<std::string, std::map<std::string, Measured>> by_row;  // row, engine
};

std::unique_ptr<Engine> open(const std::string& name, const std::string& directory) {
  if (name == "nacre") return open_nacre(directory);
  if (name == "sqlite") return open_sqlite(directory);
  if (name == "postgres") return open_postgres(directory);
  give_up("documents_bench", "there is no engine " + name);
}

// A process that runs one engine, so that its memory is its own. It says when it waits for its
// turn.
struct Contender {
  std::string name;
  std::string directory;
  pid_t process = 0;
  std::FILE* says = nullptr;  // a figure a line, or that it waits
  int turns = -1;             // a byte lets it go on
};

constexpr std::string_view kWaits = "waits\n";

void compete(const Contender& self, const Options& options, int told, int tell) {
  const auto turn = [&] {
    char go = 0;
    if (write(tell, kWaits.data(), kWaits.size()) < 0 || read(told, &go, 1) != 1) _exit(1);
  };
  turn();
  const auto engine = open(self.name, self.directory);
  if (engine == nullptr) return;
  measure(*engine, Dataset(options.documents), options.rows,
          {.turn = turn, .seen = [&](const Measured& one) {
             dprintf(tell, "%s\t%.17g\t%s\t%.17g\n", one.row.c_str(), one.value, one.unit.c_str(),
                     one.check);
           }});
}

Contender start(const std::string& name, const Options& options) {
  Contender self{.name = name,
                 .directory = std::filesystem::absolute(options.directory + "/" + name)};
  std::filesystem::remove_all(self.directory);
  std::filesystem::create_directories(self.directory);
  int turns[2] = {};
  int lines[2] = {};
  if (pipe2(turns, O_CLOEXEC) != 0 || pipe2(lines, O_CLOEXEC) != 0) give_up(name, "pipe2 failed");
  self.process = fork();
  if (self.process == 0) {
    close(turns[1]);
    close(lines[0]);
    compete(self, options, turns[0], lines[1]);
    _exit(0);
  }
  close(turns[0]);
  close(lines[1]);
  self.says = fdopen(lines[0], "r");
  self.turns = turns[1];
  return self;
}

void note(const std::string& name, const std::string& line, Figures& figures) {
  std::istringstream stream(line);
  Measured one;
  std::string value;
  std::string check;
  std::getline(stream, one.row, '\t');
  std::getline(stream, value, '\t');
  std::getline(stream, one.unit, '\t');
  std::getline(stream, check);
  one.value = std::stod(value);
  one.check = std::stod(check);
  if (!figures.by_row.contains(one.row)) figures.rows.push_back(one.row);
  figures.by_row[one.row][name] = one;
  std::fputs(format("  {}: {} {:.0f}{}\n", name, one.row, one.value, one.unit).c_str(), stderr);
}

// What it says until it waits; false: it has ended.
bool listen_to(const Contender& contender, Figures& figures) {
  char line[512];
  while (std::fgets(line, sizeof line, contender.says) != nullptr) {
    if (line == kWaits) return true;
    note(contender.name, line, figures);
  }
  int status = 0;
  waitpid(contender.process, &status, 0);
  if (status != 0) give_up(contender.name, "ended early");
  std::fclose(contender.says);
  close(contender.turns);
  std::filesystem::remove_all(contender.directory);
  return false;
}

// One turn each, then all again: a disk that is slow for a while is slow for everybody.
void run_all(const Options& options, Figures& figures) {
  std::vector<Contender> running;
  for (const std::string& name : options.engines) {
    running.push_back(start(name, options));
    listen_to(running.back(), figures);
  }
  while (!running.empty()) {
    std::erase_if(running, [&](const Contender& contender) {
      if (write(contender.turns, "", 1) != 1) give_up(contender.name, "does not listen");
      return !listen_to(contender, figures);
    });
  }
}

// Nacre's figure over the best of the others; 0: nothing to compare.
double ratio(const std::map<std::string, Measured>& engines) {
  const auto own = engines.find("nacre");
  double best = 0;
  for (const auto& [name, one] : engines) {
    if (name == "nacre") continue;
    const bool is_size = one.unit == "MB";
    best = best == 0 ? one.value : is_size ? std::min(best, one.value) : std::max(best, one.value);
  }
  return own == engines.end() || best == 0 ? 0 : own->second.value / best;
}

std::string table(const Options& options, const Figures& figures) {
  std::string text = format("{:<28}", "");
  for (const std::string& name : options.engines) text += format("{:>14}", name);
  text += format("{:>10}\n", "ratio");
  for (const std::string& row : figures.rows) {
    const auto& engines = figures.by_row.at(row);
    text += format("{:<28}", row);
    double check = -1;
    bool agree = true;
    for (const std::string& name : options.engines) {
      const auto one = engines.find(name);
      text += one == engines.end() ? format("{:>14}", "-") : format("{:>14.0f}", one->second.value);
      if (one == engines.end()) continue;
      agree = agree && (check < 0 || std::abs(check - one->second.check) < 0.02 * check + 0.5);
      check = one->second.check;
    }
    const double own = ratio(engines);
    text += own == 0 ? format("{:>10}", "-") : format("{:>10.2f}", own);
    text += agree ? "\n" : "  the engines' rows differ\n";
  }
  return text;
}

std::string json(const Options& options, const Figures& figures) {
  std::string text = format("{{\"documents\":{},\"rows\":[", options.documents);
  for (const std::string& row : figures.rows) {
    const auto& engines = figures.by_row.at(row);
    text += format("{}\n{{\"row\":\"{}\",\"unit\":\"{}\"", text.ends_with('[') ? "" : ",", row,
                   engines.begin()->second.unit);
    for (const auto& [name, one] : engines) text += format(",\"{}\":{:.3f}", name, one.value);
    text += format(",\"ratio\":{:.3f}}}", ratio(engines));
  }
  return text + "\n]}\n";
}

}  // namespace
}  // namespace nacre::bench

int main(int argc, char** argv) {
  using namespace nacre::bench;  // NOLINT(google-build-using-namespace)
  const Options options = parse(argc, argv);
  Figures figures;
  run_all(options, figures);
  std::fputs(table(options, figures).c_str(), stdout);
  if (!options.json.empty()) std::ofstream(options.json) << json(options, figures);
  return 0;
}
