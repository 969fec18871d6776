#include "txn/write_set.h"

#include <algorithm>
#include <new>

#include "base/check.h"
#include "base/codec.h"

namespace nacre::txn {
namespace {

// The most one operation takes beside its key and value: kind and three varints.
constexpr std::size_t kOpHeadMax = 1 + 5 + 2 + 2;

std::uint64_t head_of(Bytes key) {
  if (key.size() >= 8) return load_be<std::uint64_t>(key.data());
  std::array<std::byte, 8> padded{};
  if (!key.empty()) std::memcpy(padded.data(), key.data(), key.size());
  return load_be<std::uint64_t>(padded.data());
}

}  // namespace

WriteSet::WriteSet() : arena_(MutableBytes(inline_)) {}

WriteSet::Entry* WriteSet::seek(TableId table, Bytes key, Tower* previous) const {
  const std::uint64_t head = head_of(key);
  const auto is_below = [&](const Entry& entry) {
    if (entry.table_ != table) return number(entry.table_) < number(table);
    if (entry.head_ != head) return entry.head_ < head;
    return compare(entry.key(), key) < 0;
  };
  // Towers of pointers to change: entries belong to this set, whoever asks.
  auto* links = const_cast<Entry**>(heads_.data());
  for (int level = kHeightMax - 1; level >= 0; --level) {
    while (links[level] != nullptr && is_below(*links[level])) links = links[level]->tower();
    if (previous != nullptr) (*previous)[static_cast<std::size_t>(level)] = &links[level];
  }
  return links[0];
}

int WriteSet::random_height() {
  // xorshift; a quarter of the entries reach the next level.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  int height = 1;
  for (std::uint32_t bits = random_; height < kHeightMax && (bits & 3) == 0; bits >>= 2) ++height;
  return height;
}

void WriteSet::write(TableId table, Bytes key, Bytes value, bool removed) {
  NACRE_CHECK(key.size() <= store::kKeySizeMax, "callers check the size of keys");
  encoded_bytes_ += kOpHeadMax + key.size() + value.size();
  Tower previous;
  const Entry* last = tails_[0];
  const bool at_end = last == nullptr || number(last->table_) < number(table) ||
                      (last->table_ == table && compare(last->key(), key) < 0);
  if (!at_end) {
    Entry* found = seek(table, key, &previous);
    if (found != nullptr && found->table_ == table && equal(found->key(), key)) {
      found->value_ = value;
      found->removed_ = removed;
      return;
    }
  }
  const int height = random_height();
  const std::size_t tower_bytes = static_cast<std::size_t>(height) * sizeof(Entry*);
  auto* entry = new (arena_.allocate(sizeof(Entry) + tower_bytes, alignof(Entry))) Entry;
  entry->head_ = head_of(key);
  entry->key_ = arena_.copy(key).data();
  entry->key_size_ = static_cast<std::uint16_t>(key.size());
  entry->value_ = value;
  entry->table_ = table;
  entry->removed_ = removed;
  for (std::size_t level = 0; level < static_cast<std::size_t>(height); ++level) {
    if (at_end) {
      previous[level] = tails_[level] == nullptr ? &heads_[level] : &tails_[level]->tower()[level];
    }
    entry->tower()[level] = *previous[level];
    *previous[level] = entry;
    if (entry->tower()[level] == nullptr) tails_[level] = entry;
  }
  ++count_;
}

void WriteSet::drop_table(TableId table) {
  // An entry that is void reads as removed, which is what a key of a dropped table is.
  for (Entry* entry = seek(table, {}, nullptr); entry != nullptr && entry->table_ == table;
       entry = entry->tower()[0]) {
    entry->value_ = {};
    entry->removed_ = true;
  }
  const auto at =
      std::ranges::lower_bound(dropped_, number(table), {}, [](TableId t) { return number(t); });
  if (at != dropped_.end() && *at == table) return;
  dropped_.insert(at, table);
  encoded_bytes_ += kOpHeadMax;
}

bool WriteSet::is_dropped(TableId table) const {
  return std::ranges::find(dropped_, table) != dropped_.end();
}

const WriteSet::Entry* WriteSet::find(TableId table, Bytes key) const {
  if (count_ == 0) return nullptr;
  const Entry* found = seek(table, key, nullptr);
  const bool same = found != nullptr && found->table_ == table && equal(found->key(), key);
  return same ? found : nullptr;
}

const WriteSet::Entry* WriteSet::at_or_after(TableId table, Bytes key) const {
  const Entry* found = seek(table, key, nullptr);
  return found != nullptr && found->table_ == table ? found : nullptr;
}

const WriteSet::Entry* WriteSet::before(TableId table, std::optional<Bytes> key) const {
  // The end of a table is the beginning of the next number; the last number has no next.
  const bool last_table = !key && number(table) == UINT32_MAX;
  const Entry* found = nullptr;
  if (last_table) {
    found = tails_[0];
  } else {
    const TableId end_table = key ? table : TableId{number(table) + 1};
    Tower previous;
    static_cast<void>(seek(end_table, key.value_or(Bytes()), &previous));
    // A link of level 0 is the first of its entry's tower, unless it is the list's own head.
    if (previous[0] != &heads_[0]) {
      found = reinterpret_cast<const Entry*>(previous[0]) - 1;
    }
  }
  return found != nullptr && found->table_ == table ? found : nullptr;
}

void WriteSet::encode(store::BatchWriter& into) const {
  auto dropped = dropped_.begin();
  const auto drop_up_to = [&](std::uint64_t table) {
    for (; dropped != dropped_.end() && number(*dropped) <= table; ++dropped) {
      into.drop_table(*dropped);
    }
  };
  for (const Entry* entry = heads_[0]; entry != nullptr; entry = entry->next()) {
    drop_up_to(number(entry->table_));
    if (!entry->removed_) {
      into.put(entry->table_, entry->key(), entry->value_);
    } else if (dropped_.empty() || !is_dropped(entry->table_)) {
      into.remove(entry->table_, entry->key());
    }
  }
  drop_up_to(UINT64_MAX);
}

}  // namespace nacre::txn
