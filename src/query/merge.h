// Operators that put several streams of keys together.
//
// Errors:  those of their inputs.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "query/scan.h"

namespace nacre::query {

// One index read under several prefixes at once, in the order of what comes behind the prefix: how
// {a: {$in: [1, 2]}} is sorted by b with an index on a and b (SORT_MERGE). Each document once.
class PrefixMerge final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection;
    const document::IndexInfo* index;
    IndexBounds bounds;  // with prefixes, and no range
    bool backward = false;
  };
  PrefixMerge(Execution& execution, Plan plan);

  Result<std::optional<Row>> next() override;
  void pause() override;
  [[nodiscard]] std::string_view stage() const override { return "IXSCAN"; }
  void describe(bson::Builder& to) const override;

 private:
  struct Stream {
    KeyWalk walk;
    std::size_t prefix_size;
    bool waits = true;  // `key` and `id` are to be read
    bool ended = false;
    std::string key;  // behind the prefix
    std::string id;
  };
  [[nodiscard]] Result<> read(Stream& stream);
  // The one whose row is next; null when all have ended.
  [[nodiscard]] Stream* first();

  Plan plan_;
  std::vector<Stream> streams_;
  std::unordered_set<std::string> seen_;
  std::string id_;
};

// The rows of several plans one after another, each document once (OR). Rows have no document.
class Union final : public Operator {
 public:
  explicit Union(std::vector<std::unique_ptr<Operator>> inputs) : inputs_(std::move(inputs)) {}

  Result<std::optional<Row>> next() override;
  void pause() override;
  [[nodiscard]] std::string_view stage() const override { return "OR"; }
  [[nodiscard]] std::vector<const Operator*> inputs() const override;

 private:
  std::vector<std::unique_ptr<Operator>> inputs_;
  std::size_t at_ = 0;
  std::unordered_set<std::string> seen_;
};

// Keeps only the keys of the rows of a plan that gives documents: for a side of a union.
class KeysOnly final : public Stage {
 public:
  using Stage::Stage;
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "KEYS"; }
  [[nodiscard]] bool is_hidden() const override { return true; }
};

}  // namespace nacre::query
