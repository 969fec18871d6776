#include "store/salvage.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "base/text.h"
#include "log/damaged_log.h"
#include "page/damaged_file.h"
#include "page/node.h"
#include "store/big_value.h"

namespace nacre::store {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr unsigned kDirtyPercent = 40;
constexpr std::size_t kLossesMax = 10'000;

// The store that is filled.
class Target {
 public:
  explicit Target(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  // Keys ascend within a table.
  Result<> put(TableId table, Bytes key, Bytes value) {
    if (table != table_) NACRE_TRY(flush());
    table_ = table;
    rows_.put(table, key, value);
    if (rows_.bytes().size() < kBatchBytes) return {};
    return flush();
  }

  Result<> flush() {
    if (rows_.bytes().empty()) return {};
    const std::string batch = rows_.take();
    return commit(as_bytes(batch), Time{0});
  }

  Result<> commit(Bytes batch, Time time) {
    const Time later = std::max(time, Time{number(store_->log().last_time()) + 1});
    auto appended = store_->log().append(later, batch);
    if (!appended.has_value() && appended.error().code() == Code::kFull) {
      NACRE_TRY(store_->log().make_room(batch.size()));
      appended = store_->log().append(later, batch);
    }
    const Position position = NACRE_TRY(std::move(appended));
    NACRE_TRY(store_->log().wait_durable(position));
    NACRE_TRY(store_->apply(position, later, batch));
    store_->publish();
    if (!store_->is_dirty_beyond(kDirtyPercent)) return {};
    return checkpoint(/*clean=*/false);
  }

  Result<> close() {
    NACRE_TRY(flush());
    NACRE_TRY(checkpoint(/*clean=*/true));
    return store_->close();
  }

 private:
  Result<> checkpoint(bool clean) {
    auto cut = NACRE_TRY(store_->cut(clean));
    return store_->write_checkpoint(cut);
  }

  std::unique_ptr<Store> store_;
  BatchWriter rows_;
  TableId table_{};
};

// A leaf, and the keys it is there for.
struct Leaf {
  page::DamagedFile::PageAt page;
  std::string lower;
  std::optional<std::string> upper;  // absent: no limit
};

std::string hex_key(std::string_view key) {
  std::string text = "0x";
  for (const char c : key) text += format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

class Salvager {
 public:
  Salvager(page::DamagedFile file, Target& target) : file_(std::move(file)), target_(target) {
    for (const std::string& problem : file_.problems()) lose(problem);
  }

  Result<> run(io::FileSystem& files, std::string_view log_directory) {
    sort_pages();
    read_catalog();
    for (const auto& [tree, leaves] : leaves_) {
      // The past is not copied: neither the history nor deleted keys.
      if (tree == number_of(kCatalogTree) || tree >= kTableNumberEnd) continue;
      ++report.table_count;
      NACRE_TRY(copy_table(TableId{tree}, leaves));
    }
    NACRE_TRY(target_.flush());
    const page::RootRecord& root = file_.superblock().root;
    const auto apply = [&](const log::Commit& commit) -> Result<> {
      NACRE_TRY(check_batch(commit.ops));
      ++report.commit_count;
      return target_.commit(commit.ops, commit.time);
    };
    const auto log =
        NACRE_TRY(log::read_damaged_log(files, log_directory, root.uuid, root.applied, apply));
    for (const std::string& problem : log.problems) lose(problem);
    if (log.lost > 0) {
      lose(format("{}: {} intact commits come after one that is missing, and were left out",
                  log_directory, log.lost));
    }
    if (log.last < root.durable) {
      lose(format("{}: commits up to {} were durable, but none after {} can be read", log_directory,
                  number(root.durable), number(log.last)));
    }
    report.position = log.last;
    return {};
  }

  SalvageReport report;

 private:
  static std::uint32_t number_of(tree::TreeId tree) { return static_cast<std::uint32_t>(tree); }

  void lose(std::string loss) {
    if (report.losses.size() < kLossesMax) report.losses.push_back(std::move(loss));
  }

  // Reads every page once, and remembers which leaf is there for which keys of which tree.
  void sort_pages() {
    for (const page::DamagedFile::PageAt& at : file_.pages()) {
      if (at.is_chunk()) {
        chunks_[page::number(at.id)] = at;
        continue;
      }
      const auto bytes = file_.read(at);
      if (!bytes.has_value()) {
        ++report.lost_pages;
        lose(bytes.error().text());
        continue;
      }
      const page::Node node(*bytes);
      if (!node.is_leaf()) continue;
      Leaf leaf{.page = at, .lower = to_string(node.lower_fence()), .upper = std::nullopt};
      if (node.upper_fence().has_value()) leaf.upper = to_string(*node.upper_fence());
      leaves_[page::tree_of(*bytes)].push_back(std::move(leaf));
    }
    for (auto& [tree, leaves] : leaves_) std::ranges::sort(leaves, {}, &Leaf::lower);
  }

  // Tables of which no leaf is left are known from here alone.
  void read_catalog() {
    const auto leaves = leaves_.find(number_of(kCatalogTree));
    if (leaves == leaves_.end()) {
      if (!file_.pages().empty())
        lose("the list of tables is lost; tables are found by their rows");
      return;
    }
    report_gaps("the list of tables", leaves->second);
    for (const Leaf& leaf : leaves->second) {
      const auto bytes = file_.read(leaf.page);
      if (!bytes.has_value()) continue;  // it was readable a moment ago, and is reported as lost
      const page::Node node(*bytes);
      for (std::size_t i = 0; i < node.count(); ++i) {
        const std::string key = to_string(node.prefix()) + to_string(node.suffix(i));
        const auto decoded = decode_key(as_bytes(key));
        if (!decoded.has_value()) continue;
        const std::uint32_t table = number(decoded->table);
        const auto row = decode_row(decoded->table, node.leaf_cell(i).value);
        Position& first = first_[table];
        first = std::max(first, decoded->dropped);
        if (decoded->dropped != kNoPosition) continue;
        if (row.has_value()) row_counts_[table] = row->row_count;
        if (row.has_value()) first = std::max(first, row->created);
        leaves_.try_emplace(table);
      }
    }
  }

  void report_gaps(const std::string& name, const std::vector<Leaf>& leaves) {
    std::optional<std::string> upper = "";  // up to here all keys are there
    for (const Leaf& leaf : leaves) {
      if (upper.has_value() && *upper < leaf.lower) {
        lose(format("{}: rows with keys from {} to below {} are lost", name, hex_key(*upper),
                    hex_key(leaf.lower)));
      }
      upper = leaf.upper;
    }
    if (upper.has_value()) {
      lose(format("{}: rows with keys from {} on are lost", name, hex_key(*upper)));
    }
  }

  Result<> copy_table(TableId table, const std::vector<Leaf>& leaves) {
    const std::string name = format("table {}", number(table));
    report_gaps(name, leaves);
    std::uint64_t rows = 0;
    for (const Leaf& leaf : leaves) {
      const auto bytes = file_.read(leaf.page);
      if (!bytes.has_value()) {
        lose(bytes.error().text());
        continue;
      }
      const page::Node node(*bytes);
      for (std::size_t i = 0; i < node.count(); ++i) {
        const std::string key = to_string(node.prefix()) + to_string(node.suffix(i));
        const page::Node::LeafCell cell = node.leaf_cell(i);
        // Of a dropped table of this number, kept for readers of the past.
        if (position_of(cell.word) < first_[number(table)]) continue;
        if ((cell.flags & page::kBigValue) != 0) {
          const auto value = read_big(cell.value);
          if (!value.has_value()) {
            lose(format("{}: the value of key {} is lost: {}", name, hex_key(key),
                        value.error().text()));
            continue;
          }
          NACRE_TRY(target_.put(table, as_bytes(key), as_bytes(*value)));
          ++rows;
          continue;
        }
        NACRE_TRY(target_.put(table, as_bytes(key), cell.value));
        ++rows;
      }
    }
    report.row_count += rows;
    const auto counted = row_counts_.find(number(table));
    if (counted != row_counts_.end() && counted->second != rows) {
      lose(format("{}: {} rows are there, {} there should be", name, rows, counted->second));
    }
    return {};
  }

  // The value in the chunks that `row` names.
  Result<std::string> read_big(Bytes row) {
    const BigValue big = NACRE_TRY(BigValue::decode(row));
    std::string value;
    for (std::size_t i = 0; i < big.chunk_count(); ++i) {
      const auto at = chunks_.find(page::number(big.chunk(i)));
      if (at == chunks_.end()) {
        return fail(Code::kCorrupt,
                    format("where page {} lies is not known", page::number(big.chunk(i))));
      }
      const page::ExtentRef chunk = NACRE_TRY(file_.read_chunk(at->second));
      value.append(as_text(chunk.payload()));
    }
    if (value.size() == big.size() && crc32c(as_bytes(value)) == big.checksum()) return value;
    return fail(Code::kCorrupt, "its chunks are not those of one value");
  }

  page::DamagedFile file_;
  Target& target_;
  std::map<std::uint32_t, page::DamagedFile::PageAt> chunks_;  // by id
  std::map<std::uint32_t, std::vector<Leaf>> leaves_;          // by tree, in key order
  std::map<std::uint32_t, std::uint64_t> row_counts_;  // by table, as the list of tables says
  std::map<std::uint32_t, Position> first_;            // by table: no row that is there is older
};

}  // namespace

Result<SalvageReport> salvage(std::string_view path, std::string_view target,
                              const Options& options) {
  io::FileSystem& files = *options.file_system;
  const std::string directory(path);
  const auto lock = NACRE_TRY(files.lock(directory + "/LOCK"));
  auto file = NACRE_TRY(page::DamagedFile::open(files, directory + "/store.dat"));
  if (NACRE_TRY(files.exists(std::string(target) + "/store.dat"))) {
    return fail(Code::kExists, format("{}: there is a database already", target));
  }
  Options target_options = options;
  target_options.create_if_missing = true;
  Target copy(NACRE_TRY(Store::open(target, target_options)));
  Salvager salvager(std::move(file), copy);
  NACRE_TRY(salvager.run(files, directory + "/log"));
  NACRE_TRY(copy.close());
  return std::move(salvager.report);
}

}  // namespace nacre::store
