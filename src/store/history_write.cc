// Rows put and removed, with what becomes of the version before.
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "base/text.h"
#include "store/big_value.h"
#include "store/store.h"

namespace nacre::store {

tree::Tree Store::history() const { return tree::Tree(*pager_, root_.history_root, kHistoryTree); }

void Store::count_history(std::int64_t rows, std::int64_t bytes) {
  // The applier alone changes them; unsigned sums wrap as they should.
  history_rows_.fetch_add(static_cast<std::uint64_t>(rows), std::memory_order_relaxed);
  history_bytes_.fetch_add(static_cast<std::uint64_t>(bytes), std::memory_order_relaxed);
}

void Store::note_superseded(const tree::Row& row) {
  superseded_.version.is_absent = false;
  superseded_.version.flags = row.flags;
  superseded_.version.word = row.word;
  superseded_.version.value.assign(as_text(row.value));
}

// Whether the key is new.
Result<bool> Store::put_row(Table& table, const Op& op, std::uint64_t word) {
  std::string descriptor;
  Bytes value = op.value;
  page::RowFlags flags = 0;
  if (is_big(op.value.size())) {
    descriptor =
        NACRE_TRY(with_room([&] { return write_big_value(*pager_, table.tree.id(), op.value); }));
    value = as_bytes(descriptor);
    flags = page::kBigValue;
    if (!table.has_big_values) {
      table.has_big_values = true;
      table.is_row_count_stored = false;
    }
  }
  superseded_.is_delete = false;
  superseded_.version.flags = 0;
  auto is_new = with_room([&] {
    return table.tree.put(
        op.key, value, word, flags,
        [&](const tree::Row& old) -> page::RowFlags {
          if (!keeps_history_ && (old.flags & page::kBigValue) == 0) return flags;
          note_superseded(old);
          return keeps_history_ ? static_cast<page::RowFlags>(flags | page::kHasHistory) : flags;
        },
        std::exchange(table.near, page::kNoPage));
  });
  if (!is_new.has_value()) {
    // Nothing refers to the new chunks.
    if (flags != 0) NACRE_TRY(release_value(flags, value));
    return is_new;
  }
  if (!*is_new) {
    if (keeps_history_) {
      NACRE_TRY(append_record(word, op.table, op.key));
    } else if (!NACRE_PLANTED(replaced_value_leaks)) {
      NACRE_TRY(release_value(superseded_.version.flags, as_bytes(superseded_.version.value)));
    }
    return false;
  }
  if (table.graveyard_rows == 0) return true;
  // Deleted before, and there again: HIST-3.
  const std::uint64_t deleted = NACRE_TRY(dig_out(table, op.table, op.key));
  if (deleted == 0 || !keeps_history_ || NACRE_PLANTED(revived_key_forgets_its_past)) return true;
  superseded_.version = {
      .is_absent = true, .flags = page::kHasHistory, .word = deleted, .value = {}};
  NACRE_TRY(append_record(word, op.table, op.key));
  flags |= page::kHasHistory;
  NACRE_TRY(with_room([&] { return table.tree.put(op.key, value, word, flags); }));
  return true;
}

// Whether the key was there.
Result<bool> Store::remove_row(Table& table, const Op& op, std::uint64_t word) {
  superseded_.is_delete = true;
  superseded_.version.flags = 0;
  const bool was_there = NACRE_TRY(with_room([&] {
    return table.tree.remove(op.key, [&](const tree::Row& old) {
      if (keeps_history_ || (old.flags & page::kBigValue) != 0) note_superseded(old);
    });
  }));
  if (!was_there) return false;
  if (!keeps_history_) {
    NACRE_TRY(release_value(superseded_.version.flags, as_bytes(superseded_.version.value)));
    return true;
  }
  NACRE_TRY(append_record(word, op.table, op.key));
  NACRE_TRY(bury(table, op.table, op.key, word));
  return true;
}

// HIST-1: what superseded_ says ended at `end`.
Result<> Store::append_record(std::uint64_t end, TableId table, Bytes key) {
  if (NACRE_PLANTED(history_record_not_written)) return {};
  if (root_.history_root == page::kNoPage) {
    root_.history_root =
        NACRE_TRY(with_room([&] { return tree::Tree::create(*pager_, kHistoryTree); }));
    is_table_map_stale_ = true;
  }
  const bool with_key = superseded_.is_delete || is_shared_word(end);
  if (with_key) {
    superseded_.table = table;
    superseded_.key.assign(as_text(key));
  }
  const Version& version = superseded_.version;
  superseded_.jump = jumps_.note(end, version.word);
  encode_record(superseded_, with_key, record_bytes_);
  std::string at = record_key(end, table, key);
  for (std::uint16_t probe = 0; is_shared_word(end); at = record_key(end, table, key, ++probe)) {
    const bool is_taken =
        NACRE_TRY(history().visit(page::View::open(), as_bytes(at), [](Bytes, std::uint64_t) {}));
    if (!is_taken) break;
  }
  const bool is_new = NACRE_TRY(with_room([&] {
    return history().put(as_bytes(at), as_bytes(record_bytes_), version.word, version.flags);
  }));
  if (!is_new) {
    return fail(Code::kCorrupt,
                format("history: record of commit {} is there already", number(position_of(end))));
  }
  count_history(1, static_cast<std::int64_t>(
                       cost_of(superseded_.is_delete, at.size(), record_bytes_.size())));
  return {};
}

Result<> Store::bury(Table& table, TableId id, Bytes key, std::uint64_t word) {
  if (NACRE_PLANTED(deleted_key_not_buried)) return {};
  if (table.graveyard == page::kNoPage) {
    table.graveyard =
        NACRE_TRY(with_room([&] { return tree::Tree::create(*pager_, graveyard_tree(id)); }));
    is_table_map_stale_ = true;
  }
  tree::Tree graves(*pager_, table.graveyard, graveyard_tree(id));
  const bool is_new =
      NACRE_TRY(with_room([&] { return graves.put(key, {}, word, page::kHasHistory); }));
  if (is_new) ++table.graveyard_rows;
  return {};
}

Result<std::uint64_t> Store::dig_out(Table& table, TableId id, Bytes key) {
  std::uint64_t word = 0;
  tree::Tree graves(*pager_, table.graveyard, graveyard_tree(id));
  const bool was_there = NACRE_TRY(with_room(
      [&] { return graves.remove(key, [&](const tree::Row& old) { word = old.word; }); }));
  if (!was_there) return std::uint64_t{0};
  if (table.graveyard_rows == 0) {
    return fail(Code::kCorrupt, format("catalog: table {}: it has no deleted keys, but one was "
                                       "removed from its graveyard",
                                       number(id)));
  }
  --table.graveyard_rows;
  table.is_row_count_stored = false;
  return word;
}

}  // namespace nacre::store
