// Compaction of a database, beside its readers and writers: first the tables, then the file.
#include <algorithm>

#include "base/scheduler.h"
#include "txn/pipeline.h"

namespace nacre::txn {
namespace {

constexpr std::size_t kMoveBytes = std::size_t{1} << 20;        // moved while a checkpoint waits
constexpr std::uint64_t kPassBytes = std::uint64_t{256} << 20;  // moved between checkpoints
constexpr int kPassesMax = 64;
constexpr std::uint64_t kPageBytes = 8192;

}  // namespace

class Pipeline::Compactor {
 public:
  Compactor(Pipeline& pipeline, const CompactOptions& options)
      : pipeline_(pipeline), store_(pipeline.store_), options_(options), start_(steady_now()) {}

  Result<CompactReport> run() {
    report_.file_bytes_before = store_.stats().pages.file_bytes;
    NACRE_TRY(compact_tables());
    if (!report_.is_cancelled) NACRE_TRY(compact_file());
    const page::PagerStats pages = store_.stats().pages;
    report_.file_bytes = pages.file_bytes;
    report_.used_bytes = pages.used_bytes;
    return report_;
  }

 private:
  Result<> compact_tables() {
    store::Store::TableCompaction at;
    while (!at.is_done) {
      // Before the role is taken: committers wait for nothing but the change in memory.
      const auto pins = NACRE_TRY(store_.prepare_compaction(at));
      pipeline_.take_role();
      auto compacted = store_.compact_tables(at);
      pipeline_.give_role();
      NACRE_TRY(std::move(compacted));
      report_.pages_freed = at.pages_freed;
      if (pipeline_.is_closed()) return fail(Code::kClosed, "the database is closed");
      if (store_.is_dirty_beyond(kPressureDue)) NACRE_TRY(pipeline_.checkpoint());
      if (!go_on(at.pages_changed * kPageBytes)) return {};
    }
    return {};
  }

  // Pass after pass: each frees places, which its checkpoint gives back.
  Result<> compact_file() {
    NACRE_TRY(pipeline_.checkpoint());
    std::uint64_t before = UINT64_MAX;
    int idle = 0;
    for (int i = 0; i < kPassesMax && idle < 2; ++i) {
      const page::PagerStats pages = store_.stats().pages;
      const bool is_short =
          pages.file_bytes <= pages.used_bytes + pages.used_bytes / 100 * options_.slack_percent;
      if (is_short) break;
      const bool is_stuck = pages.file_bytes >= before;
      idle = is_stuck ? idle + 1 : 0;
      before = pages.file_bytes;
      NACRE_TRY(run_pass());
      NACRE_TRY(pipeline_.checkpoint());
      if (report_.is_cancelled) break;
    }
    return give_back();
  }

  Result<> run_pass() {
    page::Pager::Compaction pass;
    {
      MutexLock lock(pipeline_.checkpoint_mutex_);
      pass = NACRE_TRY(store_.begin_compaction());
    }
    const std::uint64_t moved_before = report_.bytes_moved;
    while (!pass.is_done && pass.bytes_moved < kPassBytes) {
      {
        // Checkpoints take turns with the moving.
        MutexLock lock(pipeline_.checkpoint_mutex_);
        if (pipeline_.is_closed()) return fail(Code::kClosed, "the database is closed");
        NACRE_TRY(store_.compact_pages(pass, kMoveBytes));
      }
      report_.bytes_moved = moved_before + pass.bytes_moved;
      if (!go_on(0)) break;
    }
    report_.damaged = pass.damaged;
    return {};
  }

  Result<> give_back() {
    MutexLock lock(pipeline_.checkpoint_mutex_);
    return store_.give_back_tail();
  }

  // Tells how far it is, and waits when it was too fast.
  bool go_on(std::uint64_t table_bytes) {
    table_bytes_ = std::max(table_bytes_, table_bytes);
    if (options_.progress != nullptr) {
      const page::PagerStats pages = store_.stats().pages;
      report_.is_cancelled = !options_.progress({.file_bytes = pages.file_bytes,
                                                 .used_bytes = pages.used_bytes,
                                                 .bytes_moved = report_.bytes_moved,
                                                 .pages_freed = report_.pages_freed});
      if (report_.is_cancelled) return false;
    }
    if (options_.bytes_per_second == 0) return true;
    const double due = static_cast<double>(table_bytes_ + report_.bytes_moved) /
                       static_cast<double>(options_.bytes_per_second);
    MutexLock lock(mutex_);
    for (;;) {
      const std::chrono::duration<double> left =
          std::chrono::duration<double>(due) - (steady_now() - start_);
      if (left.count() <= 0) return true;
      never_.wait_for(mutex_,
                      std::chrono::microseconds(
                          static_cast<std::int64_t>(std::min(left.count(), 0.1) * 1e6) + 1));
    }
  }

  Pipeline& pipeline_;
  store::Store& store_;
  const CompactOptions& options_;
  const Steady::time_point start_;
  std::uint64_t table_bytes_ = 0;
  CompactReport report_;
  Mutex mutex_{"txn compaction", 15};  // for waiting only
  Condition never_;
};

Result<CompactReport> Pipeline::compact(const CompactOptions& options) {
  if (is_closed()) return fail(Code::kClosed, "the database is closed");
  NACRE_TRY(check_may_write());
  return Compactor(*this, options).run();
}

}  // namespace nacre::txn
