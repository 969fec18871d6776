// From a document to its entries in an index, and what an entry says.
//
// An array on the path of a field gives one entry for each element (multikey); fields that reach
//   one array go through it together. Missing counts as null, an empty array as undefined.
// Format:  docs/format/documents.md, "Index entries".
// Errors:  kInvalid 171 (CannotIndexParallelArrays). A long value is never an error: its key is
//          shortened (bson/key_encoder.h).
// Cost:    a walk over the document for each field, a string or two for each entry.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bson/value.h"
#include "document/catalog.h"

namespace nacre::document {

struct IndexEntry {
  std::string key;
  std::string value;
  bool operator==(const IndexEntry&) const = default;
};

struct IndexEntries {
  std::vector<IndexEntry> entries;  // ascending by key, no duplicates
  EntryTraits traits;
};

// Replaces what `entries` holds. `id_key` is the document's key in its collection.
[[nodiscard]] Result<> index_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                                     IndexEntries& entries);

// The values that make up the entry of that key: {a: 1, b: "x"}. Empty when the document has no
// such entry. For error texts.
[[nodiscard]] bson::Document values_of_entry(const IndexInfo& index, bson::View document,
                                             Bytes id_key, Bytes entry_key);

// The key in the collection of the document that an entry belongs to; looks into `key` and `value`.
[[nodiscard]] Result<Bytes> id_key_of_entry(Bytes key, Bytes value);

// The key of the document of that _id in its collection.
[[nodiscard]] std::string id_key(const bson::Element& id);

}  // namespace nacre::document
