// SortPattern: {a: 1, "b.c": -1}, and the key that orders a document under it.
//
// The key of a document is made of index keys (bson/key_encoder.h), so that memcmp orders documents
// and a sort compares nothing else. An array is placed by its least element ascending and by its
// greatest descending; missing counts as null, an empty array sorts before it. Fields that reach
// one array are placed by one element of it together, as an index on them would. Errors:  parse:
// kInvalid with MongoDB's number: 15974 (neither number nor $meta), 15975 (neither
// 1
//          nor -1), 15998, 16410; kUnsupported 238 for $meta and $natural. append_key: kInvalid 2
//          for two arrays side by side.
// Threads: immutable once parsed.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bson/key_encoder.h"
#include "bson/path.h"
#include "bson/value.h"

namespace nacre::query {

struct SortField {
  bson::Path path;
  bson::Direction direction = bson::Direction::kAscending;
};

class SortPattern {
 public:
  [[nodiscard]] static Result<SortPattern> parse(const bson::View& spec);

  [[nodiscard]] const std::vector<SortField>& fields() const { return fields_; }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

  // Appends the document's key. Keys of one pattern order by memcmp as their documents do.
  [[nodiscard]] Result<> append_key(std::string& to, const bson::View& document) const;
  [[nodiscard]] Result<std::string> key(const bson::View& document) const;

 private:
  [[nodiscard]] Result<> append_least_entry(std::string& to, const bson::View& document) const;

  std::vector<SortField> fields_;
};

}  // namespace nacre::query
