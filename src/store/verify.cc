// Verify: what one checkpoint and the log after it say about each other.
#include <utility>

#include "base/text.h"
#include "store/big_value.h"
#include "store/store.h"
#include "tree/cursor.h"

namespace nacre::store {
namespace {

constexpr std::size_t kProblemsMax = 1000;  // a wrecked file need not be described in full

void add(VerifyReport& report, std::string problem) {
  if (report.problems.size() < kProblemsMax) report.problems.push_back(std::move(problem));
}

// Checks one tree; returns how many rows it has.
Result<std::uint64_t> check_tree(const tree::Tree& tree, page::View view, std::string_view name,
                                 tree::TreeCheck& all, VerifyReport& report) {
  const std::uint64_t rows_before = all.rows_checked;
  const std::size_t problems_before = all.problems.size();
  NACRE_TRY(tree.check(view, all));
  for (std::size_t i = problems_before; i < all.problems.size(); ++i) {
    add(report, format("{}: {}", name, all.problems[i]));
  }
  return all.rows_checked - rows_before;
}

// Reads every big value of one tree, and notes whose its chunks are.
Result<> check_values(page::Pager& pager, const tree::Tree& tree, page::View view,
                      std::string_view name, bool is_history, tree::TreeCheck& all,
                      VerifyReport& report) {
  tree::Cursor rows(tree, view);
  Record record;
  std::string whole;
  auto more = rows.seek_first();
  for (; more.has_value() && *more; more = rows.next()) {
    if ((rows.flags() & page::kBigValue) == 0) continue;
    Bytes row = rows.value();
    if (is_history) {
      // What is wrong with a record is named when the history is checked.
      const auto read = decode_record(end_of(rows.key()), rows.word(), rows.flags(), row, record);
      if (!read.has_value()) continue;
      row = as_bytes(record.version.value);
    }
    const auto value = BigValue::decode(row);
    if (!value.has_value()) {
      add(report, format("{}: {}", name, value.error().text()));
      continue;
    }
    for (std::size_t i = 0; i < value->chunk_count(); ++i) {
      const std::uint32_t id = page::number(value->chunk(i));
      if (all.reachable.size() <= id) all.reachable.resize(std::size_t{id} + 1);
      if (all.reachable[id]) add(report, format("{}: page {} is referred to twice", name, id));
      all.reachable[id] = true;  // STORE-6
    }
    const auto read = read_big_value(pager, view, row, whole);
    if (read.has_value()) continue;
    if (read.error().code() != Code::kCorrupt) return std::unexpected(read.error().clone());
    add(report, format("{}: {}", name, read.error().text()));
  }
  if (!more.has_value() && more.error().code() != Code::kCorrupt) {
    return std::unexpected(std::move(more).error());  // damage of pages is named already
  }
  return {};
}

void compare_pages(const page::PagerCheck& pages, const tree::TreeCheck& trees,
                   VerifyReport& report) {
  const std::size_t count = std::max(pages.used.size(), trees.reachable.size());
  for (std::size_t id = 0; id < count; ++id) {
    const bool is_used = id < pages.used.size() && pages.used[id];
    const bool is_reachable = id < trees.reachable.size() && trees.reachable[id];
    if (is_used == is_reachable) continue;
    add(report, is_used ? format("page {}: is in use, but no table refers to it", id)
                        : format("page {}: a table refers to it, but it is not in use", id));
  }
}

}  // namespace

Result<VerifyReport> Store::verify(const Snapshot& snapshot, bool is_of_checkpoint) {
  VerifyReport report;
  NACRE_TRY(snapshot.check());
  report.position = snapshot.position();
  page::PagerCheck pages = NACRE_TRY(pager_->check());
  for (std::string& problem : pages.problems) add(report, std::move(problem));

  tree::TreeCheck trees;
  const page::View view = snapshot.view();
  const tree::Tree tables = catalog();
  report.table_count = NACRE_TRY(check_tree(tables, view, "catalog", trees, report));
  tree::Cursor rows(tables, view);
  auto more = rows.seek_first();
  while (more.has_value() && *more) {
    const auto key = decode_key(rows.key());
    const auto row = key.has_value() ? decode_row(key->table, rows.value())
                                     : Result<CatalogRow>(std::unexpected(key.error().clone()));
    if (!row.has_value()) {
      add(report, row.error().text());
    } else {
      const std::string name = format("table {}", number(key->table));
      // What a vacuum may have begun to give up is only looked through for its pages.
      trees.is_being_destroyed = key->dropped != kNoPosition && key->dropped <= horizon();
      const tree::Tree tree(*pager_, row->root, tree::TreeId{number(key->table)});
      const std::uint64_t counted = NACRE_TRY(check_tree(tree, view, name, trees, report));
      if (row->has_big_values) {
        NACRE_TRY(check_values(*pager_, tree, view, name, false, trees, report));
      }
      const bool is_counted = is_of_checkpoint && !trees.is_being_destroyed;
      if (is_counted && counted != row->row_count) {
        add(report, format("{}: {} rows, but the catalog says {}", name, counted, row->row_count));
      }
      if (row->graveyard != page::kNoPage) {
        const tree::Tree graves(*pager_, row->graveyard, graveyard_tree(key->table));
        const std::uint64_t dead =
            NACRE_TRY(check_tree(graves, view, name + ", graveyard", trees, report));
        if (is_counted && dead != row->graveyard_rows) {
          add(report, format("{}: {} deleted keys, but the catalog says {}", name, dead,
                             row->graveyard_rows));
        }
      }
      trees.is_being_destroyed = false;
    }
    more = rows.next();
  }
  if (!more.has_value() && more.error().code() != Code::kCorrupt) {
    return std::unexpected(std::move(more).error());  // as when the snapshot was given up
  }
  if (!more.has_value()) add(report, more.error().text());
  if (snapshot.tables().history != page::kNoPage) {
    const tree::Tree history(*pager_, snapshot.tables().history, kHistoryTree);
    const std::uint64_t records = NACRE_TRY(check_tree(history, view, "history", trees, report));
    NACRE_TRY(check_values(*pager_, history, view, "history", true, trees, report));
    if (is_of_checkpoint && records != pager_->root().history_rows) {
      add(report, format("history: {} records, but the superblock says {}", records,
                         pager_->root().history_rows));
    }
  }
  if (is_of_checkpoint && report.problems.empty()) compare_pages(pages, trees, report);
  if (report.problems.empty()) NACRE_TRY(verify_history(snapshot, is_of_checkpoint, report));
  report.pages_checked = pages.pages_checked;
  report.rows_checked = trees.rows_checked;
  NACRE_TRY(verify_log(pager_->root().applied, report));
  return report;
}

Result<> Store::verify_log(Position after, VerifyReport& report) {
  const Position last = log_->durable_position();
  auto opened = log_->read_from(next(after));
  // A checkpoint that was written meanwhile may have trimmed the log.
  if (!opened.has_value() && opened.error().code() == Code::kTooOld) return {};
  if (!opened.has_value()) {
    add(report, opened.error().text());
    return {};
  }
  for (Position position = next(after); position <= last; position = next(position)) {
    auto commit = (*opened)->next();
    if (!commit.has_value()) {
      add(report, commit.error().text());
      return {};
    }
    if (!commit->has_value() || (*commit)->position != position) {
      add(report, format("log: position {} is missing", number(position)));
      return {};
    }
    const auto checked = check_batch((*commit)->ops);
    if (!checked.has_value()) {
      add(report, format("log: position {}: {}", number(position), checked.error().text()));
    }
    ++report.commits_checked;
  }
  return {};
}

}  // namespace nacre::store
