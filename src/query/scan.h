// The operators at the bottom of a plan: those that read tables.
//
// Each remembers the key it stands on, so that pause() can give the table's cursor back and next()
//   finds its place again.
// Errors:  kCorrupt names the collection or index; what the reader and the filter return.
// Threads: one thread at a time.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "match/filter.h"
#include "query/index_bounds.h"
#include "query/operator.h"

namespace nacre::query {

// Walks the keys of one table through ranges, forward or backward.
//
// Why rows are taken many at a time: a page shows all of its rows for little more than what a step
//   of a cursor costs. At first few are taken, for those who only want one.
class KeyWalk {
 public:
  static constexpr std::size_t kRowsAtFirst = 2;

  KeyWalk(Execution& execution, TableId table, std::vector<KeyRange> ranges, bool backward,
          std::size_t rows_at_first = kRowsAtFirst);

  // False: the end. Then, and before the first call, there is no key.
  [[nodiscard]] Result<bool> next();
  void pause();
  // Before the first next(): the first range begins there.
  void begin_at(std::string key) { ranges_.front().begin = std::move(key); }
  [[nodiscard]] Bytes key();
  // The end of the key: what of it this row does not share with all those beside it.
  [[nodiscard]] Bytes key_end() const { return rows_[row_].suffix; }
  [[nodiscard]] Bytes value() const { return rows_[row_].value; }
  [[nodiscard]] std::span<const KeyRange> ranges() const { return ranges_; }

 private:
  static constexpr std::size_t kRowsMax = 256;

  [[nodiscard]] Result<bool> enter_range();
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] Result<bool> resume();
  [[nodiscard]] const KeyRange& range() const;
  // The rows from the one that cursor_ stands on; false: it lies beyond the range.
  [[nodiscard]] Result<bool> take_rows();
  Execution& execution_;
  TableId table_;
  bool backward_;
  bool in_range_ = false;   // the cursor, or last_key_, stands in the range
  bool more_rows_ = false;  // cursor_ stands on the one beyond rows_, which may be in the range
  bool key_known_ = false;
  bool paused_ = false;
  std::vector<KeyRange> ranges_;
  std::size_t at_ = 0;  // ranges used up
  std::unique_ptr<txn::Cursor> cursor_;
  // The rows at hand, all in the range, of which row_ is the one shown.
  std::span<const txn::RowView> rows_;
  std::size_t row_ = 0;
  std::size_t rows_wanted_;
  std::string key_;       // of the row, once key_known_
  std::string last_key_;  // where to go on after a pause
};

// Every document of a collection in key order (COLLSCAN), or those in ranges of keys (IXSCAN of
// _id_; CLUSTERED_IXSCAN of a time series). Of a large collection several threads go through what
// comes behind the first documents (query/parallel_scan.h), where the plan allows that.
class CollectionScan final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection;
    std::vector<KeyRange> ranges;
    bool backward = false;
    const match::Filter* filter = nullptr;  // null: every document; outlives the operator
    bool by_id = false;                     // the ranges come from bounds on _id, or on the time
    bool may_be_parallel = false;           // many documents may be looked at ahead
  };
  CollectionScan(Execution& execution, Plan plan);
  ~CollectionScan() override;
  CollectionScan(const CollectionScan&) = delete;
  CollectionScan& operator=(const CollectionScan&) = delete;

  Result<std::optional<Row>> next() override;
  void pause() override;
  [[nodiscard]] std::string_view stage() const override;
  void describe(bson::Builder& to) const override;

 private:
  static constexpr std::size_t kPartsMax = 1'024;

  [[nodiscard]] Result<> try_parallel();
  [[nodiscard]] Result<std::optional<Row>> next_parallel();

  Execution& execution_;
  Plan plan_;
  KeyWalk walk_;
  std::unique_ptr<class ParallelScan> parallel_;  // null: one document after the other
};

// One document by its _id (IDHACK).
class IdLookup final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection;
    std::string key;
    const match::Filter* filter = nullptr;  // null: none beside _id
  };
  IdLookup(Execution& execution, Plan plan) : execution_(execution), plan_(std::move(plan)) {}

  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "IDHACK"; }

 private:
  Execution& execution_;
  Plan plan_;
  bool done_ = false;
  std::optional<std::string> row_;
};

// The keys of an index in ranges (IXSCAN): rows have a key and no document, each document once.
class IndexScan final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection;
    const document::IndexInfo* index;
    IndexBounds bounds;
    bool backward = false;
    bool covers = false;   // rows have a document too, of the index's fields
    std::size_t rows = 0;  // that will be pulled at most; 0: it is not known
  };
  IndexScan(Execution& execution, Plan plan);

  Result<std::optional<Row>> next() override;
  Result<> next_keys(std::size_t wanted, RowKeys& into) override;
  void pause() override { walk_.pause(); }
  [[nodiscard]] const Plan& plan() const { return plan_; }  // but for the ranges of its bounds:
  [[nodiscard]] std::span<const KeyRange> ranges() const { return walk_.ranges(); }
  [[nodiscard]] std::string_view stage() const override { return "IXSCAN"; }
  void describe(bson::Builder& to) const override;

 private:
  static constexpr std::size_t kRowsAtFirst = 16;

  // Of the document that the walk's row belongs to.
  [[nodiscard]] Result<Bytes> id_key();

  Plan plan_;
  bool once_;  // several entries may belong to one document
  std::unordered_set<std::string> seen_;
  KeyWalk walk_;
  bson::Document document_;
};

// The fields of an IXSCAN of that index in a plan.
void describe_index(bson::Builder& to, const document::IndexInfo& index, const IndexBounds& bounds,
                    bool backward);

// The documents of keys (FETCH), those that the filter takes.
//
// Why many at once: the descents of several keys go on side by side, which hides what each of them
//   waits for memory. At first fewer keys are taken, for those who only want some documents.
class Fetch final : public Stage {
 public:
  // A null filter takes all. `rows`: that will be pulled at most; 0: all.
  Fetch(Execution& execution, std::unique_ptr<Operator> input,
        const document::CollectionInfo& collection, const match::Filter* filter,
        std::size_t rows = 0)
      : Stage(std::move(input)),
        execution_(execution),
        collection_(collection),
        filter_(filter),
        rows_left_(filter == nullptr ? rows : 0),
        keys_wanted_(rows == 0 ? kKeysAtFirst : std::min(rows, kKeysAtFirst)) {}

  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "FETCH"; }
  void describe(bson::Builder& to) const override;

 private:
  static constexpr std::size_t kKeysAtFirst = 8;
  static constexpr std::size_t kKeysMax = 64;
  static constexpr std::size_t kBytesMax = std::size_t{1} << 20;  // of documents held

  // A document on its way.
  struct Item {
    std::size_t row_at = 0;  // in rows_
    std::size_t row_size = 0;
    bool is_there = false;
    bool is_left = false;  // to be read when its turn comes: there was no room
  };

  // False: the input has ended.
  [[nodiscard]] Result<bool> take_keys();
  [[nodiscard]] Result<> read_documents();
  void take_document(std::size_t i, Bytes row);
  [[nodiscard]] Result<Bytes> row_of(std::size_t i);

  Execution& execution_;
  const document::CollectionInfo& collection_;
  const match::Filter* filter_;
  std::size_t rows_left_;  // 0: it is not known how many are wanted
  std::size_t keys_wanted_;
  RowKeys keys_;
  std::vector<Item> items_;  // for each key
  std::size_t at_ = 0;       // the next one's
  std::string rows_;
  std::vector<Bytes> key_views_;
  std::optional<std::string> single_;  // the document of one that was left
};

// No rows at all (EOF): the collection is not there, or nothing can match.
class Nothing final : public Operator {
 public:
  Result<std::optional<Row>> next() override { return std::nullopt; }
  [[nodiscard]] std::string_view stage() const override { return "EOF"; }
};

}  // namespace nacre::query
