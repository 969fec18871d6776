// Nacre as the benchmark sees it: txn::Database, transactions of 1000 rows for a load of rows in
// any order.
#include <utility>

#include "base/bytes.h"
#include "io/posix_file_system.h"
#include "kv/engine.h"
#include "txn/database.h"

namespace nacre::bench {
namespace {

constexpr TableId kTable{1};

class NacreSession final : public Session {
 public:
  NacreSession(txn::Database& database, txn::Durability durability)
      : database_(database), durability_(durability) {}

  // Whatever reads takes the newest state when it begins.
  Result<> refresh() override { return {}; }

  Result<bool> get(std::string_view key, Tally& tally) override {
    return database_.visit(kTable, as_bytes(key), [&](Bytes value) { tally.see(as_text(value)); });
  }

  Result<> scan(Tally& tally) override {
    const auto cursor = NACRE_TRY(database_.snapshot().cursor(kTable));
    bool row = NACRE_TRY(cursor->seek_first());
    while (row) {
      const txn::RowViews seen = NACRE_TRY(cursor->read_rows({}));
      for (const txn::RowView& view : seen.rows) tally.see(as_text(view.value));
      row = seen.more;
    }
    return {};
  }

  Result<> get_many(std::span<const std::string_view> keys, Tally& tally) override {
    wanted_.clear();
    for (const std::string_view key : keys) wanted_.push_back(as_bytes(key));
    return database_.snapshot().get_many(
        kTable, wanted_, [&](std::size_t, Bytes value) { tally.see(as_text(value)); });
  }

  Result<> scan_from(std::string_view key, std::uint64_t limit, Tally& tally) override {
    return database_.visit_rows(kTable, as_bytes(key), limit,
                                [&](std::span<const txn::RowView> rows) {
                                  for (const txn::RowView& row : rows)
                                    tally.see(as_text(row.value));
                                });
  }

  Result<> put(std::span<const Row> rows) override {
    while (true) {
      txn::Transaction transaction = database_.begin();
      for (const Row& row : rows) {
        NACRE_TRY(transaction.put(kTable, as_bytes(row.key), as_bytes(row.value)));
      }
      auto committed = transaction.commit(durability_);
      if (committed) return {};
      if (committed.error().code() != Code::kConflict) {
        return std::unexpected(std::move(committed).error());
      }
    }
  }

 private:
  txn::Database& database_;
  txn::Durability durability_;
  std::vector<Bytes> wanted_;
};

class NacreEngine final : public Engine {
 public:
  Result<> open(const Setup& setup) {
    txn::Options options;
    options.file_system = files_.get();
    options.create_if_missing = true;
    options.cache_bytes = setup.cache_bytes;
    options.history_age_us = 0;  // none of the others keeps the past
    database_ = NACRE_TRY(txn::Database::open(setup.directory + "/db", options));
    return {};
  }

  Result<> load(const Load& load) override {
    if (load.sorted) {
      std::uint64_t i = 0;
      NACRE_TRY(database_->load(kTable, [&](txn::Database::LoadRow& row) -> Result<bool> {
        if (i == load.rows) return false;
        const Row next = load.source(i++);
        row = {as_bytes(next.key), as_bytes(next.value)};
        return true;
      }));
      return {};
    }
    NacreSession session(*database_, txn::Durability::kAsync);
    NACRE_TRY(in_batches(load, 1000, [&](std::span<const Row> rows) { return session.put(rows); }));
    return database_->sync();
  }

  Result<> settle() override {
    NACRE_TRY(database_->compact({}));
    return database_->checkpoint();
  }

  Result<std::unique_ptr<Session>> session(Promise promise) override {
    return std::make_unique<NacreSession>(*database_, promise == Promise::kDurable
                                                          ? txn::Durability::kSync
                                                          : txn::Durability::kAsync);
  }

 private:
  std::unique_ptr<io::FileSystem> files_ = io::make_posix_file_system();
  std::unique_ptr<txn::Database> database_;  // destroyed before its files
};

}  // namespace

EngineKind nacre_kind() {
  return {"nacre",
          "8 KB pages, direct I/O, log always written, no history, sorted rows by Database::load, "
          "compacted before reads; gets and short scans by Database::visit; later: "
          "Durability::kAsync",
          [](const Setup& setup) -> Result<std::unique_ptr<Engine>> {
            auto engine = std::make_unique<NacreEngine>();
            NACRE_TRY(engine->open(setup));
            return engine;
          }};
}

}  // namespace nacre::bench
