#include "txn/big_rows.h"

#include <algorithm>

#include "store/big_value.h"

namespace nacre::txn {
namespace {

constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 20;  // of long values; one is always shown

bool is_big(const tree::RowView& row) { return (row.flags & page::kBigValue) != 0; }

}  // namespace

bool BigRows::any_in(std::span<const tree::RowView> rows) {
  return std::ranges::any_of(rows, is_big);
}

Result<std::span<const tree::RowView>> BigRows::fill(const store::Snapshot& at,
                                                     std::span<const tree::RowView> rows,
                                                     bool with_values) {
  rows_.clear();
  bytes_.clear();
  rest_.reset();
  std::uint64_t total = 0;
  for (const tree::RowView& row : rows) {
    tree::RowView filled = row;
    if (is_big(row)) {
      filled.value = {};
      const store::BigValue big = NACRE_TRY(store::BigValue::decode(row.value));
      total += with_values ? big.size() : 0;
      if (total > kBytesMax && !rows_.empty()) {
        rest_ = to_string(row.prefix) + to_string(row.suffix);
        own_all();
        break;
      }
      if (with_values) {
        NACRE_TRY(at.read_big_value(row.value, bytes_.emplace_back()));
        filled.value = as_bytes(bytes_.back());
      }
    }
    rows_.push_back(filled);
  }
  return std::span<const tree::RowView>(rows_);
}

void BigRows::own_all() {
  const auto own = [&](Bytes& view) { view = as_bytes(bytes_.emplace_back(as_text(view))); };
  for (tree::RowView& row : rows_) {
    own(row.prefix);
    own(row.suffix);
    if (!is_big(row)) own(row.value);
  }
}

}  // namespace nacre::txn
