#include "store/past.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/planted.h"
#include "store/big_value.h"
#include "store/store.h"
#include "tree/cursor.h"

namespace nacre::store {
namespace {

constexpr std::size_t kBatchRows = 128;
constexpr std::size_t kBatchBytes = std::size_t{256} << 10;
// A batch ends after so many keys too, however few of them were there: what it holds is held for
// no longer than that.
constexpr std::size_t kBatchKeys = 2048;

// A key of a table or its graveyard in the newest state, as a version.
struct Newest {
  bool is_absent;
  page::RowFlags flags;
  std::uint64_t word;
};

// Whether the chain must be followed to know what the key was at `at`; when not, whether `newest`
// is what it was.
enum class Verdict : std::uint8_t { kThere, kNotThere, kOlder };
Verdict judge(const Newest& newest, Position at) {
  if (position_of(newest.word) <= at) {
    return newest.is_absent ? Verdict::kNotThere : Verdict::kThere;
  }
  return (newest.flags & page::kHasHistory) != 0 ? Verdict::kOlder : Verdict::kNotThere;
}

tree::Tree history_of(const Snapshot& now) {
  return tree::Tree(now.pager(), now.tables().history, kHistoryTree);
}

Result<bool> follow_from(const Snapshot& now, std::uint64_t word, TableId table, Bytes key,
                         Position at, Version& into, std::uint64_t* hops) {
  if (now.tables().history == page::kNoPage) {
    return fail(Code::kCorrupt, "history: it is missing, but a row refers to it");
  }
  return follow(history_of(now), now.view(), word, table, key, at, into, hops);
}

}  // namespace

std::optional<TableRoots> roots_at(const TableMap& map, TableId table, Position at) {
  const auto live = map.tables.find(number(table));
  if (live != map.tables.end() && live->second.created <= at) return live->second;
  // The first drop after `at`.
  const auto dropped = map.dropped.upper_bound({number(table), at});
  if (dropped == map.dropped.end() || dropped->first.first != number(table)) return std::nullopt;
  if (dropped->second.created > at) return std::nullopt;
  return dropped->second;
}

Result<KeyState> state_past(const Snapshot& now, TableId table, Bytes key, Position at,
                            std::uint64_t* hops) {
  KeyState state;
  const auto roots = roots_at(now.tables(), table, at);
  if (!roots.has_value()) return state;
  NACRE_TRY(now.check());
  Newest newest{};
  Verdict verdict = Verdict::kNotThere;
  const tree::Tree rows(now.pager(), roots->root, tree::TreeId{number(table)});
  const bool is_row = NACRE_TRY(
      rows.visit(now.view(), key, [&](Bytes bytes, std::uint64_t word, page::RowFlags flags) {
        newest = {.is_absent = false, .flags = flags, .word = word};
        verdict = judge(newest, at);
        if (verdict == Verdict::kThere) state.value.emplace(as_text(bytes));
      }));
  if (!is_row && roots->graveyard != page::kNoPage) {
    const tree::Tree graves(now.pager(), roots->graveyard, graveyard_tree(table));
    NACRE_TRY(graves.visit(now.view(), key, [&](Bytes, std::uint64_t word, page::RowFlags flags) {
      newest = {.is_absent = true, .flags = flags, .word = word};
      verdict = judge(newest, at);
    }));
  }
  page::RowFlags flags = newest.flags;
  std::uint64_t word = newest.word;
  if (verdict == Verdict::kOlder) {
    Version older;
    if (NACRE_TRY(follow_from(now, newest.word, table, key, at, older, hops))) {
      state.value = std::move(older.value);
      flags = older.flags;
    }
    word = older.word;  // 0: its first version came later
  }
  if (position_of(word) <= at) state.since = position_of(word);
  if (!state.value.has_value() || (flags & page::kBigValue) == 0) return state;
  const std::string row = *std::move(state.value);
  NACRE_TRY(read_big_value(now.pager(), now.view(), as_bytes(row), state.value.emplace()));
  return state;
}

Result<std::optional<std::string>> get_past(const Snapshot& now, TableId table, Bytes key,
                                            Position at, std::uint64_t* hops) {
  KeyState state = NACRE_TRY(state_past(now, table, key, at, hops));
  return std::move(state.value);
}

// --- PastCursor

namespace {

// The keys of a table and of its graveyard in one order; no key is in both (HIST-3).
class Keys {
 public:
  Keys(const Snapshot& now, TableId table, const TableRoots& roots, bool forward)
      : forward_(forward),
        rows_(tree::Tree(now.pager(), roots.root, tree::TreeId{number(table)}), now.view()) {
    if (roots.graveyard == page::kNoPage || NACRE_PLANTED(past_scan_without_graves)) return;
    graves_.emplace(tree::Tree(now.pager(), roots.graveyard, graveyard_tree(table)), now.view());
  }

  Result<bool> start(const std::optional<std::string>& key) {
    row_ = NACRE_TRY(start(rows_, key));
    if (graves_.has_value()) grave_ = NACRE_TRY(start(*graves_, key));
    return choose();
  }

  Result<bool> step() {
    if (at_grave_ || is_both_) grave_ = NACRE_TRY(forward_ ? graves_->next() : graves_->prev());
    if (!at_grave_) row_ = NACRE_TRY(forward_ ? rows_.next() : rows_.prev());
    return choose();
  }

  [[nodiscard]] Bytes key() const { return at_grave_ ? graves_->key() : rows_.key(); }
  [[nodiscard]] Newest newest() const {
    const tree::Cursor& at = at_grave_ ? *graves_ : rows_;
    return {.is_absent = at_grave_, .flags = at.flags(), .word = at.word()};
  }
  [[nodiscard]] Bytes value() const { return rows_.value(); }

 private:
  Result<bool> start(tree::Cursor& cursor, const std::optional<std::string>& key) const {
    if (!key.has_value()) return forward_ ? cursor.seek_first() : cursor.seek_last();
    return forward_ ? cursor.seek(as_bytes(*key)) : cursor.seek_before(as_bytes(*key));
  }

  bool choose() {
    is_both_ = false;
    at_grave_ = grave_;
    if (!row_ || !grave_) return row_ || grave_;
    const auto order = compare(graves_->key(), rows_.key());
    is_both_ = order == 0;  // the row is the newer one
    at_grave_ = forward_ ? order < 0 : order > 0;
    return true;
  }

  bool forward_;
  tree::Cursor rows_;
  std::optional<tree::Cursor> graves_;
  bool row_ = false;
  bool grave_ = false;
  bool at_grave_ = false;
  bool is_both_ = false;
};

}  // namespace

Result<bool> PastCursor::seek(Bytes key) { return start({.key = to_string(key), .forward = true}); }

Result<bool> PastCursor::seek_before(Bytes key) {
  return start({.key = to_string(key), .forward = false});
}

Result<bool> PastCursor::seek_last() { return start({.key = std::nullopt, .forward = false}); }

Result<bool> PastCursor::start(From from) {
  from_ = std::move(from);
  wanted_ = 1;
  return fill();
}

Result<bool> PastCursor::next() {
  NACRE_CHECK(index_ < rows_.size(), "the cursor stands on a row");
  if (from_.forward) return step();
  return seek(as_bytes(rows_[index_].key + '\0'));  // the least key above
}

Result<bool> PastCursor::prev() {
  NACRE_CHECK(index_ < rows_.size(), "the cursor stands on a row");
  if (!from_.forward) return step();
  return seek_before(as_bytes(std::string(rows_[index_].key)));
}

Result<tree::RowViews> PastCursor::read_rows(const tree::RowsWanted& wanted) {
  NACRE_CHECK(index_ < rows_.size(), "the cursor stands on a row");
  if (from_.forward == wanted.backward) {
    std::string key = rows_[index_].key;
    if (wanted.backward) key.push_back('\0');  // the least key above
    const bool is_there =
        NACRE_TRY(wanted.backward ? seek_before(as_bytes(key)) : seek(as_bytes(key)));
    NACRE_CHECK(is_there, "a row of a position stays there");
  }
  const std::size_t limit = index_ + std::min(wanted.limit, rows_.size() - index_);
  std::size_t end = index_;
  while (end < limit && wanted.takes(as_bytes(rows_[end].key))) ++end;
  return show(end, /*is_bound=*/end < limit);
}

Result<tree::RowViews> PastCursor::show(std::size_t end, bool is_bound) {
  const bool is_whole = end == rows_.size();
  // What is shown stays where it is while the next batch is read.
  if (is_whole) shown_.swap(rows_);
  const std::vector<Row>& from = is_whole ? shown_ : rows_;
  views_.clear();
  for (std::size_t i = index_; i < end; ++i) {
    views_.push_back({.prefix = {},
                      .suffix = as_bytes(from[i].key),
                      .value = as_bytes(from[i].value),
                      .word = from[i].word,
                      .flags = from[i].flags});
  }
  index_ = end;
  if (!is_whole) return tree::RowViews{views_, true, is_bound};
  rows_.clear();
  bool more = false;
  if (!is_at_end_) more = NACRE_TRY(fill());
  return tree::RowViews{views_, more};
}

Result<bool> PastCursor::step() {
  if (++index_ < rows_.size()) return true;
  if (is_at_end_) return false;
  return fill();
}

Result<bool> PastCursor::fill() {
  do {
    wanted_ = std::min(wanted_ * 4, kBatchRows);
    auto collected = store_->read_past(at_, [&](const Snapshot& now) { return collect(now); });
    if (!collected.has_value()) {
      rows_.clear();
      return std::unexpected(std::move(collected).error());
    }
  } while (rows_.empty() && !is_at_end_);
  return !rows_.empty();
}

// Called again with a fresh state when the one before was given up in the middle.
Result<> PastCursor::collect(const Snapshot& now) {
  NACRE_TRY(now.check());
  rows_.clear();
  index_ = 0;
  is_at_end_ = true;
  const auto roots = roots_at(now.tables(), table_, at_);
  if (!roots.has_value()) return {};
  Keys keys(now, table_, *roots, from_.forward);
  std::size_t bytes = 0;
  std::size_t seen = 0;
  bool more = NACRE_TRY(keys.start(from_.key));
  std::string last;
  while (more) {
    last.assign(as_text(keys.key()));
    const Newest newest = keys.newest();
    Verdict verdict = judge(newest, at_);
    if (verdict == Verdict::kThere) {
      rows_.push_back({last, to_string(keys.value()), newest.word, newest.flags});
    } else if (verdict == Verdict::kOlder) {
      Version older;
      if (NACRE_TRY(follow_from(now, newest.word, table_, as_bytes(last), at_, older, nullptr))) {
        rows_.push_back({last, std::move(older.value), older.word, older.flags});
        verdict = Verdict::kThere;
      }
    }
    if (verdict == Verdict::kThere) bytes += last.size() + rows_.back().value.size();
    ++seen;
    if (rows_.size() >= wanted_ || bytes >= kBatchBytes || seen >= kBatchKeys) break;
    more = NACRE_TRY(keys.step());
  }
  if (!more) return {};
  is_at_end_ = false;
  if (from_.forward) last.push_back('\0');
  from_.key = std::move(last);
  return {};
}

}  // namespace nacre::store
