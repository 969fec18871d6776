// What the rows, the graveyards and the history say about each other.
#include <utility>

#include "base/text.h"
#include "store/history.h"
#include "store/store.h"
#include "tree/cursor.h"

namespace nacre::store {
namespace {

constexpr std::size_t kProblemsMax = 1000;

class HistoryCheck {
 public:
  HistoryCheck(const Snapshot& now, Position horizon, VerifyReport& report)
      : now_(now),
        history_(now.pager(), now.tables().history, kHistoryTree),
        horizon_(horizon),
        report_(report) {}

  // Every record; returns what they count for.
  Result<std::uint64_t> check_records() {
    std::uint64_t bytes = 0;
    Record record;
    tree::Cursor at(history_, now_.view());
    for (bool more = NACRE_TRY(at.seek_first()); more; more = NACRE_TRY(at.next())) {
      const std::uint64_t end = end_of(at.key());
      const auto decoded = decode_record(end, at.word(), at.flags(), at.value(), record);
      if (!decoded.has_value()) {
        problem(decoded.error().what());
        continue;
      }
      bytes += cost_of(record.is_delete, at.key().size(), at.value().size());
      if (position_of(end) > now_.position()) problem(format("record {} is of the future", end));
      if (record.jump != 0) NACRE_TRY(expect(record.jump, record.table, record.key, "a jump"));
      if (!is_shared_word(record.version.word)) {
        NACRE_TRY(check_version(record.version.flags, record.version.word, record.table,
                                as_bytes(record.key), "a record"));
      }
    }
    return bytes;
  }

  // Every row of a table, or of a graveyard.
  Result<> check_rows(const tree::Tree& tree, TableId table, bool is_graveyard) {
    const std::string who =
        format("table {}, a row{}", number(table), is_graveyard ? " of its graveyard" : "");
    tree::Cursor at(tree, now_.view());
    for (bool more = NACRE_TRY(at.seek_first()); more; more = NACRE_TRY(at.next())) {
      if (is_graveyard && (at.flags() & page::kHasHistory) == 0) problem(who + " has no history");
      NACRE_TRY(check_version(at.flags(), at.word(), table, at.key(), who));
    }
    return {};
  }

 private:
  void problem(std::string text) {
    if (report_.problems.size() < kProblemsMax) report_.problems.push_back(std::move(text));
  }

  Result<> check_version(page::RowFlags flags, std::uint64_t word, TableId table, Bytes key,
                         std::string_view who) {
    if ((flags & page::kHasHistory) == 0) return {};
    return expect(word, table, as_text(key), who);
  }

  // HIST-1: the record that `who` refers to, unless it is forgotten.
  Result<> expect(std::uint64_t end, TableId table, std::string_view key, std::string_view who) {
    if (position_of(end) <= horizon_) return {};
    auto found = find_record(history_, now_.view(), end, table, as_bytes(key), found_);
    if (!found.has_value() && found.error().code() != Code::kCorrupt) {
      return std::unexpected(std::move(found).error());
    }
    if (!found.has_value() || !*found) {
      problem(
          format("history: {} refers to the record of commit {}, operation {}, which is missing",
                 who, number(position_of(end)), end & kOpMax));
    }
    return {};
  }

  const Snapshot& now_;
  tree::Tree history_;
  Position horizon_;
  VerifyReport& report_;
  Record found_;
};

}  // namespace

Result<> Store::verify_history(const Snapshot& snapshot, bool is_of_checkpoint,
                               VerifyReport& report) {
  const TableMap& tables = snapshot.tables();
  if (tables.history == page::kNoPage) return {};
  const Position horizon = keeps_history_ ? this->horizon() : kPositionMax;
  HistoryCheck check(snapshot, horizon, report);
  const std::uint64_t bytes = NACRE_TRY(check.check_records());
  if (is_of_checkpoint && bytes != pager_->root().history_bytes) {
    report.problems.push_back(
        format("history: its records count for {} bytes, but the superblock "
               "says {}",
               bytes, pager_->root().history_bytes));
  }
  const auto check_table = [&](TableId table, const TableRoots& roots) -> Result<> {
    const tree::Tree rows(*pager_, roots.root, tree::TreeId{number(table)});
    NACRE_TRY(check.check_rows(rows, table, false));
    if (roots.graveyard == page::kNoPage) return {};
    const tree::Tree graves(*pager_, roots.graveyard, graveyard_tree(table));
    return check.check_rows(graves, table, true);
  };
  for (const auto& [id, roots] : tables.tables) NACRE_TRY(check_table(TableId{id}, roots));
  for (const auto& [id, roots] : tables.dropped) {
    if (id.second > horizon) NACRE_TRY(check_table(TableId{id.first}, roots));
  }
  return {};
}

}  // namespace nacre::store
