// How much a text index holds: what the rank of a match is weighed by.
//
// Why not stored: a row that every writer changes would make writers conflict. The totals are
//   counted once, from the entries that tell each document's length, and kept up to date in memory
//   by what each commit says it changes. They are nearly those of the newest commit: a commit that
//   ends while they are counted may be missed or counted twice. Ranks change by as little.
// Threads: TextTotals, TextChanges: plain values. TextTotalsByTable: internally locked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/mutex.h"
#include "base/position.h"

namespace nacre::document {

struct TextTotals {
  std::int64_t documents = 0;
  std::int64_t words = 0;

  TextTotals& operator+=(const TextTotals& other) {
    documents += other.documents;
    words += other.words;
    return *this;
  }
};

// What one transaction changes.
class TextChanges {
 public:
  void add(TableId table, const TextTotals& change) { by_table_[table] += change; }
  [[nodiscard]] const std::map<TableId, TextTotals>& all() const { return by_table_; }

 private:
  std::map<TableId, TextTotals> by_table_;
};

class TextTotalsByTable {
 public:
  [[nodiscard]] std::optional<TextTotals> find(TableId table) {
    const MutexLock lock(mutex_);
    const auto found = known_.find(table);
    if (found == known_.end()) return std::nullopt;
    return found->second;
  }
  void set(TableId table, const TextTotals& totals) {
    const MutexLock lock(mutex_);
    known_[table] = totals;
  }
  // Of tables that are known.
  void apply(const TextChanges& changes) {
    if (changes.all().empty()) return;
    const MutexLock lock(mutex_);
    for (const auto& [table, change] : changes.all()) {
      const auto found = known_.find(table);
      if (found != known_.end()) found->second += change;
    }
  }

 private:
  Mutex mutex_{"document::TextTotals", 4};
  std::map<TableId, TextTotals> known_ NACRE_GUARDED_BY(mutex_);
};

}  // namespace nacre::document
