#include "query/reader.h"

#include <utility>

#include "base/error_codes.h"

namespace nacre::query {
namespace {

using error_codes::kSnapshotTooOld;

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

Result<std::vector<std::string>> Reader::split_keys(TableId table, std::size_t parts) const {
  if (transaction_ != nullptr) return std::vector<std::string>();
  return with_wire_number(snapshot_.rows().split_keys(table, parts));
}

Result<> Reader::get_many(TableId table, std::span<const Bytes> keys,
                          const txn::Snapshot::Seen& seen) const {
  if (transaction_ == nullptr) {
    return with_wire_number(snapshot_.rows().get_many(table, keys, seen));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto value = NACRE_TRY(get(table, keys[i]));
    if (value) seen(i, as_bytes(*value));
  }
  return {};
}

}  // namespace nacre::query
