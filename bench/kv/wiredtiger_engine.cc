// WiredTiger, tuned as a server that embeds it does: a cache larger than the data, the log enabled,
// a bulk cursor for sorted rows, one session and one cursor per thread.
#include <wiredtiger.h>

#include <utility>

#include "base/text.h"
#include "kv/engine.h"

namespace nacre::bench {
namespace {

constexpr const char* kTable = "table:rows";

Result<> checked(int status, const char* call) {
  if (status == 0) return {};
  return fail(Code::kIo, format("WiredTiger: {}: {}", call, wiredtiger_strerror(status)));
}

WT_ITEM as_item(std::string_view text) {
  WT_ITEM item{};
  item.data = text.data();
  item.size = text.size();
  return item;
}

void see_value(WT_CURSOR* cursor, Tally& tally) {
  WT_ITEM value;
  if (cursor->get_value(cursor, &value) == 0) {
    tally.see({static_cast<const char*>(value.data), value.size});
  }
}

class WiredTigerSession final : public Session {
 public:
  WiredTigerSession(WT_SESSION* session, WT_CURSOR* cursor, bool durable)
      : session_(session), cursor_(cursor), commit_(durable ? "sync=on" : "sync=off") {}
  WiredTigerSession(const WiredTigerSession&) = delete;
  WiredTigerSession& operator=(const WiredTigerSession&) = delete;
  ~WiredTigerSession() override { session_->close(session_, nullptr); }

  // A read outside a transaction sees the newest state and pins nothing afterwards.
  Result<> refresh() override { return {}; }

  Result<bool> get(std::string_view key, Tally& tally) override {
    const WT_ITEM item = as_item(key);
    cursor_->set_key(cursor_, &item);
    const int status = cursor_->search(cursor_);
    if (status == WT_NOTFOUND) return false;
    NACRE_TRY(checked(status, "search"));
    see_value(cursor_, tally);
    return true;
  }

  Result<> scan_from(std::string_view key, std::uint64_t limit, Tally& tally) override {
    const WT_ITEM item = as_item(key);
    cursor_->set_key(cursor_, &item);
    int side = 0;
    int status = cursor_->search_near(cursor_, &side);
    if (status == 0 && side < 0) status = cursor_->next(cursor_);
    for (; status == 0; status = cursor_->next(cursor_)) {
      see_value(cursor_, tally);
      if (--limit == 0) break;
    }
    NACRE_TRY(checked(cursor_->reset(cursor_), "reset"));
    return status == WT_NOTFOUND ? Result<>{} : checked(status, "next");
  }

  Result<> scan(Tally& tally) override {
    NACRE_TRY(checked(cursor_->reset(cursor_), "reset"));
    int status = cursor_->next(cursor_);
    for (; status == 0; status = cursor_->next(cursor_)) see_value(cursor_, tally);
    NACRE_TRY(checked(cursor_->reset(cursor_), "reset"));
    return status == WT_NOTFOUND ? Result<>{} : checked(status, "next");
  }

  Result<> put(std::span<const Row> rows) override {
    while (true) {
      NACRE_TRY(checked(session_->begin_transaction(session_, "isolation=snapshot"),
                        "begin_transaction"));
      const int status = write(rows);
      if (status == 0) {
        return checked(session_->commit_transaction(session_, commit_), "commit_transaction");
      }
      NACRE_TRY(checked(session_->rollback_transaction(session_, nullptr), "rollback_transaction"));
      if (status != WT_ROLLBACK) return checked(status, "insert");
    }
  }

 private:
  int write(std::span<const Row> rows) {
    for (const Row& row : rows) {
      const WT_ITEM key = as_item(row.key);
      const WT_ITEM value = as_item(row.value);
      cursor_->set_key(cursor_, &key);
      cursor_->set_value(cursor_, &value);
      const int status = cursor_->insert(cursor_);
      if (status != 0) return status;
    }
    return 0;
  }

  WT_SESSION* session_;
  WT_CURSOR* cursor_;  // closed with its session
  const char* commit_;
};

class WiredTigerEngine final : public Engine {
 public:
  explicit WiredTigerEngine(WT_CONNECTION* connection) : connection_(connection) {}
  WiredTigerEngine(const WiredTigerEngine&) = delete;
  WiredTigerEngine& operator=(const WiredTigerEngine&) = delete;
  ~WiredTigerEngine() override { connection_->close(connection_, nullptr); }

  Result<> create_table() {
    return in_session([](WT_SESSION* session) {
      return checked(session->create(session, kTable,
                                     "key_format=u,value_format=u,leaf_page_max=16KB,"
                                     "memory_page_max=10MB,block_compressor=none,checksum=on"),
                     "create");
    });
  }

  Result<> load(const Load& load) override {
    if (load.sorted) {
      NACRE_TRY(in_session([&](WT_SESSION* session) { return bulk_load(session, load); }));
    } else {
      auto session = NACRE_TRY(this->session(Promise::kLater));
      NACRE_TRY(
          in_batches(load, 1000, [&](std::span<const Row> rows) { return session->put(rows); }));
    }
    return settle();
  }

  Result<> settle() override {
    return in_session([](WT_SESSION* session) {
      return checked(session->checkpoint(session, nullptr), "checkpoint");
    });
  }

  Result<std::unique_ptr<Session>> session(Promise promise) override {
    WT_SESSION* session = nullptr;
    NACRE_TRY(checked(connection_->open_session(connection_, nullptr, nullptr, &session),
                      "open_session"));
    WT_CURSOR* cursor = nullptr;
    NACRE_TRY(
        checked(session->open_cursor(session, kTable, nullptr, nullptr, &cursor), "open_cursor"));
    return std::make_unique<WiredTigerSession>(session, cursor, promise == Promise::kDurable);
  }

 private:
  Result<> in_session(const std::function<Result<>(WT_SESSION*)>& work) {
    WT_SESSION* session = nullptr;
    NACRE_TRY(checked(connection_->open_session(connection_, nullptr, nullptr, &session),
                      "open_session"));
    Result<> done = work(session);
    session->close(session, nullptr);
    return done;
  }

  static Result<> bulk_load(WT_SESSION* session, const Load& load) {
    WT_CURSOR* cursor = nullptr;
    NACRE_TRY(
        checked(session->open_cursor(session, kTable, nullptr, "bulk", &cursor), "open_cursor"));
    for (std::uint64_t i = 0; i < load.rows; ++i) {
      const Row row = load.source(i);
      const WT_ITEM key = as_item(row.key);
      const WT_ITEM value = as_item(row.value);
      cursor->set_key(cursor, &key);
      cursor->set_value(cursor, &value);
      NACRE_TRY(checked(cursor->insert(cursor), "insert"));
    }
    return checked(cursor->close(cursor), "close");
  }

  WT_CONNECTION* connection_;
};

}  // namespace

EngineKind wiredtiger_kind() {
  return {"wiredtiger",
          format("{}.{}.{}, 16 KB leaves, no compression, log enabled, checkpoint every 60 s, bulk "
                 "cursor for sorted rows; durable: sync=on with fsync; later: sync=off",
                 WIREDTIGER_VERSION_MAJOR, WIREDTIGER_VERSION_MINOR, WIREDTIGER_VERSION_PATCH),
          [](const Setup& setup) -> Result<std::unique_ptr<Engine>> {
            const std::string config = format(
                "create,cache_size={},session_max=100,log=(enabled=true,file_max=100MB),"
                "transaction_sync=(enabled=false,method=fsync),checkpoint=(wait=60)",
                setup.cache_bytes);
            WT_CONNECTION* connection = nullptr;
            NACRE_TRY(checked(
                wiredtiger_open(setup.directory.c_str(), nullptr, config.c_str(), &connection),
                "wiredtiger_open"));
            auto engine = std::make_unique<WiredTigerEngine>(connection);
            NACRE_TRY(engine->create_table());
            return engine;
          }};
}

}  // namespace nacre::bench
