// How the parts of an entry are put together, by whichever kind of index.
//
// Format:  docs/format/documents.md, "Index entries".
// Threads: plain values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/key_encoder.h"
#include "document/index_keys.h"

namespace nacre::document {

// What the value of an entry says: where the _id is, then what only this kind of index knows.
struct EntryValue {
  Bytes id_key;
  std::string_view rest;
};
[[nodiscard]] Result<EntryValue> decode_entry_value(Bytes key, Bytes value);

// The encoding of an entry's fields, one after another, before the document's key goes behind it.
struct EntryFields {
  std::string key;
  std::string rest;  // of the value
};

// Ends an entry: `fields.key`, then (unless it has bare keys) `id_key`, shortened when that is too
// long. `shortened` is set when the fields alone are.
[[nodiscard]] IndexEntry finish_entry(const IndexInfo& index, EntryFields fields, Bytes id_key,
                                      bool& shortened);

[[nodiscard]] Result<> wildcard_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                                        IndexEntries& entries);
[[nodiscard]] Result<> text_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                                    IndexEntries& entries);

// 2dsphere and 2d.
[[nodiscard]] Result<> geo_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                                   IndexEntries& entries);
// As values_of_entry; the places are shown as their cells.
[[nodiscard]] bson::Document values_of_geo_entry(const IndexInfo& index, bson::View document,
                                                 Bytes id_key, Bytes entry_key);

inline bson::Direction direction_of(const IndexField& field) {
  return field.descending ? bson::Direction::kDescending : bson::Direction::kAscending;
}

}  // namespace nacre::document
