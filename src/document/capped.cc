#include "document/capped.h"

#include <algorithm>

#include "base/codec.h"
#include "base/text.h"

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

}  // namespace nacre::document
