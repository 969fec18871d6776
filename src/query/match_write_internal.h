// Writing to the documents that a filter takes: what update and remove have in common.
//
// The keys of all matches are collected first, so that a document that a write moves along an
//   index is not met again. Alone, the statement commits kStatementDocumentsMax documents at a
//   time, fewer when other writers keep winning; a document of a later commit is written if it
//   still matches.
// Errors:  those of the reader, the filter and the writer.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/writer.h"
#include "expression/environment.h"
#include "expression/scope.h"
#include "match/filter.h"
#include "query/operations.h"

namespace nacre::query {

class MatchWrite {
 public:
  struct Target {
    std::string_view collection;
    bson::View filter;
    bool multi = false;
    bson::Element hint{};
    bson::View sort{};
    Collation collation{};
    bson::View let{};

    // What an UpdateRequest or a RemoveRequest is about.
    template <class Request>
    [[nodiscard]] static Target of(const Request& request) {
      return {.collection = request.collection,
              .filter = request.filter,
              .multi = request.multi,
              .hint = request.hint,
              .sort = request.sort,
              .collation = request.collation,
              .let = request.let};
    }
  };

  MatchWrite(const Scope& scope, const Target& target) : scope_(scope), target_(target) {}
  virtual ~MatchWrite() = default;

  [[nodiscard]] Result<> run();

 protected:
  // Forgets what was counted since the last keep(): the transaction is run again.
  virtual void reset() = 0;
  // What was counted is committed.
  virtual void keep() = 0;
  // Writes one document. `stored` is its row.
  [[nodiscard]] virtual Result<> write(document::Writer& writer, Bytes key, Bytes stored) = 0;
  // Called before anything is written, with what the collection's strings are compared by.
  [[nodiscard]] virtual Result<> compare_by(const std::shared_ptr<const text::Collator>& collator) {
    (void)collator;
    return {};
  }
  // Called when the collection is known, before anything is written.
  [[nodiscard]] virtual Result<> check(const document::CollectionInfo& collection) {
    (void)collection;
    return {};
  }
  [[nodiscard]] virtual Result<> none_matched(document::Transaction& transaction) {
    (void)transaction;
    return {};
  }

  // Of the target, parsed when first asked for; and what it is asked with.
  [[nodiscard]] Result<const match::Filter*> filter();
  [[nodiscard]] expression::Environment* environment() { return &environment_; }

  const Scope& scope_;
  const Target& target_;

 private:
  struct Match {
    std::string key;
    std::string stored;  // empty: to be read again
  };

  [[nodiscard]] std::size_t bytes_max() const;
  [[nodiscard]] Result<> first_batch(document::Transaction& transaction, std::size_t batch);
  [[nodiscard]] Result<> collect(document::Transaction& transaction, std::size_t batch);
  [[nodiscard]] Result<> later_batches();
  [[nodiscard]] Result<> later_batch(document::Transaction& transaction, std::size_t batch,
                                     std::size_t& reached);

  std::shared_ptr<const text::Collator> collator_;  // shared with the filter
  expression::Scope variables_;                     // of `let`
  expression::Environment environment_;
  std::optional<match::Filter> filter_;
  std::vector<Match> matches_;  // those behind `done_` are still to be written
  std::size_t done_ = 0;
};

}  // namespace nacre::query
