#include "document/move_collection.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "document/capped.h"
#include "document/collection_walk_internal.h"
#include "document/database_internal.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

constexpr int kAttemptsMax = 10;

// Neither what goes nor what it replaces may be one of these.
Result<> check_place(const CollectionPlace& place, const CollectionInfo& info) {
  if (!info.settings.is_view && !info.settings.series) return {};
  return fail(Code::kInvalid, kCommandNotSupportedOnView,
              format("Namespace {}.{} is a {}", place.database.name(), place.collection,
                     info.settings.is_view ? "view" : "time-series collection"));
}

class Move {
 public:
  Move(const CollectionPlace& from, const CollectionPlace& to, bool drop_target)
      : from_(from),
        to_(to),
        drop_target_(drop_target),
        copy_(format("{}{}", kTemporaryMoved, bson::to_hex(bson::new_object_id()))),
        aside_(format("tmp.replaced.{}", bson::to_hex(bson::new_object_id()))) {}

  Result<> run() {
    NACRE_TRY(check());
    NACRE_TRY(create_copy());
    auto done = copy_and_replace();
    if (!done) static_cast<void>(to_.database.drop_collection(copy_));
    return done;
  }

 private:
  Result<> check() {
    const Snapshot source = NACRE_TRY(from_.database.snapshot());
    const CollectionInfo* info = source.catalog().find(from_.collection);
    if (info == nullptr) {
      return fail(Code::kNotFound, kNamespaceNotFound,
                  format("Source collection {}.{} does not exist", from_.database.name(),
                         from_.collection));
    }
    NACRE_TRY(check_place(from_, *info));
    const bool builds = std::ranges::any_of(
        info->indexes, [](const IndexInfo& index) { return index.state == IndexState::kBuilding; });
    if (builds) {
      return fail(Code::kConflict, kBackgroundOperationInProgressForNamespace,
                  format("Collection {} has an index that is being built", from_.collection));
    }
    const Snapshot target = NACRE_TRY(to_.database.snapshot());
    const CollectionInfo* there = target.catalog().find(to_.collection);
    if (there == nullptr) return {};
    if (!drop_target_) return fail(Code::kExists, kNamespaceExists, "target namespace exists");
    return check_place(to_, *there);
  }

  Result<> create_copy() {
    const Snapshot source = NACRE_TRY(from_.database.snapshot());
    const CollectionInfo* info = source.catalog().find(from_.collection);
    if (info == nullptr) return check();
    NACRE_TRY(to_.database.create_collection(copy_, info->options));
    std::vector<IndexSpec> specs;
    for (const IndexInfo& index : info->indexes) {
      if (index.name == kIdIndexName) continue;
      specs.push_back(NACRE_TRY(parse_index_spec(index.specification)));
    }
    if (!specs.empty()) NACRE_TRY(to_.database.create_indexes(copy_, specs));
    return {};
  }

  Result<> copy_and_replace() {
    Transaction leaving = NACRE_TRY(from_.database.begin());
    const CollectionInfo* source = NACRE_TRY(leaving.require_for_write(from_.collection));
    for (CollectionWalk walk(leaving.rows().snapshot(), *source);;) {
      const DocumentBatch batch = NACRE_TRY(walk.next());
      if (batch.documents.empty()) break;
      NACRE_TRY(write(batch));
    }
    NACRE_TRY(take_place());
    NACRE_TRY(leaving.drop_collection(from_.collection));
    const auto left = leaving.commit();
    if (!left) {
      NACRE_TRY(give_place_back());
      return std::unexpected(left.error().clone());
    }
    NACRE_TRY(to_.database.drop_collection(aside_));
    return {};
  }

  Result<> write(const DocumentBatch& batch) {
    const auto body = [&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.require_for_write(copy_));
      Writer writer(to_.database, transaction, *info);
      writer.bypass_validation();
      for (const bson::Document& document : batch.documents) {
        NACRE_TRY(writer.insert(document));
      }
      return {};
    };
    NACRE_TRY(to_.database.transact(body, txn::Durability::kAsync));
    return {};
  }

  Result<> take_place() {
    const auto body = [this](Transaction& transaction) -> Result<> {
      if (transaction.catalog().find(to_.collection) != nullptr) {
        if (!drop_target_) return fail(Code::kExists, kNamespaceExists, "target namespace exists");
        NACRE_TRY(transaction.rename_collection(to_.collection, aside_, /*drop_target=*/false));
      }
      return transaction.rename_collection(copy_, to_.collection, /*drop_target=*/false);
    };
    NACRE_TRY(to_.database.transact(body));
    return {};
  }

  Result<> give_place_back() {
    const auto body = [this](Transaction& transaction) -> Result<> {
      NACRE_TRY(transaction.drop_collection(to_.collection));
      if (transaction.catalog().find(aside_) == nullptr) return {};
      return transaction.rename_collection(aside_, to_.collection, /*drop_target=*/false);
    };
    NACRE_TRY(to_.database.transact(body));
    return {};
  }

  const CollectionPlace& from_;
  const CollectionPlace& to_;
  const bool drop_target_;
  const std::string copy_;
  const std::string aside_;  // what was replaced, until the original is gone
};

bool is_overtaken(const Error& error) {
  return error.code() == Code::kConflict && error.number() == kWriteConflict;
}

}  // namespace

Result<> move_collection(const CollectionPlace& from, const CollectionPlace& to, bool drop_target) {
  for (int tries = 1;; ++tries) {
    auto done = Move(from, to, drop_target).run();
    if (done || !is_overtaken(done.error()) || tries == kAttemptsMax) return done;
  }
}

}  // namespace nacre::document
