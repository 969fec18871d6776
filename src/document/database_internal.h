// What a Database keeps besides its rows: the newest catalog, and lines for writers of one key.
//
// Threads: internally locked.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>

#include "base/error_codes.h"
#include "base/mutex.h"
#include "document/database.h"
#include "document/text_totals.h"
#include "io/clock.h"
#include "txn/background.h"

namespace nacre::document {

// MongoDB's numbers for what goes wrong here.
using error_codes::kBackgroundOperationInProgressForNamespace;
using error_codes::kCommandNotSupported;
using error_codes::kCommandNotSupportedOnView;
using error_codes::kIllegalOperation;
using error_codes::kIndexBuildAborted;
using error_codes::kIndexKeySpecsConflict;
using error_codes::kIndexNotFound;
using error_codes::kIndexOptionsConflict;
using error_codes::kInvalidNamespace;
using error_codes::kInvalidOptions;
using error_codes::kNamespaceExists;
using error_codes::kNamespaceNotFound;
using error_codes::kWriteConflict;

class Database::Rep {
 public:
  Rep(std::unique_ptr<txn::Database> engine, io::FileSystem& files, std::string directory);

  // The catalog of that snapshot. `changes_before` is what `changes` was before it was taken: only
  // then is it known that nothing changed between, and the catalog worth keeping.
  [[nodiscard]] Result<std::shared_ptr<const Catalog>> catalog_at(const txn::Snapshot& at,
                                                                  std::uint64_t changes_before);

  [[nodiscard]] Result<std::shared_ptr<const Catalog>> catalog_of_past(const txn::Snapshot& at);

  // The table of the collection's documents, as long as `changes` stays what it was; nothing when
  // it takes a snapshot to know it, or is a view's. `by_id`: nothing where documents do not lie
  // under their _id.
  [[nodiscard]] std::optional<TableId> newest_table(std::string_view collection,
                                                    std::uint64_t changes_now, bool by_id);

  // Commits that change the catalog announce themselves, so that a reader whose snapshot was taken
  // while none was on its way, and none ended since the cached catalog was read, need not look.
  void begin_change() { changes.fetch_add(1); }
  void end_change() { changes.fetch_add(kChangeDone - 1); }
  [[nodiscard]] static bool changes_in_flight(std::uint64_t value) {
    return value % kChangeDone != 0;
  }

  // Where writers of one key line up. `queued` of them are in it or wait.
  struct Line {
    Mutex mutex{"document::Database::line", 2};
    std::atomic<std::uint32_t> queued{0};
  };
  [[nodiscard]] Line& line_of(std::size_t hot_key) { return lines_[hot_key % lines_.size()]; }

  // Makes the task that removes expired documents; schedule_expiry sets it going.
  void start_expiry(Database& database, std::int64_t interval_ms);
  // Sees to it that documents expire when the catalog has something with a life.
  void schedule_expiry(const Catalog& catalog);

  static constexpr std::uint64_t kChangeDone = 1 << 16;

  const std::uint64_t serial;  // tells databases of the process apart, those that were too
  std::unique_ptr<txn::Database> rows;
  TemporaryFiles temporary_files;
  io::Clock* clock = &io::system_clock();
  std::atomic<std::uint64_t> changes{0};  // commits ended * kChangeDone + commits on their way

  Mutex mutex{"document::Database::catalog", 4};
  std::shared_ptr<const Catalog> cached NACRE_GUARDED_BY(mutex);  // shared with its readers
  std::uint64_t cached_changes NACRE_GUARDED_BY(mutex) = 0;
  Position cached_from NACRE_GUARDED_BY(mutex) = kNoPosition;  // right for snapshots from here on
  std::list<IndexBuildProgress> builds NACRE_GUARDED_BY(mutex);
  std::uint64_t builders NACRE_GUARDED_BY(mutex) = 0;  // calls of build_indexes that may add some
  Condition builder_ended;

  TextTotalsByTable text_totals;
  PlanMemory plans;

  // Null: nothing expires by itself. Last, so that it ends before what it works with.
  std::int64_t expiry_interval_ms = 0;
  std::unique_ptr<txn::BackgroundPool::Task> expiry;

 private:
  std::array<Line, 64> lines_;
};

}  // namespace nacre::document
