// Loading many rows in order: commits that are encoded as they come.
//
// Why not transactions: those keep their writes in an order of their own, remember each key for
// conflicts, and look each one up before they commit. Rows that come in order need none of it.
#include <utility>

#include "base/text.h"
#include "txn/database.h"
#include "txn/engine_internal.h"

namespace nacre::txn {
namespace {

// Two of them share a write of the log.
constexpr std::size_t kCommitBytes = std::size_t{480} << 10;

class Loader {
 public:
  Loader(Engine& engine, TableId table) : engine_(engine), table_(table) {
    footprint_.tables_loaded = {table};
    footprint_.tables_written = {table};
  }

  Result<> add(Bytes key, Bytes value) {
    NACRE_TRY(check_key(key));
    NACRE_TRY(check_value_size(value.size()));
    if (count_ > 0 && compare(as_bytes(last_), key) >= 0) {
      return fail(Code::kInvalid, format("row {}: its key is not above the one before", count_));
    }
    if (batch_.size() == 0) {
      // The place where the rows go is brought into memory, and damage there is met in time.
      const store::Store::RowName first{table_, key};
      NACRE_TRY(engine_.store->warm({&first, 1}));
      batch_.reserve(kCommitBytes + key.size() + value.size() + kOpHeadMax);
    }
    last_.assign(as_text(key));
    ++count_;
    batch_.put(table_, key, value);
    return batch_.size() < kCommitBytes ? Result<>{} : commit();
  }

  Result<> commit() {
    if (batch_.size() == 0) return {};
    Pipeline::Request request{.footprint = footprint_,
                              .snapshot = kPositionMax,  // nothing that was read can have changed
                              .ops = {},
                              .op_count = batch_.op_count(),
                              .durability = Durability::kAsync};
    request.ops = batch_.take();
    const std::uint64_t bytes = request.ops.size();
    const auto outcome = NACRE_TRY(engine_.pipeline.submit(request));
    return engine_.pipeline.finish(outcome.position, bytes, request.durability);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  static constexpr std::size_t kOpHeadMax = 16;

  Engine& engine_;
  TableId table_;
  Footprint footprint_;
  store::BatchWriter batch_;
  std::string last_;
  std::uint64_t count_ = 0;
};

}  // namespace

Result<std::uint64_t> Database::load(TableId table, const NextRow& next, Durability durability) {
  NACRE_TRY(check_table(table));
  if (engine().pipeline.is_closed()) return fail(Code::kClosed, "the database is closed");
  Loader loader(engine(), table);
  LoadRow row;
  while (NACRE_TRY(next(row))) NACRE_TRY(loader.add(row.key, row.value));
  NACRE_TRY(loader.commit());
  if (durability != Durability::kAsync) NACRE_TRY(sync());
  return loader.count();
}

}  // namespace nacre::txn
