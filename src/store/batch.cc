#include "store/batch.h"

#include <array>
#include <limits>

#include "base/check.h"
#include "base/codec.h"
#include "base/text.h"

namespace nacre::store {
namespace {

constexpr std::size_t kVarintSizeMax = 10;  // bytes

}  // namespace

void BatchWriter::append(OpKind kind, TableId table, Bytes key, Bytes value) {
  NACRE_DCHECK(table != kCatalogTable, "the catalog is the store's own table");
  ++op_count_;
  std::array<char, 1 + 3 * kVarintSizeMax> head;
  char* end = head.data();
  *end++ = static_cast<char>(kind);
  for (std::uint64_t size :
       {std::uint64_t{number(table)}, std::uint64_t{key.size()}, std::uint64_t{value.size()}}) {
    for (; size >= 0x80; size >>= 7) *end++ = static_cast<char>(size | 0x80);
    *end++ = static_cast<char>(size);
  }
  ops_.append(head.data(), static_cast<std::size_t>(end - head.data()));
  append_bytes(ops_, key);
  append_bytes(ops_, value);
}

std::unexpected<Error> BatchReader::damaged(std::string_view rule) const {
  return fail(Code::kCorrupt, format("batch of {} bytes: operation {} at byte {}: {}",
                                     batch_.size(), index_, batch_.size() - rest_.size(), rule));
}

Result<std::optional<Op>> BatchReader::next() {
  if (rest_.empty()) return std::optional<Op>();
  Decoder in(rest_);
  const auto kind = in.fixed<std::uint8_t>();
  const auto table = in.varint();
  const auto key_size = in.varint();
  const auto value_size = in.varint();
  if (!kind || !table || !key_size || !value_size) return damaged("head is cut short");
  if (*table >= kTableNumberEnd) {
    return damaged(format("table is {}, expected less than {}", *table, kTableNumberEnd));
  }
  const auto key = in.bytes(*key_size);
  if (!key) return damaged(format("key has {} bytes, more than are left", *key_size));
  const auto value = in.bytes(*value_size);
  if (!value) return damaged(format("value has {} bytes, more than are left", *value_size));
  const Op op{.kind = static_cast<OpKind>(*kind),
              .table = TableId{static_cast<std::uint32_t>(*table)},
              .key = *key,
              .value = *value};
  NACRE_TRY(check(op));
  rest_ = in.rest();
  previous_ = op;
  ++index_;
  return std::optional<Op>(op);
}

Result<> BatchReader::check(const Op& op) const {
  if (op.kind != OpKind::kPut && op.kind != OpKind::kRemove && op.kind != OpKind::kDropTable) {
    return damaged(format("kind is {}, expected 1, 2 or 4", static_cast<std::uint32_t>(op.kind)));
  }
  if (op.table == kCatalogTable) return damaged("table is 0, expected 1 or more");
  if (op.kind == OpKind::kDropTable) {
    if (!op.key.empty()) return damaged(format("drop has a key of {} bytes", op.key.size()));
  } else if (op.key.empty() || op.key.size() > kKeySizeMax) {
    return damaged(format("key has {} bytes, expected 1 to {}", op.key.size(), kKeySizeMax));
  }
  const std::size_t value_size_max = op.kind == OpKind::kPut ? kValueSizeMax : 0;
  if (op.value.size() > value_size_max) {
    return damaged(
        format("value has {} bytes, expected at most {}", op.value.size(), value_size_max));
  }
  if (previous_.has_value()) {
    const bool ascends = previous_->table != op.table ? number(previous_->table) < number(op.table)
                                                      : compare(previous_->key, op.key) < 0;
    if (!ascends) return damaged("table and key do not ascend");  // BATCH-1
  }
  return {};
}

Result<std::uint64_t> check_batch(Bytes batch) {
  BatchReader reader(batch);
  for (std::uint64_t count = 0;; ++count) {
    const std::optional<Op> op = NACRE_TRY(reader.next());
    if (!op.has_value()) return count;
  }
}

}  // namespace nacre::store
