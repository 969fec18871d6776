// Reads of the newest state without a snapshot.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "page/pin.h"
#include "store/store.h"
#include "tree/leaf_lines.h"

namespace nacre::store {
namespace {

// How often to ask again at a gate that is shut: a change in place of a row takes a microsecond.
constexpr int kKnocks = 64;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

// Runs `look(tree)` under a pin, inside the gate, until nothing is missing in memory any more:
// `look` returns the page that is. Returns false when the gate stays shut, and `look` has not run.
template <class Look>
Result<bool> Store::look_at_newest(TableId table, Look&& look) {
  const std::size_t line = ReadGate::my_line();
  if (!gate_.knows(line)) [[unlikely]] {
    const MutexLock lock(apply_mutex_);
    gate_.admit(line);
  }
  std::vector<page::FramePin> loaded;
  for (int knock = 0; knock < kKnocks;) {
    page::PageId missing = page::kNoPage;
    {
      const page::Pin pin;
      const ReadGate::Reading reading(gate_, line);
      if (reading.generation() != ReadGate::kShut) {
        const TableRoots* const roots = gate_tables_->find(table);
        if (roots == nullptr) return true;
        const tree::Tree tree(*pager_, roots->root, tree::TreeId{number(table)});
        missing = NACRE_TRY(look(tree, page::View::at(reading.generation())));
        if (missing == page::kNoPage) return true;
      }
    }
    if (missing == page::kNoPage) {
      ++knock;
      pause();
      continue;
    }
    loaded.push_back(NACRE_TRY(pager_->load(missing)));
  }
  return false;
}

Result<bool> Store::visit_newest_row(TableId table, Bytes key, SeenNewest seen, void* context) {
  bool is_there = false;
  bool is_long = false;
  auto looked =
      look_at_newest(table, [&](const tree::Tree& tree, page::View view) -> Result<page::PageId> {
        const tree::Tree::Glance glance =
            NACRE_TRY(tree.glance(view, key, [&](Bytes value, std::uint64_t, page::RowFlags flags) {
              is_long = (flags & page::kBigValue) != 0;
              if (!is_long) seen(context, value);
            }));
        is_there = glance.is_there;
        return glance.missing;
      });
  if (!looked.has_value()) {
    return std::unexpected(
        std::move(looked).error().while_doing(format("reading table {}", number(table))));
  }
  if (*looked && !is_long) [[likely]]
    return is_there;
  // A long value is read from the file, which nobody does inside the gate.
  const auto value = NACRE_TRY(snapshot().get(table, key));
  if (!value.has_value()) return false;
  seen(context, as_bytes(*value));
  return true;
}

std::optional<std::uint64_t> Store::newest_row_count(TableId table) {
  const std::size_t line = ReadGate::my_line();
  if (!gate_.knows(line)) {
    const MutexLock lock(apply_mutex_);
    gate_.admit(line);
  }
  for (int knock = 0; knock < kKnocks; ++knock) {
    {
      const ReadGate::Reading reading(gate_, line);
      if (reading.generation() != ReadGate::kShut) {
        const TableRoots* const roots = gate_tables_->find(table);
        return roots == nullptr ? 0 : roots->rows->load(std::memory_order_relaxed);
      }
    }
    pause();
  }
  return std::nullopt;
}

namespace {

// Rows are asked for so many before they are shown.
constexpr std::size_t kRowsAhead = 24;

void show(const tree::Tree::LeafRows& rows, tree::RowFetcher& fetcher,
          const Store::SeenRows& seen) {
  constexpr std::size_t kAtOnce = 128;
  std::array<tree::RowView, kAtOnce> views;
  const page::Node leaf(rows.page);
  const Bytes prefix = leaf.prefix();
  for (std::size_t i = rows.begin; i < rows.end;) {
    std::size_t count = 0;
    for (; count < kAtOnce && i < rows.end; ++count, ++i) {
      fetcher.fetch(1);
      tree::view_row(leaf, i, prefix, views[count]);
    }
    seen(std::span(views).first(count));
  }
}

bool has_long_value(const tree::Tree::LeafRows& rows) {
  const page::Node leaf(rows.page);
  for (std::size_t i = rows.begin; i < rows.end; ++i) {
    if ((page::Node::slot_flags(leaf.slot(i)) & page::kBigValue) != 0) return true;
  }
  return false;
}

}  // namespace

Result<bool> Store::visit_newest_rows(TableId table, Bytes from, std::size_t limit,
                                      const SeenRows& seen) {
  if (limit > kNewestRowsMax) return false;
  thread_local std::vector<tree::Tree::LeafRows> kept;
  std::vector<tree::Tree::LeafRows> leaves = std::exchange(kept, {});
  std::size_t attempts = 0;
  bool is_seen = true;
  auto looked =
      look_at_newest(table, [&](const tree::Tree& tree, page::View view) -> Result<page::PageId> {
        const page::PageId missing = NACRE_TRY(tree.glance_rows(view, from, limit, leaves));
        // More pages than these are not kept in memory for one call.
        constexpr std::size_t kAttempts = 8;
        is_seen = missing == page::kNoPage && std::ranges::none_of(leaves, has_long_value);
        if (missing != page::kNoPage) {
          return ++attempts < kAttempts ? missing : page::kNoPage;
        }
        if (!is_seen) return page::kNoPage;
        tree::RowFetcher fetcher(leaves);
        fetcher.fetch(kRowsAhead);
        for (const tree::Tree::LeafRows& rows : leaves) show(rows, fetcher, seen);
        return page::kNoPage;
      });
  leaves.clear();
  kept = std::move(leaves);
  if (!looked.has_value()) {
    return std::unexpected(
        std::move(looked).error().while_doing(format("reading table {}", number(table))));
  }
  return *looked && is_seen;
}

}  // namespace nacre::store
