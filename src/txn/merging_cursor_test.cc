// MergingCursor and WriteSet against the obvious model: a map with the writes applied.
#include "txn/merging_cursor.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace nacre::txn {
namespace {

using Rows = std::map<std::string, std::string, std::less<>>;

// A cursor over a map, strict about being stepped only from a row.
class MapCursor final : public Cursor {
 public:
  explicit MapCursor(const Rows& rows) : rows_(rows), at_(rows.end()) {}
  Result<bool> seek(Bytes key) override { return stand(rows_.lower_bound(as_text(key))); }
  Result<bool> seek_before(Bytes key) override { return below(rows_.lower_bound(as_text(key))); }
  Result<bool> seek_first() override { return stand(rows_.begin()); }
  Result<bool> seek_last() override { return below(rows_.end()); }
  Result<bool> next() override {
    if (!row_) return fail(Code::kInvalid, "next without a row");
    return stand(std::next(at_));
  }
  Result<bool> prev() override {
    if (!row_) return fail(Code::kInvalid, "prev without a row");
    return below(at_);
  }
  Result<RowViews> read_rows(const RowsWanted& wanted) override {
    if (!row_) return fail(Code::kInvalid, "read_rows without a row");
    if (!wanted.takes(key())) return RowViews{.rows = {}, .more = true, .is_bound = true};
    shown_ = {.prefix = {}, .suffix = key(), .value = value()};
    const bool more = NACRE_TRY(wanted.backward ? prev() : next());
    return RowViews{{&shown_, 1}, more};
  }
  [[nodiscard]] Bytes key() const override { return as_bytes(at_->first); }
  [[nodiscard]] Bytes value() const override { return as_bytes(at_->second); }

 private:
  bool stand(Rows::const_iterator at) {
    at_ = at;
    row_ = at_ != rows_.end();
    return row_;
  }
  bool below(Rows::const_iterator at) {
    row_ = at != rows_.begin();
    at_ = row_ ? std::prev(at) : rows_.end();
    return row_;
  }
  const Rows& rows_;
  Rows::const_iterator at_;
  bool row_ = false;
  RowView shown_;
};

std::string random_key(std::mt19937_64& random) {
  std::string key(random() % 3 + 1, '\0');
  for (char& c : key) c = static_cast<char>("\0ab\xff"[random() % 4]);
  if (random() % 4 == 0) key.insert(0, "long-common-prefix-");
  return key;
}

// Both cursors stand on the same row; whether reading rows from there shows the same ones.
::testing::AssertionResult same_rows(Cursor& tested, Cursor& model, bool& row,
                                     std::mt19937_64& random) {
  const std::string bound = random() % 2 == 0 ? "" : random_key(random);
  const RowsWanted wanted{
      .limit = 1 + random() % 5, .backward = random() % 2 == 0, .bound = as_bytes(bound)};
  const auto seen = tested.read_rows(wanted);
  if (!seen.has_value()) return ::testing::AssertionFailure() << seen.error().text();
  for (const RowView& view : seen->rows) {
    if (!row) return ::testing::AssertionFailure() << "more rows than there are";
    if (to_string(view.prefix) + to_string(view.suffix) != as_text(model.key()) ||
        !equal(view.value, model.value())) {
      return ::testing::AssertionFailure() << "another row than " << to_string(model.key());
    }
    if (!wanted.takes(model.key())) {
      return ::testing::AssertionFailure() << "a row beyond the bound";
    }
    row = wanted.backward ? *model.prev() : *model.next();
  }
  if (seen->rows.empty() != seen->is_bound || seen->more != row) {
    return ::testing::AssertionFailure() << seen->rows.size() << " rows, more " << seen->more;
  }
  if (seen->is_bound && wanted.takes(model.key())) {
    return ::testing::AssertionFailure() << "ended before the bound";
  }
  return ::testing::AssertionSuccess();
}

constexpr TableId kTable{5};

// One random step on both cursors; whether they show the same.
::testing::AssertionResult same_step(Cursor& tested, Cursor& model, bool& row,
                                     std::mt19937_64& random) {
  const std::string target = random_key(random);
  const std::uint64_t what = random() % (row ? 12 : 4);
  if (what >= 10) return same_rows(tested, model, row, random);
  const auto step = [&](Cursor& c) -> Result<bool> {
    if (what == 0) return c.seek(as_bytes(target));
    if (what == 1) return c.seek_before(as_bytes(target));
    if (what == 2) return c.seek_first();
    if (what == 3) return c.seek_last();
    return what < 7 ? c.next() : c.prev();
  };
  const auto expected = step(model);
  const auto found = step(tested);
  if (!found.has_value()) return ::testing::AssertionFailure() << found.error().text();
  row = *expected;
  if (*found != row) return ::testing::AssertionFailure() << "row " << *found << " step " << what;
  if (row && !equal(tested.key(), model.key())) {
    return ::testing::AssertionFailure() << "key " << to_string(tested.key()) << " expected "
                                         << to_string(model.key()) << " step " << what;
  }
  if (row && !equal(tested.value(), model.value())) {
    return ::testing::AssertionFailure() << "value at " << to_string(tested.key());
  }
  return ::testing::AssertionSuccess();
}

// TXN-1
TEST(MergingCursor, ShowsWhatAMapWithTheWritesAppliedWouldShow) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Rows base;
    WriteSet own;
    for (std::uint64_t i = random() % 20; i > 0; --i) base[random_key(random)] = "base";
    Rows model = base;
    bool dropped = false;
    for (std::uint64_t i = random() % 30; i > 0; --i) {
      const std::string key = random_key(random);
      const std::string value = std::to_string(random() % 100);
      const std::uint64_t what = random() % 40;
      if (what == 0) {
        own.drop_table(kTable);
        model.clear();
        dropped = true;
      } else if (what < 25) {
        own.put(kTable, as_bytes(key), as_bytes(value));
        model[key] = value;
      } else {
        own.remove(kTable, as_bytes(key));
        model.erase(key);
      }
      // Neighbours in the write set must not show through.
      own.put(TableId{random() % 2 == 0 ? 4u : 6u}, as_bytes(key), as_bytes("other"));
    }
    std::unique_ptr<Cursor> below;
    if (!dropped) below = std::make_unique<MapCursor>(base);
    MergingCursor tested(std::move(below), own, kTable);
    MapCursor expected(model);
    bool row = false;
    for (int step = 0; step < 200; ++step) {
      ASSERT_TRUE(same_step(tested, expected, row, random)) << "at step " << step;
    }
  }
}

TEST(MergingCursor, RowStaysAsItWasReachedWhenItIsOverwrittenMeanwhile) {
  WriteSet own;
  own.put(kTable, as_bytes("a"), as_bytes("1"));
  MergingCursor cursor(nullptr, own, kTable);
  ASSERT_TRUE(*cursor.seek_first());
  own.put(kTable, as_bytes("a"), as_bytes("2"));
  own.put(kTable, as_bytes("b"), as_bytes("3"));
  EXPECT_EQ(as_text(cursor.value()), "1");
  ASSERT_TRUE(*cursor.next());
  EXPECT_EQ(as_text(cursor.key()), "b");
}

}  // namespace
}  // namespace nacre::txn
