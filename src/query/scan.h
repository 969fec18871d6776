// The operators at the bottom of a plan: those that read tables.
//
// Each remembers the key it stands on, so that pause() can give the table's cursor back and next()
//   finds its place again.
// Errors:  kCorrupt names the collection or index; what the reader and the filter return.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "match/filter.h"
#include "query/index_bounds.h"
#include "query/operator.h"

namespace nacre::query {

// Walks the keys of one table through ranges, forward or backward.
class KeyWalk {
 public:
  KeyWalk(Execution& execution, TableId table, std::vector<KeyRange> ranges, bool backward);

  // False: the end. Then, and before the first call, there is no key.
  [[nodiscard]] Result<bool> next();
  void pause();
  [[nodiscard]] Bytes key() const { return cursor_->key(); }
  [[nodiscard]] Bytes value() const { return cursor_->value(); }

 private:
  [[nodiscard]] Result<bool> enter_range();
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] bool inside() const;
  [[nodiscard]] const KeyRange& range() const;

  Execution& execution_;
  TableId table_;
  std::vector<KeyRange> ranges_;
  bool backward_;
  std::size_t at_ = 0;     // ranges used up
  bool in_range_ = false;  // the cursor, or last_key_, stands in the range
  std::unique_ptr<txn::Cursor> cursor_;
  std::string last_key_;  // where to go on after a pause
  bool paused_ = false;
};

// Every document of a collection in key order (COLLSCAN), or those in ranges of keys (IXSCAN of
// _id_).
class CollectionScan final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection;
    std::vector<KeyRange> ranges;
    bool backward = false;
    const match::Filter* filter = nullptr;  // null: every document; outlives the operator
    bool by_id = false;                     // the ranges come from bounds on _id
  };
  CollectionScan(Execution& execution, Plan plan);

  Result<std::optional<Row>> next() override;
  void pause() override { walk_.pause(); }
  [[nodiscard]] std::string_view stage() const override;
  void describe(bson::Builder& to) const override;

 private:
  Execution& execution_;
  Plan plan_;
  KeyWalk walk_;
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
    bool covers = false;  // rows have a document too, of the index's fields
  };
  IndexScan(Execution& execution, Plan plan);

  Result<std::optional<Row>> next() override;
  void pause() override { walk_.pause(); }
  [[nodiscard]] std::string_view stage() const override { return "IXSCAN"; }
  void describe(bson::Builder& to) const override;

 private:
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
class Fetch final : public Stage {
 public:
  // A null filter takes all.
  Fetch(Execution& execution, std::unique_ptr<Operator> input,
        const document::CollectionInfo& collection, const match::Filter* filter)
      : Stage(std::move(input)), execution_(execution), collection_(collection), filter_(filter) {}

  Result<std::optional<Row>> next() override;
  void pause() override;
  [[nodiscard]] std::string_view stage() const override { return "FETCH"; }
  void describe(bson::Builder& to) const override;

 private:
  Execution& execution_;
  const document::CollectionInfo& collection_;
  const match::Filter* filter_;
  std::unique_ptr<txn::Cursor> cursor_;
};

// No rows at all (EOF): the collection is not there, or nothing can match.
class Nothing final : public Operator {
 public:
  Result<std::optional<Row>> next() override { return std::nullopt; }
  [[nodiscard]] std::string_view stage() const override { return "EOF"; }
};

}  // namespace nacre::query
