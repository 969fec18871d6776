// Index specifications from anywhere: what is accepted describes itself so that it is understood
// again, and entries of documents under it are found to belong to them.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/codec.h"
#include "bson/validate.h"
#include "document/index_keys.h"
#include "document/index_spec.h"

// The input is a specification, then a document.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nacre;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  if (size < 5) return 0;
  const std::size_t first = load_le<std::uint32_t>(bytes.data());
  if (first > size) return 0;
  const auto specification = bson::validate(bytes.first(first));
  if (!specification) return 0;
  const auto spec = document::parse_index_spec(*specification);
  if (!spec) return 0;
  const bson::Document described = document::describe(*spec);
  const auto again = document::parse_index_spec(described);
  NACRE_CHECK(again.has_value(), "what is written is understood");
  NACRE_CHECK(document::same_index(*spec, *again), "and means the same");
  const auto document = bson::validate(bytes.subspan(first));
  if (!document) return 0;
  document::IndexInfo index;
  index.fields = spec->fields;
  index.unique = spec->unique;
  index.multikey.resize(index.fields.size());
  index.options = spec->options;
  const std::string key = document::id_key(bson::Value(7).element());
  document::IndexEntries entries;
  if (!document::index_entries(index, *document, as_bytes(key), entries)) return 0;
  for (const document::IndexEntry& entry : entries.entries) {
    NACRE_CHECK(entry.key.size() <= txn::kKeySizeMax, "every entry fits");
    const auto owner = document::id_key_of_entry(as_bytes(entry.key), as_bytes(entry.value));
    NACRE_CHECK(owner && as_text(*owner) == key, "an entry names its document");
  }
  return 0;
}
