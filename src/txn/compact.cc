// Compaction of a database, beside its readers and writers: first the tables, then the file.
#include <algorithm>

#include "base/scheduler.h"
#include "txn/pipeline.h"

namespace nacre::txn {
namespace {

constexpr std::size_t kMoveBytes = std::size_t{1} << 20;  // moved while a checkpoint waits
// Of the file, each of which is freed and given back before the next one below is looked at.
constexpr std::uint64_t kParts = 16;
constexpr std::uint64_t kPartMin = std::uint64_t{1} << 20;
// Times the file's size, moved in all: beyond it writers undo as much as is done.
constexpr std::uint64_t kMovesMax = 4;
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

  // From the end of the file down, so that each pass frees an end of it, which its checkpoint gives
  // back; then as often as something comes of it.
  Result<> compact_file() {
    NACRE_TRY(pipeline_.checkpoint());
    std::uint64_t from = store_.stats().pages.file_bytes;
    const std::uint64_t part = std::max(kPartMin, from / kParts);
    std::uint64_t before = UINT64_MAX;
    for (int idle = 0; idle < 2 && report_.bytes_moved <= kMovesMax * report_.file_bytes_before;) {
      const page::PagerStats pages = store_.stats().pages;
      const bool is_short =
          pages.file_bytes <= pages.used_bytes + pages.used_bytes / 100 * options_.slack_percent;
      if (is_short) break;
      const bool is_stuck = pages.file_bytes >= before;
      before = pages.file_bytes;
      from -= std::min(from, part);
      const bool is_whole = NACRE_TRY(run_pass(from));
      NACRE_TRY(pipeline_.checkpoint());
      if (report_.is_cancelled) break;
      if (is_whole) idle = is_stuck ? idle + 1 : 0;
    }
    return give_back();
  }

  // Moves what lies above the byte `from`. Returns whether nothing below should be moved, too.
  Result<bool> run_pass(std::uint64_t from) {
    page::Pager::Compaction pass;
    {
      MutexLock lock(pipeline_.checkpoint_mutex_);
      pass = NACRE_TRY(store_.begin_compaction(from / page::kBlockSize));
    }
    const std::uint64_t moved_before = report_.bytes_moved;
    while (!pass.is_done) {
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
    return pass.from == pass.target;
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
