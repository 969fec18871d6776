#include "document/index_keys.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "document/index_entry_internal.h"
#include "document/index_expansion_internal.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kHashedArray = 16766;

bson::Element value_in_key(const Walk& walk) { return walk.at ? walk.at : null_element(); }

EntryFields encode_fields(const IndexInfo& index, const std::vector<Walk>& walks) {
  EntryFields fields;
  std::string type_bits;
  std::uint64_t missing = 0;
  const text::Collator* collator = index.options.collator.get();
  for (std::size_t i = 0; i < walks.size(); ++i) {
    const bson::Element value = value_in_key(walks[i]);
    const bson::Direction direction = direction_of(index.fields[i]);
    if (index.fields[i].kind == FieldKind::kHashed) {
      const bson::Value hash(hashed_value(value, collator));
      bson::append_key(fields.key, hash.element(), direction);
    } else {
      bson::append_key(fields.key, value, direction, &type_bits, collator);
      if (!walks[i].at) missing |= std::uint64_t{1} << i;
    }
  }
  type_bits.resize(type_bits.find_last_not_of('\0') + 1);
  if (missing == 0 && type_bits.empty()) return fields;
  append_varint(fields.rest, missing);
  fields.rest += type_bits;
  return fields;
}

// Kinds whose entries are the combinations of the fields' values.
Result<> ordered_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                         IndexEntries& entries) {
  bool hashes_array = false;
  const auto emit = [&](const std::vector<Walk>& walks) {
    const bool all_missing =
        std::ranges::none_of(walks, [](const Walk& walk) { return !!walk.at; });
    if (index.sparse && all_missing) return;
    entries.entries.push_back(
        finish_entry(index, encode_fields(index, walks), id_key, entries.traits.shortened));
  };
  NACRE_TRY(expand_fields(index.fields, document, entries.traits.multikey, emit));
  for (std::size_t i = 0; i < index.fields.size(); ++i) {
    hashes_array =
        hashes_array || (index.fields[i].kind == FieldKind::kHashed && entries.traits.multikey[i]);
  }
  if (hashes_array) {
    return fail(Code::kInvalid, kHashedArray,
                "hashed indexes do not currently support array values");
  }
  return {};
}

}  // namespace

Result<> index_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                       IndexEntries& entries) {
  entries.entries.clear();
  entries.traits.multikey.assign(index.fields.size(), false);
  entries.traits.shortened = false;
  if (index.options.partial != nullptr) {
    const bool inside = NACRE_TRY(index.options.partial->matches(document));
    if (!inside) return {};
  }
  if (index.options.text != nullptr) {
    NACRE_TRY(text_entries(index, document, id_key, entries));
  } else if (index.options.geo != nullptr) {
    NACRE_TRY(geo_entries(index, document, id_key, entries));
  } else if (index.has(FieldKind::kWildcard)) {
    NACRE_TRY(wildcard_entries(index, document, id_key, entries));
  } else {
    NACRE_TRY(ordered_entries(index, document, id_key, entries));
  }
  // Of equal keys (1 and 1.0 in one array) always the same one stays.
  std::ranges::sort(entries.entries);
  const auto repeated = std::ranges::unique(entries.entries, {}, &IndexEntry::key);
  entries.entries.erase(repeated.begin(), repeated.end());
  return {};
}

IndexEntry finish_entry(const IndexInfo& index, EntryFields fields, Bytes id_key, bool& shortened) {
  IndexEntry entry{.key = std::move(fields.key), .value = {}};
  shortened = shortened || bson::is_widened(entry.key);
  const bool bare = index.has_bare_keys();
  if (!bare) append_bytes(entry.key, id_key);
  const bool whole = !bson::is_widened(entry.key);
  if (!whole) entry.key = bson::shortened_key(std::move(entry.key));
  if (whole && !bare) {
    append_varint(entry.value, id_key.size());
  } else {
    append_varint(entry.value, 0);
    append_varint(entry.value, id_key.size());
    append_bytes(entry.value, id_key);
  }
  entry.value += fields.rest;
  return entry;
}

bson::Document values_of_entry(const IndexInfo& index, bson::View document, Bytes id_key,
                               Bytes entry_key) {
  if (index.options.geo != nullptr) return values_of_geo_entry(index, document, id_key, entry_key);
  std::optional<bson::Document> found;
  bool shortened = false;
  std::vector<bool> multikey(index.fields.size());
  const auto emit = [&](const std::vector<Walk>& walks) {
    if (found) return;
    const IndexEntry entry = finish_entry(index, encode_fields(index, walks), id_key, shortened);
    if (as_text(entry_key) != entry.key) return;
    bson::Builder builder;
    for (std::size_t i = 0; i < walks.size(); ++i) {
      builder.append(index.fields[i].path, value_in_key(walks[i]));
    }
    found = builder.finish();
  };
  const auto done = expand_fields(index.fields, document, multikey, emit);
  if (!done || !found) return {};
  return *std::move(found);
}

Result<EntryValue> decode_entry_value(Bytes key, Bytes value) {
  Decoder in(value);
  const auto inside = in.varint();
  if (inside && *inside > 0 && *inside <= key.size()) {
    return EntryValue{.id_key = key.last(static_cast<std::size_t>(*inside)),
                      .rest = as_text(in.rest())};
  }
  const auto size = inside && *inside == 0 ? in.varint() : std::nullopt;
  if (!size || *size == 0 || *size > in.rest().size()) {
    return fail(Code::kCorrupt, "index entry: the document it belongs to is not named");
  }
  const Bytes rest = in.rest();
  return EntryValue{.id_key = rest.first(static_cast<std::size_t>(*size)),
                    .rest = as_text(rest.subspan(static_cast<std::size_t>(*size)))};
}

Result<Bytes> id_key_of_entry(Bytes key, Bytes value) {
  return NACRE_TRY(decode_entry_value(key, value)).id_key;
}

Result<bson::Document> document_of_entry(const IndexInfo& index, Bytes key, Bytes value) {
  const EntryValue decoded = NACRE_TRY(decode_entry_value(key, value));
  std::uint64_t missing = 0;
  Bytes type_bits;
  if (!decoded.rest.empty()) {
    Decoder in(as_bytes(decoded.rest));
    missing = in.varint().value_or(0);
    type_bits = in.rest();
  }
  std::vector<bson::Direction> directions;
  directions.reserve(index.fields.size());
  for (const IndexField& field : index.fields) directions.push_back(direction_of(field));
  const bson::Document values = NACRE_TRY(bson::decode_key(key, type_bits, directions));
  bson::Builder builder;
  std::size_t i = 0;
  for (const bson::Element& element : values.view()) {
    if ((missing >> i & 1) == 0) builder.append(index.fields[i].path, element);
    ++i;
  }
  return builder.finish();
}

std::string id_key(const bson::Element& id) { return bson::encode_key(id).bytes; }

std::int64_t hashed_value(const bson::Element& value, const text::Collator* collator) {
  std::string key;
  bson::append_key(key, value, bson::Direction::kAscending, nullptr, collator);
  return static_cast<std::int64_t>(bson::stable_hash(key));
}

}  // namespace nacre::document
