// Compaction of tables: which leaf is next, and for how long.
#include <algorithm>

#include "base/scheduler.h"
#include "store/store.h"

namespace nacre::store {
namespace {

// The applier's role is held for a step, and commits wait for it.
constexpr std::chrono::microseconds kStepMax{1000};
constexpr int kStepsMax = 16;

// The first table from `table` on; absent when there is none.
template <class Tables>
std::optional<std::uint32_t> table_from(const Tables& tables, std::uint32_t table) {
  std::optional<std::uint32_t> first;
  for (const auto& [id, unused] : tables) {
    if (id >= table && (!first.has_value() || id < *first)) first = id;
  }
  return first;
}

}  // namespace

Result<std::vector<page::FramePin>> Store::prepare_compaction(const TableCompaction& at) {
  // A snapshot: what is newest may be changing in place. And its tables: one that was made since
  // has no page that it shows.
  const Snapshot now = snapshot();
  const auto& tables = now.tables().tables;
  const auto table = table_from(tables, at.table);
  if (!table.has_value()) return std::vector<page::FramePin>();
  const tree::Tree tree(*pager_, tables.at(*table).root, tree::TreeId{*table});
  auto pins = tree.prepare_compaction(now.view(), *table == at.table ? as_bytes(at.key) : Bytes());
  // The step itself will tell what is wrong.
  if (!pins.has_value()) return std::vector<page::FramePin>();
  return pins;
}

Result<> Store::compact_tables(TableCompaction& at) {
  NACRE_TRY(check_writable());
  publish();  // so that nothing is changed in place: snapshots do not wait here
  {
    const MutexLock lock(apply_mutex_);
    is_copying_ = true;
  }
  const auto start = steady_now();
  for (int step = 0; step < kStepsMax && steady_now() - start < kStepMax; ++step) {
    const auto table = table_from(tables_, at.table);
    at.is_done = !table.has_value();
    if (at.is_done) break;
    if (*table != at.table) at.key.clear();
    at.table = *table;
    is_changed_since_cut_.store(true, std::memory_order_relaxed);
    auto compacted = tables_.at(*table).tree.compact_step(as_bytes(at.key));
    if (!compacted.has_value()) {
      publish();  // the steps before are whole
      return std::unexpected(std::move(compacted).error().while_doing("compacting a table"));
    }
    at.pages_freed += compacted->pages_freed;
    at.pages_changed += compacted->pages_changed;
    at.key = std::move(compacted->next);
    if (!compacted->is_done) continue;
    at.key.clear();
    if (at.table == UINT32_MAX) {
      at.is_done = true;
      break;
    }
    ++at.table;
  }
  publish();
  return {};
}

}  // namespace nacre::store
