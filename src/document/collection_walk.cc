#include "document/capped.h"
#include "document/collection_walk_internal.h"
#include "document/envelope.h"

namespace nacre::document {
namespace {

constexpr std::size_t kBatchDocuments = 1000;
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;

bool is_full(const DocumentBatch& batch) {
  return batch.documents.size() >= kBatchDocuments || batch.bytes >= kBatchBytes;
}

Result<> add_document(Bytes row, DocumentBatch& batch) {
  const bson::View document = NACRE_TRY(decode_bson(row));
  batch.bytes += document.bytes().size();
  batch.documents.emplace_back(document);
  return {};
}

}  // namespace

Result<DocumentBatch> CollectionWalk::next() {
  DocumentBatch batch;
  auto cursor = NACRE_TRY(rows_.cursor(collection_.order.value_or(collection_.table)));
  bool row = reached_ ? NACRE_TRY(cursor->seek(as_bytes(*reached_ + '\0')))
                      : NACRE_TRY(cursor->seek_first());
  for (; row && !is_full(batch); row = NACRE_TRY(cursor->next())) {
    reached_ = to_string(cursor->key());
    NACRE_TRY(add(cursor->key(), cursor->value(), batch));
  }
  return batch;
}

Result<> CollectionWalk::add(Bytes key, Bytes value, DocumentBatch& batch) const {
  if (!collection_.order) return add_document(value, batch);
  if (key.size() != kCappedKeySize) return {};
  const auto stored = NACRE_TRY(rows_.get(collection_.table, value));
  if (!stored) return fail(Code::kCorrupt, "the order of a capped collection has no document");
  return add_document(as_bytes(*stored), batch);
}

}  // namespace nacre::document
