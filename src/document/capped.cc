#include "document/capped.h"

#include <vector>

#include "base/codec.h"
#include "base/text.h"
#include "document/database.h"
#include "document/envelope.h"
#include "document/writer.h"

namespace nacre::document {
namespace {

constexpr std::size_t kTotalsSize = 24;

std::string key_of(std::uint64_t number) {
  std::string key;
  append_be(key, number);
  return key;
}

}  // namespace

bool CappedTotals::exceeds(const CappedLimits& limits) const {
  if (documents <= 1) return false;  // the newest stays, however large
  const bool too_many =
      limits.documents > 0 && documents > static_cast<std::uint64_t>(limits.documents);
  return too_many || bytes > static_cast<std::uint64_t>(limits.bytes);
}

Result<CappedTotals> CappedOrder::totals() const {
  const auto row = NACRE_TRY(rows_.get(table_, as_bytes(kCappedTotalsKey)));
  if (!row) return CappedTotals();
  if (row->size() != kTotalsSize) {
    return fail(Code::kCorrupt, format("totals of a capped collection take {} bytes, expected {}",
                                       row->size(), kTotalsSize));
  }
  const std::byte* at = as_bytes(*row).data();
  return CappedTotals{.next = load_le<std::uint64_t>(at),
                      .documents = load_le<std::uint64_t>(at + 8),
                      .bytes = load_le<std::uint64_t>(at + 16)};
}

Result<> CappedOrder::set_totals(const CappedTotals& totals) {
  std::string row;
  append_le(row, totals.next);
  append_le(row, totals.documents);
  append_le(row, totals.bytes);
  return rows_.put(table_, as_bytes(kCappedTotalsKey), as_bytes(row));
}

Result<CappedTotals> CappedOrder::append(Bytes id_key, std::uint64_t bytes) {
  CappedTotals now = NACRE_TRY(totals());
  NACRE_TRY(rows_.put(table_, as_bytes(key_of(now.next)), id_key));
  ++now.next;
  ++now.documents;
  now.bytes += bytes;
  NACRE_TRY(set_totals(now));
  return now;
}

Result<std::optional<std::string>> CappedOrder::oldest() {
  auto cursor = NACRE_TRY(rows_.cursor(table_));
  const bool there = NACRE_TRY(cursor->seek_first());
  if (!there || cursor->key().size() != kCappedKeySize) return std::nullopt;
  return to_string(cursor->value());
}

Result<> CappedOrder::remove(Bytes id_key, std::uint64_t bytes) {
  std::string found;
  {
    auto cursor = NACRE_TRY(rows_.cursor(table_));
    for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
      if (cursor->key().size() != kCappedKeySize || !equal(cursor->value(), id_key)) continue;
      found = to_string(cursor->key());
      break;
    }
  }
  if (found.empty()) {
    return fail(Code::kCorrupt, "a document of a capped collection is not in its order");
  }
  NACRE_TRY(rows_.remove(table_, as_bytes(found)));
  CappedTotals now = NACRE_TRY(totals());
  --now.documents;
  now.bytes -= std::min(bytes, now.bytes);
  return set_totals(now);
}

Result<> CappedOrder::resize(std::uint64_t before, std::uint64_t after) {
  if (before == after) return {};
  CappedTotals now = NACRE_TRY(totals());
  now.bytes = now.bytes - std::min(before, now.bytes) + after;
  return set_totals(now);
}

namespace {

struct Sized {
  std::string key;
  std::uint64_t bytes;
};

// All documents in the order the collection is read in.
Result<std::vector<Sized>> in_order(const txn::Transaction& rows, const CollectionInfo& info) {
  std::vector<Sized> all;
  const auto add = [&](Bytes key, Bytes row) -> Result<> {
    const bson::View document = NACRE_TRY(decode_bson(row));
    all.push_back({.key = to_string(key), .bytes = document.bytes().size()});
    return {};
  };
  auto cursor = NACRE_TRY(rows.cursor(info.order.value_or(info.table)));
  for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
    if (!info.order) {
      NACRE_TRY(add(cursor->key(), cursor->value()));
    } else if (cursor->key().size() == kCappedKeySize) {
      const auto stored = NACRE_TRY(rows.get(info.table, cursor->value()));
      if (stored) NACRE_TRY(add(cursor->value(), as_bytes(*stored)));
    }
  }
  return all;
}

}  // namespace

Result<> convert_to_capped(Database& database, Transaction& transaction,
                           std::string_view collection, std::int64_t bytes) {
  const CollectionInfo* before = NACRE_TRY(transaction.require_for_write(collection));
  const std::vector<Sized> documents = NACRE_TRY(in_order(transaction.rows(), *before));
  const CollectionInfo* after = NACRE_TRY(transaction.make_capped(collection, bytes));
  CappedOrder order(transaction.rows(), *after->order);
  CappedTotals totals;
  for (const Sized& each : documents) {
    totals = NACRE_TRY(order.append(as_bytes(each.key), each.bytes));
  }
  Writer writer(database, transaction, *after);
  for (std::size_t i = 0; totals.exceeds(*after->settings.capped); ++i) {
    const Bytes key = as_bytes(documents[i].key);
    const auto row = NACRE_TRY(transaction.rows().get(after->table, key));
    if (!row) return fail(Code::kCorrupt, "a document went while its collection was converted");
    NACRE_TRY(writer.remove(key, as_bytes(*row)));
    totals = NACRE_TRY(order.totals());
  }
  return {};
}

}  // namespace nacre::document
