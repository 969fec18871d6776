#include "query/return_key.h"

#include <algorithm>
#include <utility>

#include "document/index_keys.h"

namespace nacre::query {
namespace {

bool is_inside(const std::string& key, const KeyRange& range) {
  return key >= range.begin && (range.end.empty() || key < range.end);
}

}  // namespace

ReturnKey::ReturnKey(std::unique_ptr<Operator> input, const document::CollectionInfo* collection)
    : Stage(std::move(input)), collection_(collection) {
  for (const Operator* stage = input_.get(); stage != nullptr; stage = stage->input()) {
    scan_ = dynamic_cast<const IndexScan*>(stage);
    by_id_ = stage->stage() == "IDHACK" || (scan_ == nullptr && stage->stage() == "IXSCAN");
    if (scan_ != nullptr || by_id_) break;
  }
}

Result<std::optional<Row>> ReturnKey::next() {
  const auto row = NACRE_TRY(input_->next());
  ++counters_.works;
  if (!row) return std::nullopt;
  ++counters_.returned;
  key_ = NACRE_TRY(key_of(*row));
  return Row{.key = row->key, .document = key_.view()};
}

Result<bson::Document> ReturnKey::key_of(const Row& row) const {
  const bson::Element id = row.document.find("_id");
  if (by_id_) return bson::Builder().append("_id", id).finish();
  if (scan_ == nullptr || collection_ == nullptr) return bson::Document();
  const IndexScan::Plan& plan = scan_->plan();
  const std::string id_key = document::id_key(id);
  document::IndexEntries keys;
  NACRE_TRY(document::index_entries(*plan.index, row.document, as_bytes(id_key), keys));
  if (plan.backward) std::ranges::reverse(keys.entries);
  for (const document::IndexEntry& entry : keys.entries) {
    const bool met = std::ranges::any_of(
        scan_->ranges(), [&](const KeyRange& range) { return is_inside(entry.key, range); });
    if (!met) continue;
    return document::values_of_entry(*plan.index, row.document, as_bytes(id_key),
                                     as_bytes(entry.key));
  }
  return bson::Document();
}

}  // namespace nacre::query
