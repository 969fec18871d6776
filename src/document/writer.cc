#include "document/writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error_codes.h"
#include "base/planted.h"
#include "base/text.h"
#include "bson/json.h"
#include "bson/key_encoder.h"
#include "document/capped.h"
#include "document/index_text.h"
#include "document/unique_values.h"

namespace nacre::document {
namespace {

using error_codes::kBSONObjectTooLarge;
using error_codes::kDollarPrefixedFieldName;
using error_codes::kDuplicateKey;
using error_codes::kImmutableField;
using error_codes::kInvalidIdField;

// As the shell writes a value: what applications find in the message of a duplicate key.
std::string shell_text(bson::View values) {
  std::string text = "{";
  for (const bson::Element& value : values) {
    text.append(text.size() > 1 ? ", " : " ").append(value.name()).append(": ");
    if (value.is(bson::Type::kObjectId)) {
      text.append("ObjectId('").append(bson::to_hex(value.object_id())).append("')");
    } else {
      text.append(bson::to_json(value, bson::JsonForm::kRelaxed));
    }
  }
  return text.append(" }");
}

Result<> remove_entry(txn::Transaction& rows, const IndexInfo& index, const IndexEntry& entry) {
  const Bytes key = as_bytes(entry.key);
  if (index.has_bare_keys() && index.state == IndexState::kBuilding) {
    // Two documents of one value may still be there; the entry may be the other one's. It has to
    // stay so until we are committed: when the other one goes, the build gives it to ours.
    const auto there = NACRE_TRY(rows.get(index.table, key));
    const bool is_of_another = there && *there != entry.value;
    if (is_of_another && NACRE_PLANTED(entry_of_another_not_required)) return {};
    if (is_of_another) return rows.require_unchanged(index.table, key);
  }
  if (NACRE_PLANTED(index_entry_not_removed)) return {};
  return rows.remove(index.table, key);
}

void difference(std::vector<IndexEntry>& from, std::vector<IndexEntry>& without,
                std::vector<IndexEntry>& to) {
  to.clear();
  // By key and value: 1 that becomes 1.0 keeps its key, but the entry tells the type.
  std::ranges::set_difference(from, without, std::back_inserter(to));
}

}  // namespace

Writer::Writer(Database& database, Transaction& transaction, const CollectionInfo& collection)
    : database_(database),
      transaction_(transaction),
      collection_(&collection),
      changes_(collection.indexes.size()) {}

Result<> Writer::insert(bson::View document) {
  NACRE_TRY(check_size(document));
  NACRE_TRY(validate(document, nullptr));
  const std::string key = NACRE_TRY(key_for(document));
  NACRE_TRY(compare(as_bytes(key), nullptr, &document));
  const Time now = database_.now();
  encode({.version = 1, .created = now, .updated = now}, document, row_);
  NACRE_TRY(transaction_.rows().put(collection_->table, as_bytes(key), as_bytes(row_)));
  if (bson::is_widened(key) && !collection_->shortened_ids) {
    NACRE_TRY(transaction_.mark_shortened_ids(collection_->name));
    collection_ = transaction_.catalog().find(collection_->name);
  }
  NACRE_TRY(apply_index_changes());
  if (!collection_->order) return {};
  return keep_in_order(as_bytes(key), document);
}

Result<std::string> Writer::key_for(bson::View document) {
  if (collection_->settings.series) return collection_->settings.series->new_key(document);
  const bson::Element id = document.find("_id");
  std::string key = id_key(id);
  const auto there = NACRE_TRY(transaction_.rows().get(collection_->table, as_bytes(key)));
  if (!there) return key;
  const bson::Document pattern = bson::Builder().append("_id", 1).finish();
  const bson::Document values = bson::Builder().append(id).finish();
  return std::unexpected(
      duplicate_key(database_.name(), collection_->name, kIdIndexName, pattern, values));
}

Result<> Writer::keep_in_order(Bytes id_key, bson::View document) {
  CappedOrder order(transaction_.rows(), *collection_->order);
  CappedTotals totals = NACRE_TRY(order.append(id_key, document.bytes().size()));
  while (totals.exceeds(*collection_->settings.capped)) {
    const auto oldest = NACRE_TRY(order.oldest());
    if (!oldest) break;
    const auto row = NACRE_TRY(transaction_.rows().get(collection_->table, as_bytes(*oldest)));
    if (!row) return fail(Code::kCorrupt, "the order of a capped collection names no document");
    NACRE_TRY(remove(as_bytes(*oldest), as_bytes(*row)));
    totals = NACRE_TRY(order.totals());
  }
  return {};
}

Result<bool> Writer::replace(Bytes id_key, Bytes row, bson::View document, bool is_replacement) {
  const StoredDocument before = NACRE_TRY(decode(row));
  if (equal(before.bson.bytes(), document.bytes())) return false;
  NACRE_TRY(check_size(document));
  const bson::Element id = before.bson.find("_id");
  const bson::Element new_id = document.find("_id");
  if (!new_id || !equal(id.value_bytes(), new_id.value_bytes()) || id.type() != new_id.type()) {
    return fail(Code::kInvalid, kImmutableField,
                "Performing an update on the path '_id' would modify the immutable field '_id'");
  }
  if (collection_->settings.series) {
    NACRE_TRY(collection_->settings.series->check_change(before.bson, document));
  }
  NACRE_TRY(validate(document, &before.bson));
  NACRE_TRY(compare(id_key, &before.bson, &document));
  encode({.version = before.envelope.version + 1,
          .created = before.envelope.created,
          .updated = database_.now(),
          .is_replacement = is_replacement},
         document, row_);
  NACRE_TRY(transaction_.rows().put(collection_->table, id_key, as_bytes(row_)));
  NACRE_TRY(apply_index_changes());
  if (collection_->order) {
    NACRE_TRY(CappedOrder(transaction_.rows(), *collection_->order)
                  .resize(before.bson.bytes().size(), document.bytes().size()));
  }
  return true;
}

Result<> Writer::remove(Bytes id_key, Bytes row) {
  const StoredDocument before = NACRE_TRY(decode(row));
  NACRE_TRY(compare(id_key, &before.bson, nullptr));
  NACRE_TRY(transaction_.rows().remove(collection_->table, id_key));
  NACRE_TRY(apply_index_changes());
  if (!collection_->order) return {};
  return CappedOrder(transaction_.rows(), *collection_->order)
      .remove(id_key, before.bson.bytes().size());
}

Result<> Writer::validate(bson::View document, const bson::View* before) const {
  const Validator* validator = collection_->settings.validator.get();
  if (!validates_ || validator == nullptr) return {};
  return validator->check(document, before);
}

Result<> Writer::check_size(bson::View document) {
  const std::size_t size = document.bytes().size();
  if (size <= bson::kDocumentBytesMax) return {};
  return fail(Code::kInvalid, kBSONObjectTooLarge,
              format("object to insert too large. size in bytes: {}, max size: {}", size,
                     bson::kDocumentBytesMax));
}

Result<> Writer::compare(Bytes id_key, const bson::View* before, const bson::View* after) {
  const std::vector<IndexInfo>& indexes = collection_->indexes;
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    IndexChange& change = changes_[i];
    before_.entries.clear();
    after_.entries.clear();
    change.traits = {};
    change.claims.clear();
    if (NACRE_PLANTED(building_index_not_written) && indexes[i].state == IndexState::kBuilding) {
      change.removed.clear();
      change.added.clear();
      continue;
    }
    if (before != nullptr) NACRE_TRY(index_entries(indexes[i], *before, id_key, before_));
    if (after != nullptr) {
      NACRE_TRY(index_entries(indexes[i], *after, id_key, after_));
      change.traits = after_.traits;
    }
    difference(before_.entries, after_.entries, change.removed);
    difference(after_.entries, before_.entries, change.added);
    if (after == nullptr) continue;
    if (indexes[i].has_bare_keys()) NACRE_TRY(check_unique(indexes[i], change, id_key, *after));
    if (indexes[i].is_unique_by_scan()) {
      UniqueValues values(transaction_.rows(), *collection_, indexes[i]);
      change.claims = NACRE_TRY(values.claims_of(
          {.added = change.added, .before = before, .after = *after, .id_key = id_key}));
      NACRE_TRY(check_claims(indexes[i], change, id_key, *after));
    }
  }
  return {};
}

Result<> Writer::check_unique(const IndexInfo& index, const IndexChange& change, Bytes id_key,
                              bson::View document) {
  for (const IndexEntry& entry : change.added) {
    const auto there = NACRE_TRY(transaction_.rows().get(index.table, as_bytes(entry.key)));
    if (!there || NACRE_PLANTED(unique_index_not_checked)) continue;
    // The document's own entry is there when an index build was ahead of us, or with another type.
    const Bytes owner = NACRE_TRY(id_key_of_entry(as_bytes(entry.key), as_bytes(*there)));
    if (equal(owner, id_key)) continue;
    return std::unexpected(duplicate(index, document, id_key, as_bytes(entry.key)));
  }
  return {};
}

Result<> Writer::check_claims(const IndexInfo& index, const IndexChange& change, Bytes id_key,
                              bson::View document) {
  const UniqueValues values(transaction_.rows(), *collection_, index);
  for (const std::string& claim : change.claims) {
    const bool is_taken = NACRE_TRY(values.is_taken(claim, id_key));
    if (!is_taken) continue;
    return std::unexpected(duplicate(with_bare_keys(index), document, id_key, as_bytes(claim)));
  }
  return {};
}

Error Writer::duplicate(const IndexInfo& index, bson::View document, Bytes id_key,
                        Bytes entry_key) const {
  const bson::Element pattern = index.specification.find("key");
  const bson::Document values = values_of_entry(index, document, id_key, entry_key);
  return duplicate_key(database_.name(), collection_->name, index.name, pattern.document(), values);
}

Result<> Writer::apply_index_changes() {
  txn::Transaction& rows = transaction_.rows();
  bool marked = false;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const IndexInfo& index = collection_->indexes[i];
    const IndexChange& change = changes_[i];
    for (const IndexEntry& entry : change.removed) NACRE_TRY(remove_entry(rows, index, entry));
    // Never there: two writers of one value meet at it.
    for (const std::string& claim : change.claims) {
      NACRE_TRY(rows.remove(index.table, as_bytes(claim)));
    }
    for (const IndexEntry& entry : change.added) {
      NACRE_TRY(rows.put(index.table, as_bytes(entry.key), as_bytes(entry.value)));
    }
    if (index.options.text != nullptr) NACRE_TRY(count_text(index, change));
    const bool is_new = NACRE_TRY(transaction_.mark_index(collection_->name, index, change.traits));
    marked = marked || is_new;
  }
  if (marked) collection_ = transaction_.catalog().find(collection_->name);
  return {};
}

Result<> Writer::count_text(const IndexInfo& index, const IndexChange& change) {
  const auto count = [&](const std::vector<IndexEntry>& entries, std::int64_t sign) -> Result<> {
    for (const IndexEntry& entry : entries) {
      if (!entry.key.starts_with(kTextLengthPrefix)) continue;
      const TextPosting posting =
          NACRE_TRY(decode_posting(as_bytes(entry.key), as_bytes(entry.value)));
      transaction_.count_text(
          index.table,
          {.documents = sign, .words = sign * static_cast<std::int64_t>(posting.length)});
    }
    return {};
  };
  NACRE_TRY(count(change.removed, -1));
  return count(change.added, 1);
}

namespace {

// Unlike elsewhere in a document, no name may begin with a dollar sign, but for those of
// references. NOLINTNEXTLINE(misc-no-recursion): as deep as documents nest
Result<> check_names_in_id(bson::View id) {
  for (const bson::Element& field : id) {
    const std::string_view name = field.name();
    if (name.starts_with('$') && name != "$ref" && name != "$id" && name != "$db") {
      return fail(Code::kInvalid, kDollarPrefixedFieldName,
                  format("_id fields may not contain '$'-prefixed fields: {} is not valid for "
                         "storage.",
                         name));
    }
    if (field.is(bson::Type::kDocument)) NACRE_TRY(check_names_in_id(field.document()));
  }
  return {};
}

}  // namespace

Result<> check_id(const bson::Element& id) {
  const bson::Type type = id.type();
  if (type == bson::Type::kArray || type == bson::Type::kRegex || type == bson::Type::kUndefined) {
    return fail(Code::kInvalid, kInvalidIdField,
                format("The '_id' value cannot be of type {}", bson::name(type)));
  }
  if (type == bson::Type::kDocument) return check_names_in_id(id.document());
  return {};
}

Result<bson::View> with_id_first(bson::View document, bson::Document& holder) {
  const auto first = document.begin();
  if (first != document.end() && first->name() == "_id") {
    NACRE_TRY(check_id(*first));
    return document;
  }
  const bson::Element id = document.find("_id");
  NACRE_TRY(check_id(id));
  bson::Builder builder;
  if (id) {
    builder.append(id);
  } else {
    builder.append("_id", bson::new_object_id());
  }
  for (const bson::Element& element : document) {
    if (element.name() != "_id") builder.append(element);
  }
  holder = builder.finish();
  return holder.view();
}

Error duplicate_key(std::string_view database, std::string_view collection, std::string_view index,
                    bson::View pattern, bson::View values) {
  bson::Document details =
      bson::Builder().append("keyPattern", pattern).append("keyValue", values).finish();
  return Error(Code::kExists, format("E11000 duplicate key error collection: {}.{} index: {} dup "
                                     "key: {}",
                                     database, collection, index, shell_text(values)))
      .with_number(kDuplicateKey)
      .with_details(std::move(details).release());
}

}  // namespace nacre::document
