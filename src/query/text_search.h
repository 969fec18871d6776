// Full text search: the documents that have a word, with how well they match.
//
// The score is BM25: for each word of the query that a document has,
//     ln(1 + (N - n + 0.5) / (n + 0.5)) * f * (k1 + 1) / (f + k1 * (1 - b + b * l / average))
//   are added up, where N is how many documents the index holds and n how many of them have the
//   word, f the weights of the word's occurrences in the document added up, l its words and
//   `average` those of all documents; k1 = 1.2, b = 0.75. docs/decisions/0024 says why.
// Errors:  kCorrupt for an entry; those of the reader.
// Cost:    reads each entry of each word once (tens of ns) and keeps about 40 bytes for each
//          matching document; documents are read as rows are pulled, best first when asked for.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "document/text_totals.h"
#include "query/planner.h"

namespace nacre::query {

// Keys of the documents that have a word of the query (TEXT_OR), each once, with its score.
class TextSearch final : public Operator {
 public:
  TextSearch(Execution& execution, std::shared_ptr<const TextQuery> query, bool best_first)
      : execution_(execution), query_(std::move(query)), best_first_(best_first) {}

  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "TEXT_OR"; }
  void describe(bson::Builder& to) const override;

 private:
  struct Hit {
    std::size_t id = 0;  // offset in ids_
    std::uint32_t id_size = 0;
    float count = 0;   // weighted, of one word; then of no account
    float length = 0;  // of the document
    double score = 0;
  };
  [[nodiscard]] std::string_view id_of(const Hit& hit) const {
    return std::string_view(ids_).substr(hit.id, hit.id_size);
  }
  [[nodiscard]] Result<> search();
  [[nodiscard]] Result<> read_term(std::string_view term, std::vector<Hit>& hits);
  void weigh(std::vector<Hit>& hits) const;
  void add(std::vector<Hit> hits);

  Execution& execution_;
  std::shared_ptr<const TextQuery> query_;  // shared with the access it came from
  bool best_first_;
  bool searched_ = false;
  document::TextTotals totals_;
  std::string ids_;
  std::vector<Hit> hits_;  // by _id, or a heap with the best in front
  std::size_t at_ = 0;
};

// Those of them that have the phrases and none of what is not wanted (TEXT_MATCH).
class TextMatch final : public Stage {
 public:
  TextMatch(std::unique_ptr<Operator> input, std::shared_ptr<const TextQuery> query)
      : Stage(std::move(input)), query_(std::move(query)) {}

  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "TEXT_MATCH"; }
  void describe(bson::Builder& to) const override;

 private:
  std::shared_ptr<const TextQuery> query_;  // shared with the search below
};

// The operators of an access by text. A null filter takes all.
[[nodiscard]] std::unique_ptr<Operator> open_text(Execution& execution, Access access,
                                                  const match::Filter* filter, Need need);

}  // namespace nacre::query
