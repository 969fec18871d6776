// Engine: an open database, shared by its handle and by the snapshots and transactions still alive;
// and the checks of what callers give.
//
// Threads: internally locked.
#pragma once

#include <memory>

#include "base/text.h"
#include "io/file_system.h"
#include "store/store.h"
#include "txn/database.h"
#include "txn/pipeline.h"

namespace nacre::txn {

struct Engine {
  Engine(std::unique_ptr<io::FileSystem> overlay, std::unique_ptr<store::Store> opened,
         const Options& options)
      : files(std::move(overlay)),
        memory(options.memory),
        store(std::move(opened)),
        pipeline(*store, options) {}

  std::unique_ptr<io::FileSystem> files;  // null: those of the caller
  std::shared_ptr<MemoryBudget> memory;   // shared by databases; null: the store has its own
  std::unique_ptr<store::Store> store;
  Pipeline pipeline;
};

[[nodiscard]] inline Result<> check_key(Bytes key) {
  if (!key.empty() && key.size() <= kKeySizeMax) return {};
  return fail(Code::kInvalid,
              format("key has {} bytes, expected 1 to {}", key.size(), kKeySizeMax));
}

[[nodiscard]] inline Result<> check_table(TableId table) {
  if (table == store::kCatalogTable) {
    return fail(Code::kInvalid, "table is 0, which is the store's own");
  }
  if (number(table) < store::kTableNumberEnd) return {};
  return fail(Code::kInvalid,
              format("table is {}, expected less than {}", number(table), store::kTableNumberEnd));
}

[[nodiscard]] inline Result<> check_value_size(std::uint64_t size) {
  if (size <= kValueSizeMax) return {};
  return fail(Code::kInvalid,
              format("value has {} bytes, expected at most {}", size, kValueSizeMax));
}

}  // namespace nacre::txn
