// From a document to its entries in an index, and what an entry says.
//
// An array on the path of a field gives one entry for each element (multikey); fields that reach
//   one array go through it together. Missing counts as null, an empty array as undefined. A
//   hashed field gives the hash of its value; a wildcard one entry for each path and value, with
//   the values of the fields beside it, or one that says that there are none; a text index one for
//   each word, and one that tells how long the document is; a geo index one for each cell of its
//   places with each value of the fields beside, and none for a document without a place.
// Format:  docs/format/documents.md, "Index entries".
// Errors:  kInvalid 171 (CannotIndexParallelArrays), 16766 (an array in a hashed field), 16675 (an
//          array beside a text field), 7246301 (an array beside a wildcard), 17261 and 17262 (the
//          document's language), 16755 and 16756 (no place in a 2dsphere field), 16804, 13068,
//          13026 and 13027 (no point of the grid in a 2d field). A long value is never an error:
//          its key is shortened (bson/key_encoder.h).
// Cost:    a walk over the document for each field, a string or two for each entry.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
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
  auto operator<=>(const IndexEntry&) const = default;
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
// The same from the end of the key alone, as nearly all entries allow; nothing where they do not.
[[nodiscard]] inline std::optional<Bytes> id_key_at_end(Bytes key_end, Bytes value) {
  const std::size_t size = value.empty() ? 0 : std::to_integer<std::size_t>(value.front());
  if (size == 0 || size >= 0x80 || size > key_end.size()) return std::nullopt;
  return key_end.last(size);
}

// The values of the fields, each named by its path; what was missing is left out. Requires an index
// of ordered fields, without collation, none of whose entries is shortened.
[[nodiscard]] Result<bson::Document> document_of_entry(const IndexInfo& index, Bytes key,
                                                       Bytes value);

// The key of the document of that _id in its collection.
[[nodiscard]] std::string id_key(const bson::Element& id);

// The position of the wildcard among the fields of an index; their number when there is none.
[[nodiscard]] std::size_t wildcard_position(const std::vector<IndexField>& fields);
// Whether a wildcard index has entries for the values at `path`.
[[nodiscard]] bool wildcard_takes(const IndexInfo& index, std::string_view path);

// What a 2dsphere or 2d field stores in place of a value; ordered as the cells are.
void append_cell_key(std::string& to, std::int64_t cell);

// What a hashed field stores in place of a value. Equal values, whatever their types, have one.
[[nodiscard]] std::int64_t hashed_value(const bson::Element& value, const text::Collator* collator);

}  // namespace nacre::document
