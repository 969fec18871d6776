// SortPattern: {a: 1, "b.c": -1}, and the key that orders a document under it.
//
// The key of a document is made of index keys (bson/key_encoder.h), so that memcmp orders documents
// and a sort compares nothing else. An array is placed by its least element ascending and by its
// greatest descending; missing counts as null, an empty array sorts before it. Fields that reach
// one array are placed by one element of it together, as an index on them would. {a: {$meta:
// "textScore"}} orders by the score of the row, the best first; "geoNearDistance" by its distance
// from what the query is near of, the farthest first.
// Errors:  parse: kInvalid with MongoDB's number: 15974 (neither number nor $meta), 15975 (neither
//          1 nor -1), 7472500 (a field twice), 13103 (more than 32 paths), 9, 17312 and 31138 (not
//          a $meta that sorts know), 15998, 16410, 40352 and 40353 (malformed path). append_key:
//          kInvalid 2 for two arrays side by side, 40218 for a distance of a row that has none.
// Threads: immutable once parsed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bson/key_encoder.h"
#include "bson/path.h"
#include "bson/value.h"
#include "text/collator.h"

namespace nacre::query {

struct SortField {
  // kAbsent: of a search, which there is none of: the same for all rows.
  enum class Kind : std::uint8_t { kPath, kTextScore, kDistance, kRandom, kAbsent };

  bson::Path path;  // of $meta: the name it was given
  bson::Direction direction = bson::Direction::kAscending;
  Kind kind = Kind::kPath;
};

class SortPattern {
 public:
  // Strings are in the order of the collator; null: of their bytes.
  [[nodiscard]] static Result<SortPattern> parse(
      const bson::View& spec, std::shared_ptr<const text::Collator> collator = nullptr);

  [[nodiscard]] const std::vector<SortField>& fields() const { return fields_; }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

  // Whether it asks for more than the document: the score of a text query, the distance of a $near.
  [[nodiscard]] bool needs_text_score() const;
  [[nodiscard]] bool needs_distance() const;

  // Appends the document's key. Keys of one pattern order by memcmp as their documents do.
  // `distance`: null when the row has none.
  [[nodiscard]] Result<> append_key(std::string& to, const bson::View& document,
                                    double text_score = 0, const double* distance = nullptr) const;
  [[nodiscard]] Result<std::string> key(const bson::View& document, double text_score = 0) const;

 private:
  [[nodiscard]] Result<> append_least_entry(std::string& to, const bson::View& document) const;

  std::vector<SortField> fields_;
  std::shared_ptr<const text::Collator> collator_;  // shared with the query it is of
};

}  // namespace nacre::query
