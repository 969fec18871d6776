#include "query/reader.h"

#include <utility>

namespace nacre::query {
namespace {

constexpr std::int32_t kSnapshotTooOld = 239;

template <class T>
Result<T> with_wire_number(Result<T> result) {
  if (!result && result.error().code() == Code::kTooOld) {
    return std::unexpected(std::move(result).error().with_number(kSnapshotTooOld));
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<txn::Cursor>> Reader::cursor(TableId table) const {
  if (transaction_ != nullptr) return with_wire_number(transaction_->rows().cursor(table));
  return with_wire_number(snapshot_.rows().cursor(table));
}

Result<std::optional<std::string>> Reader::get(TableId table, Bytes key) const {
  if (transaction_ != nullptr) return with_wire_number(transaction_->rows().get(table, key));
  return with_wire_number(snapshot_.rows().get(table, key));
}

}  // namespace nacre::query
