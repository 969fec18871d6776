// The kill criterion: random point reads of a table in memory, Nacre against LMDB, in one process
// and in interleaved rounds, so that both meet the same weather. Also sorted load, full scan and
// updates. All times are CPU time of the thread that does the work.
//
//   point_get_bench [--rows N] [--gets N] [--rounds N] [--threads N] [--dir PATH]
//
// Nacre may take at most 0.9 of LMDB's time per get; the exit code says whether it does.
// LMDB as its experts use it: MDB_NOSYNC and MDB_APPEND for the load, one read-only transaction per
// thread kept for all gets, MDB_NOTLS, read-ahead on, the file in the page cache.
#include <fmt/core.h>
#include <lmdb.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/posix_file_system.h"
#include "page/pager.h"
#include "tree/cursor.h"
#include "tree/tree.h"

namespace nacre {
namespace {

struct Settings {
  std::uint64_t rows = 5'000'000;
  std::uint64_t gets = 2'000'000;  // per round and engine
  int rounds = 5;
  int threads = 1;
  std::string directory = "point_get_bench.data";
};

constexpr std::size_t kKeySize = 23;
constexpr std::size_t kValueSize = 100;

[[noreturn]] void die(std::string_view what) {
  fmt::print(stderr, "point_get_bench: {}\n", what);
  std::exit(2);
}

template <class T>
T require(Result<T> result) {
  if (!result.has_value()) die(result.error().text());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

void require_lmdb(int code) {
  if (code != MDB_SUCCESS) die(mdb_strerror(code));
}

class Key {
 public:
  explicit Key(std::uint64_t number) { set(number); }
  void set(std::uint64_t number) {
    std::memcpy(bytes_, "user", 4);
    for (std::size_t i = kKeySize; i > 4; --i, number /= 10) {
      bytes_[i - 1] = static_cast<char>('0' + number % 10);
    }
  }
  [[nodiscard]] std::string_view text() const { return {bytes_, kKeySize}; }

 private:
  char bytes_[kKeySize];
};

std::string value_of(std::uint64_t number) {
  std::string value(kValueSize, 'v');
  std::memcpy(value.data(), &number, sizeof number);
  return value;
}

double thread_cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// CPU time of this thread: nothing measured here waits, and the machine may have other work.
double seconds(const std::function<void()>& work) {
  const double start = thread_cpu_now();
  work();
  return thread_cpu_now() - start;
}

class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  virtual void load(std::uint64_t rows) = 0;
  // Returns a sum over the values, so that nobody skips the work.
  virtual std::uint64_t gets(const std::vector<std::uint32_t>& keys) = 0;
  virtual std::uint64_t scan() = 0;
};

class Lmdb final : public Engine {
 public:
  explicit Lmdb(const std::string& directory) {
    std::filesystem::create_directories(directory);
    require_lmdb(mdb_env_create(&env_));
    require_lmdb(mdb_env_set_mapsize(env_, std::size_t{16} << 30));
    require_lmdb(mdb_env_open(env_, directory.c_str(), MDB_NOSYNC | MDB_NOTLS, 0600));
  }
  ~Lmdb() override { mdb_env_close(env_); }
  [[nodiscard]] std::string_view name() const override { return "lmdb"; }

  void load(std::uint64_t rows) override {
    MDB_txn* txn = nullptr;
    require_lmdb(mdb_txn_begin(env_, nullptr, 0, &txn));
    require_lmdb(mdb_dbi_open(txn, nullptr, 0, &dbi_));
    for (std::uint64_t i = 0; i < rows; ++i) {
      const Key key(i);
      std::string value = value_of(i);
      MDB_val k{kKeySize, const_cast<char*>(key.text().data())};
      MDB_val v{value.size(), value.data()};
      require_lmdb(mdb_put(txn, dbi_, &k, &v, MDB_APPEND));
    }
    require_lmdb(mdb_txn_commit(txn));
  }

  std::uint64_t gets(const std::vector<std::uint32_t>& keys) override {
    const Reader reader(env_);
    std::uint64_t sum = 0;
    Key key(0);
    for (const std::uint32_t number : keys) {
      key.set(number);
      MDB_val k{kKeySize, const_cast<char*>(key.text().data())};
      MDB_val v{};
      if (mdb_get(reader.txn, dbi_, &k, &v) != MDB_SUCCESS) die("lmdb lost a row");
      sum += sum_of(v);
    }
    return sum;
  }

  std::uint64_t scan() override {
    const Reader reader(env_);
    MDB_cursor* cursor = nullptr;
    require_lmdb(mdb_cursor_open(reader.txn, dbi_, &cursor));
    std::uint64_t sum = 0;
    MDB_val k{};
    MDB_val v{};
    while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == MDB_SUCCESS) sum += sum_of(v);
    mdb_cursor_close(cursor);
    return sum;
  }

 private:
  struct Reader {
    explicit Reader(MDB_env* env) { require_lmdb(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn)); }
    ~Reader() { mdb_txn_abort(txn); }
    MDB_txn* txn = nullptr;
  };
  static std::uint64_t sum_of(const MDB_val& value) {
    std::uint64_t number;
    std::memcpy(&number, value.mv_data, sizeof number);
    return number;
  }

  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

class NacreTree final : public Engine {
 public:
  NacreTree(const std::string& directory, std::uint64_t rows)
      : file_system_(io::make_posix_file_system()) {
    std::filesystem::create_directories(directory);
    pager_ =
        require(page::Pager::create(*file_system_, directory + "/store.dat",
                                    {.cache_bytes = rows * 160 + (std::size_t{64} << 20)}, {}));
    const page::PageId root = require(tree::Tree::create(*pager_, tree::TreeId{1}));
    tree_ = std::make_unique<tree::Tree>(*pager_, root, tree::TreeId{1});
    pager_->publish();
  }
  [[nodiscard]] std::string_view name() const override { return "nacre"; }

  void load(std::uint64_t rows) override {
    std::uint64_t i = 0;
    Key key(0);
    std::string value;
    require(tree_->bulk_load([&](tree::Row& row) -> Result<bool> {
      if (i == rows) return false;
      key.set(i);
      value = value_of(i);
      row = {as_bytes(key.text()), as_bytes(value), i << 16};
      ++i;
      return true;
    }));
    pager_->publish();
    require(pager_->write_checkpoint(pager_->cut(), {}));
  }

  std::uint64_t gets(const std::vector<std::uint32_t>& keys) override {
    std::uint64_t sum = 0;
    Key key(0);
    for (const std::uint32_t number : keys) {
      key.set(number);
      const auto found = tree_->visit(
          page::View::newest(), as_bytes(key.text()),
          [&](Bytes value, std::uint64_t) { sum += load_le<std::uint64_t>(value.data()); });
      if (!found.has_value() || !*found) die("nacre lost a row");
    }
    return sum;
  }

  std::uint64_t scan() override {
    const page::Hold hold = pager_->hold();
    tree::Cursor cursor(*tree_, hold.view());
    std::uint64_t sum = 0;
    for (bool there = require(cursor.seek_first()); there; there = require(cursor.next())) {
      sum += load_le<std::uint64_t>(cursor.value().data());
    }
    return sum;
  }

  // Updates in random order, one publish each, as an applier without a log would make them.
  double update_ns(const std::vector<std::uint32_t>& keys) {
    Key key(0);
    const std::string value = value_of(0);
    return 1e9 * seconds([&] {
             for (const std::uint32_t number : keys) {
               key.set(number);
               require(tree_->put(as_bytes(key.text()), as_bytes(value), 1));
               pager_->publish();
             }
           }) /
           static_cast<double>(keys.size());
  }

 private:
  std::unique_ptr<io::FileSystem> file_system_;
  std::unique_ptr<page::Pager> pager_;
  std::unique_ptr<tree::Tree> tree_;
};

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--rows")
      settings.rows = std::strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--gets")
      settings.gets = std::strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--rounds")
      settings.rounds = std::atoi(argv[i + 1]);
    else if (name == "--threads")
      settings.threads = std::atoi(argv[i + 1]);
    else if (name == "--dir")
      settings.directory = argv[i + 1];
    else
      die(fmt::format("unknown option {}", name));
  }
  return settings;
}

std::vector<std::uint32_t> random_keys(const Settings& settings, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> keys(settings.gets);
  for (auto& key : keys) key = static_cast<std::uint32_t>(random() % settings.rows);
  return keys;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Nanoseconds of one thread per get, with all threads at work.
double get_ns(Engine& engine, const std::vector<std::vector<std::uint32_t>>& keys) {
  const double took = seconds([&] {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < keys.size(); ++i) {
      others.emplace_back([&engine, &own = keys[i]] { engine.gets(own); });
    }
    engine.gets(keys[0]);
  });
  return took * 1e9 / static_cast<double>(keys[0].size());
}

int run(const Settings& settings) {
  std::filesystem::remove_all(settings.directory);
  Lmdb lmdb(settings.directory + "/lmdb");
  NacreTree nacre(settings.directory + "/nacre", settings.rows);
  const auto rows = static_cast<double>(settings.rows);
  for (Engine* engine : {static_cast<Engine*>(&lmdb), static_cast<Engine*>(&nacre)}) {
    const double took = seconds([&] { engine->load(settings.rows); });
    fmt::print("{:6} sorted load {:6.0f} ns/row\n", engine->name(), took * 1e9 / rows);
  }
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int round = 0; round < settings.rounds; ++round) {
    std::vector<std::vector<std::uint32_t>> keys;
    for (int thread = 0; thread < settings.threads; ++thread) {
      keys.push_back(random_keys(settings, static_cast<std::uint64_t>(round * 100 + thread)));
    }
    theirs.push_back(get_ns(lmdb, keys));
    ours.push_back(get_ns(nacre, keys));
    fmt::print("round {}: get lmdb {:5.0f} ns, nacre {:5.0f} ns, ratio {:.2f}\n", round + 1,
               theirs.back(), ours.back(), ours.back() / theirs.back());
  }
  const double ratio = median(ours) / median(theirs);
  fmt::print("median: get lmdb {:.0f} ns, nacre {:.0f} ns, ratio {:.2f} (at most 0.90)\n",
             median(theirs), median(ours), ratio);
  for (int round = 0; round < 3; ++round) {
    const double theirs_scan = seconds([&] { lmdb.scan(); }) * 1e9 / rows;
    const double ours_scan = seconds([&] { nacre.scan(); }) * 1e9 / rows;
    fmt::print("round {}: scan lmdb {:5.1f} ns/row, nacre {:5.1f} ns/row\n", round + 1, theirs_scan,
               ours_scan);
  }
  for (int round = 0; round < 3; ++round) {
    std::vector<std::uint32_t> keys = random_keys(settings, 99);
    keys.resize(std::min<std::size_t>(keys.size(), 300'000));
    fmt::print("round {}: nacre update, published one by one {:5.0f} ns\n", round + 1,
               nacre.update_ns(keys));
  }
  std::filesystem::remove_all(settings.directory);
  return ratio <= 0.9 ? 0 : 1;
}

}  // namespace
}  // namespace nacre

int main(int argc, char** argv) { return nacre::run(nacre::parse(argc, argv)); }
