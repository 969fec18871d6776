// LMDB, tuned as its users do: a writable map while nothing is synced and plain writes while
// everything is, read-ahead off, appends for sorted rows, a reader renewed rather than begun.
#include <lmdb.h>

#include <utility>

#include "base/text.h"
#include "kv/engine.h"

namespace nacre::bench {
namespace {

Result<> checked(int status, const char* call) {
  if (status == MDB_SUCCESS) return {};
  return fail(Code::kIo, format("LMDB: {}: {}", call, mdb_strerror(status)));
}

MDB_val as_val(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB only reads what it is given
}

std::string_view as_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

class LmdbSession final : public Session {
 public:
  LmdbSession(MDB_env* env, MDB_dbi dbi, MDB_txn* reader) : env_(env), dbi_(dbi), reader_(reader) {}
  LmdbSession(const LmdbSession&) = delete;
  LmdbSession& operator=(const LmdbSession&) = delete;
  ~LmdbSession() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    mdb_txn_abort(reader_);
  }

  // A reader that stayed open would keep writers from reusing pages, so it is parked after reading.
  Result<> refresh() override {
    park();
    NACRE_TRY(checked(mdb_txn_renew(reader_), "mdb_txn_renew"));
    reading_ = true;
    return {};
  }

  Result<bool> get(std::string_view key, Tally& tally) override {
    MDB_val wanted = as_val(key);
    MDB_val value;
    const int status = mdb_get(reader_, dbi_, &wanted, &value);
    if (status == MDB_NOTFOUND) return false;
    NACRE_TRY(checked(status, "mdb_get"));
    tally.see(as_view(value));
    return true;
  }

  Result<> scan_from(std::string_view key, std::uint64_t limit, Tally& tally) override {
    if (cursor_ == nullptr) {
      NACRE_TRY(checked(mdb_cursor_open(reader_, dbi_, &cursor_), "mdb_cursor_open"));
    } else {
      NACRE_TRY(checked(mdb_cursor_renew(reader_, cursor_), "mdb_cursor_renew"));
    }
    MDB_val at = as_val(key);
    MDB_val value;
    int status = mdb_cursor_get(cursor_, &at, &value, MDB_SET_RANGE);
    for (; status == MDB_SUCCESS; status = mdb_cursor_get(cursor_, &at, &value, MDB_NEXT)) {
      tally.see(as_view(value));
      if (--limit == 0) return {};
    }
    return status == MDB_NOTFOUND ? Result<>{} : checked(status, "mdb_cursor_get");
  }

  Result<> scan(Tally& tally) override {
    NACRE_TRY(refresh());
    MDB_cursor* cursor = nullptr;
    NACRE_TRY(checked(mdb_cursor_open(reader_, dbi_, &cursor), "mdb_cursor_open"));
    MDB_val key;
    MDB_val value;
    int status = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; status == MDB_SUCCESS; status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
      tally.see(as_view(value));
    }
    mdb_cursor_close(cursor);
    park();
    return status == MDB_NOTFOUND ? Result<>{} : checked(status, "mdb_cursor_get");
  }

  Result<> put(std::span<const Row> rows) override { return put_all(rows, 0); }

  Result<> put_all(std::span<const Row> rows, unsigned flags) {
    park();
    MDB_txn* txn = nullptr;
    NACRE_TRY(checked(mdb_txn_begin(env_, nullptr, 0, &txn), "mdb_txn_begin"));
    for (const Row& row : rows) {
      MDB_val key = as_val(row.key);
      MDB_val value = as_val(row.value);
      const int status = mdb_put(txn, dbi_, &key, &value, flags);
      if (status != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return checked(status, "mdb_put");
      }
    }
    return checked(mdb_txn_commit(txn), "mdb_txn_commit");
  }

 private:
  void park() {
    if (reading_) mdb_txn_reset(reader_);
    reading_ = false;
  }

  MDB_env* env_;
  MDB_dbi dbi_;
  MDB_txn* reader_;               // parked unless reading_
  MDB_cursor* cursor_ = nullptr;  // of short scans
  bool reading_ = false;
};

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(const Setup& setup)
      : directory_(setup.directory), map_bytes_(setup.data_bytes * 4 + (std::size_t{1} << 30)) {}
  LmdbEngine(const LmdbEngine&) = delete;
  LmdbEngine& operator=(const LmdbEngine&) = delete;
  ~LmdbEngine() override { mdb_env_close(env_); }

  Result<> load(const Load& load) override {
    auto session = NACRE_TRY(open_session(Promise::kLater));
    const unsigned flags = load.sorted ? MDB_APPEND : 0;
    // Large transactions: each copies the path to a leaf once, however many rows go there.
    NACRE_TRY(in_batches(load, load.sorted ? 10'000 : 100'000,
                         [&](std::span<const Row> rows) { return session->put_all(rows, flags); }));
    return settle();
  }

  Result<> settle() override { return checked(mdb_env_sync(env_, 1), "mdb_env_sync"); }

  Result<std::unique_ptr<Session>> session(Promise promise) override {
    return NACRE_TRY(open_session(promise));
  }

  // The flags of an environment hold from its opening on. Closing it drops no cached page.
  Result<> open(Promise promise) {
    if (env_ != nullptr) mdb_env_close(env_);
    NACRE_TRY(checked(mdb_env_create(&env_), "mdb_env_create"));
    NACRE_TRY(checked(mdb_env_set_mapsize(env_, map_bytes_), "mdb_env_set_mapsize"));
    const unsigned how = promise == Promise::kLater ? MDB_WRITEMAP | MDB_NOSYNC : 0;
    NACRE_TRY(checked(mdb_env_open(env_, directory_.c_str(), how | MDB_NORDAHEAD | MDB_NOTLS, 0600),
                      "mdb_env_open"));
    promise_ = promise;
    MDB_txn* txn = nullptr;
    NACRE_TRY(checked(mdb_txn_begin(env_, nullptr, 0, &txn), "mdb_txn_begin"));
    NACRE_TRY(checked(mdb_dbi_open(txn, nullptr, 0, &dbi_), "mdb_dbi_open"));
    return checked(mdb_txn_commit(txn), "mdb_txn_commit");
  }

 private:
  Result<std::unique_ptr<LmdbSession>> open_session(Promise promise) {
    if (promise != promise_) {
      NACRE_TRY(settle());
      NACRE_TRY(open(promise));
    }
    MDB_txn* reader = nullptr;
    NACRE_TRY(checked(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader), "mdb_txn_begin"));
    mdb_txn_reset(reader);
    return std::make_unique<LmdbSession>(env_, dbi_, reader);
  }

  std::string directory_;
  std::size_t map_bytes_;
  MDB_env* env_ = nullptr;
  Promise promise_ = Promise::kLater;
  MDB_dbi dbi_ = 0;
};

}  // namespace

EngineKind lmdb_kind() {
  return {
      "lmdb",
      format(
          "{}.{}.{}, MDB_NORDAHEAD, MDB_NOTLS, MDB_APPEND for sorted rows; later: MDB_NOSYNC and "
          "MDB_WRITEMAP",
          MDB_VERSION_MAJOR, MDB_VERSION_MINOR, MDB_VERSION_PATCH),
      [](const Setup& setup) -> Result<std::unique_ptr<Engine>> {
        auto engine = std::make_unique<LmdbEngine>(setup);
        NACRE_TRY(engine->open(Promise::kLater));
        return engine;
      }};
}

}  // namespace nacre::bench
