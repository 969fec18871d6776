// convertToCapped: a capped copy under another name, which takes the collection's place in the end;
// cloneCollectionAsCapped: one that gets a name of its own.
//
// The transaction that puts it there begins before the first document is read. It drops the table
//   of the documents, which fails when one was written since: so nothing is lost, and no writer
//   waits. Then the copy is thrown away and made again.
#include <algorithm>
#include <optional>
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

class Conversion {
 public:
  Conversion(Database& database, std::string_view collection, std::int64_t bytes)
      : database_(database),
        collection_(collection),
        limits_{.bytes = bytes},
        copy_(format("{}{}", kTemporaryCapped, bson::to_hex(bson::new_object_id()))) {}

  Result<> run() {
    NACRE_TRY(create_copy());
    auto done = copy_and_replace();
    if (!done) static_cast<void>(database_.drop_collection(copy_));
    return done;
  }

  Result<> run_clone(std::string_view name) {
    NACRE_TRY(create_copy());
    auto done = copy_and_name(name);
    if (!done) static_cast<void>(database_.drop_collection(copy_));
    return done;
  }

 private:
  // As the collection, but capped and without indexes. Nothing of its row in the catalog changes
  // while it is filled.
  Result<> create_copy() {
    const auto body = [this](Transaction& transaction) -> Result<> {
      const CollectionInfo* source = NACRE_TRY(transaction.require_for_write(collection_));
      if (source->settings.series) {
        return fail(Code::kInvalid, kCommandNotSupportedOnView,
                    format("{} is a time-series collection", collection_));
      }
      const bson::Document options = options_of_copy(*source);
      NACRE_TRY(transaction.create_collection(copy_, options));
      if (source->shortened_ids) NACRE_TRY(transaction.mark_shortened_ids(copy_));
      const IndexInfo* ids = source->find_index(kIdIndexName);
      if (ids == nullptr) return {};
      const IndexInfo* copied = transaction.catalog().find(copy_)->find_index(kIdIndexName);
      NACRE_TRY(transaction.mark_index(copy_, *copied,
                                       {.multikey = ids->multikey, .shortened = ids->shortened}));
      return {};
    };
    NACRE_TRY(database_.transact(body));
    return {};
  }

  [[nodiscard]] bson::Document options_of_copy(const CollectionInfo& source) const {
    bson::Builder options;
    options.append("capped", true).append("size", limits_.bytes);
    for (const bson::Element& option : source.options.view()) {
      const std::string_view name = option.name();
      if (name != "capped" && name != "size" && name != "max") options.append(option);
    }
    return options.finish();
  }

  Result<> copy_and_replace() {
    Transaction replacing = NACRE_TRY(database_.begin());
    const CollectionInfo* source = NACRE_TRY(replacing.require_for_write(collection_));
    NACRE_TRY(copy(replacing.rows().snapshot(), *source));
    NACRE_TRY(replacing.replace_collection(copy_, collection_));
    NACRE_TRY(replacing.commit());
    return {};
  }

  Result<> copy_and_name(std::string_view name) {
    const Snapshot now = NACRE_TRY(database_.snapshot());
    const CollectionInfo* source = now.catalog().find(collection_);
    if (source == nullptr) {
      return fail(Code::kNotFound, kNamespaceNotFound,
                  format("source collection {} does not exist", collection_));
    }
    NACRE_TRY(copy(now.rows(), *source));
    const auto body = [&](Transaction& transaction) {
      return transaction.rename_collection(copy_, name, /*drop_target=*/false);
    };
    NACRE_TRY(database_.transact(body));
    return {};
  }

  Result<> copy(const txn::Snapshot& rows, const CollectionInfo& source) {
    std::uint64_t surplus = NACRE_TRY(count_surplus(rows, source));
    for (CollectionWalk walk(rows, source);;) {
      const DocumentBatch batch = NACRE_TRY(walk.next());
      if (batch.documents.empty()) return {};
      const std::uint64_t skipped = std::min<std::uint64_t>(surplus, batch.documents.size());
      surplus -= skipped;
      NACRE_TRY(write(batch, skipped));
    }
  }

  // How many documents are not copied: the first ones, where all would be too many.
  Result<std::uint64_t> count_surplus(const txn::Snapshot& rows, const CollectionInfo& source) {
    CappedTotals left;
    for (CollectionWalk walk(rows, source);;) {
      const DocumentBatch batch = NACRE_TRY(walk.next());
      if (batch.documents.empty()) break;
      left.documents += batch.documents.size();
      left.bytes += batch.bytes;
    }
    std::uint64_t surplus = 0;
    for (CollectionWalk walk(rows, source); left.exceeds(limits_);) {
      const DocumentBatch batch = NACRE_TRY(walk.next());
      if (batch.documents.empty()) break;
      for (const bson::Document& document : batch.documents) {
        if (!left.exceeds(limits_)) break;
        --left.documents;
        left.bytes -= document.bytes().size();
        ++surplus;
      }
    }
    return surplus;
  }

  Result<> write(const DocumentBatch& batch, std::uint64_t skipped) {
    const auto body = [&](Transaction& transaction) -> Result<> {
      const CollectionInfo* info = NACRE_TRY(transaction.require_for_write(copy_));
      Writer writer(database_, transaction, *info);
      writer.bypass_validation();
      for (std::size_t i = skipped; i < batch.documents.size(); ++i) {
        NACRE_TRY(writer.insert(batch.documents[i]));
      }
      return {};
    };
    NACRE_TRY(database_.transact(body, txn::Durability::kAsync));
    return {};
  }

  Database& database_;
  const std::string collection_;
  const CappedLimits limits_;
  const std::string copy_;
};

bool is_overtaken(const Error& error) {
  return error.code() == Code::kConflict && error.number() == kWriteConflict;
}

}  // namespace

Result<> convert_to_capped(Database& database, std::string_view collection, std::int64_t bytes) {
  for (int tries = 1;; ++tries) {
    auto done = Conversion(database, collection, bytes).run();
    if (done || !is_overtaken(done.error()) || tries == kAttemptsMax) return done;
  }
}

Result<> clone_as_capped(Database& database, std::string_view collection, std::string_view name,
                         std::int64_t bytes) {
  const Snapshot before = NACRE_TRY(database.snapshot());
  if (before.catalog().find(name) != nullptr) {
    return fail(
        Code::kExists, kNamespaceExists,
        format("cloneCollectionAsCapped failed - destination collection {} already exists", name));
  }
  return Conversion(database, collection, bytes).run_clone(name);
}

Result<> remove_temporary_collections(Database& database) {
  const Snapshot snapshot = NACRE_TRY(database.snapshot());
  for (const std::string& name : snapshot.catalog().collection_names()) {
    const bool is_temporary = name.starts_with(kTemporaryCapped) ||
                              name.starts_with(kTemporaryMoved) || name.starts_with(kTemporaryOut);
    if (is_temporary) NACRE_TRY(database.drop_collection(name));
  }
  return {};
}

}  // namespace nacre::document
