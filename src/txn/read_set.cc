#include "txn/read_set.h"

#include "base/planted.h"
#include "txn/conflicts.h"

namespace nacre::txn {
void ReadSet::add_whole(TableId table) {
  if (!whole_tables_.insert(table).second) return;
  ranges_.push_back({.table = table, .low = {}, .high = std::nullopt});
}

void ReadSet::add_key(TableId table, Bytes key) {
  tables_.insert(table);
  if (key_hashes_.size() >= kKeysMax) return add_whole(table);
  if (NACRE_PLANTED(keys_read_not_remembered)) return;
  key_hashes_.push_back(Conflicts::hash(table, key));
}

ReadSet::RangeId ReadSet::add_range(TableId table, Bytes low, std::optional<Bytes> high) {
  tables_.insert(table);
  if (ranges_.size() >= kRangesMax) {
    add_whole(table);
    return kWholeTable;
  }
  ranges_.push_back({.table = table, .low = to_string(low), .high = std::nullopt});
  if (high.has_value()) ranges_.back().high = to_string(*high);
  return ranges_.size() - 1;
}

void ReadSet::extend_through(RangeId range, Bytes key) {
  if (range == kWholeTable) return;
  std::optional<std::string>& high = ranges_[range].high;
  if (!high.has_value() || compare(key, as_bytes(*high)) < 0) return;
  high->assign(as_text(key));
  high->push_back('\0');
}

void ReadSet::extend_to_end(RangeId range) {
  if (NACRE_PLANTED(end_of_table_not_remembered)) return;
  if (range != kWholeTable) ranges_[range].high.reset();
}

void ReadSet::extend_down_to(RangeId range, Bytes key) {
  if (range == kWholeTable) return;
  std::string& low = ranges_[range].low;
  if (compare(key, as_bytes(low)) < 0) low.assign(as_text(key));
}

}  // namespace nacre::txn
