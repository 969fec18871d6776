#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/codec.h"
#include "base/error_codes.h"
#include "base/planted.h"
#include "base/text.h"
#include "document/database.h"
#include "document/database_internal.h"
#include "document/unique_values.h"
#include "io/random.h"

namespace nacre::document {
namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kIndexesMax = 63;  // beside that on _id
using error_codes::kCannotCreateIndex;

Result<> check_name(std::string_view name) {
  const bool bad = name.empty() || name.size() > kNameBytesMax || name.starts_with('.') ||
                   name.ends_with('.') || name.contains('$') || name.contains('\0') ||
                   name.starts_with("system.");
  if (bad) {
    return fail(Code::kInvalid, kInvalidNamespace, format("Invalid collection name: '{}'", name));
  }
  return {};
}

// Version 4: random.
Uuid new_uuid() {
  Uuid uuid;
  store_le(uuid.data(), io::system_random());
  store_le(uuid.data() + 8, io::system_random());
  uuid[6] = (uuid[6] & std::byte{0x0f}) | std::byte{0x40};
  uuid[8] = (uuid[8] & std::byte{0x3f}) | std::byte{0x80};
  return uuid;
}

std::unexpected<Error> exists(std::int32_t number, std::string text) {
  return fail(Code::kExists, number, std::move(text));
}

// False: it is there already. What tells two indexes of one key pattern apart is same_index().
Result<bool> check_new_index(const CollectionInfo& collection, const IndexSpec& spec) {
  if (collection.indexes.size() >= kIndexesMax) {
    return fail(
        Code::kInvalid, kCannotCreateIndex,
        format("add index fails, too many indexes for {} key: {}", collection.name, spec.name));
  }
  if (spec.name == kIdIndexName) {
    return exists(kIndexKeySpecsConflict, "The index name _id_ is that of _id");
  }
  for (const IndexInfo& index : collection.indexes) {
    const IndexSpec there = NACRE_TRY(parse_index_spec(index.specification));
    const bool same = same_index(there, spec);
    const bool same_name = index.name == spec.name;
    if (same_name && !same) {
      return exists(kIndexKeySpecsConflict,
                    format("An existing index has the same name as the requested index but another "
                           "key or options: {}",
                           spec.name));
    }
    if (same && !same_options(there, spec)) {
      return exists(
          kIndexOptionsConflict,
          format("An equivalent index already exists with other options: {}", index.name));
    }
    if (same && spec.options.prepares_unique && !there.options.prepares_unique) {
      return exists(
          kIndexOptionsConflict,
          format("The index {} is there without prepareUnique: collMod changes that", index.name));
    }
    if (same && !same_name) {
      return exists(kIndexOptionsConflict,
                    format("Index already exists with a different name: {}", index.name));
    }
    if (same) return false;
    if (index.options.text != nullptr && spec.options.text != nullptr) {
      return fail(Code::kInvalid, kCannotCreateIndex,
                  format("only one text index per collection allowed, found existing text index "
                         "\"{}\"",
                         index.name));
    }
  }
  return true;
}

// The index that keeps apart what the collation takes for one _id.
IndexInfo id_index(const CollectionOptions& settings, TableId table) {
  IndexSpec spec;
  spec.name = kIdIndexName;
  spec.fields = {{.path = "_id"}};
  spec.key = bson::Builder().append("_id", 1).finish();
  spec.options.collator = settings.collator;
  return {.name = spec.name,
          .fields = spec.fields,
          .unique = true,
          .table = table,
          .multikey = {false},
          .specification = describe(spec),
          .options = {.collator = settings.collator,
                      .collation_tables = text::collation_tables_version()}};
}

IndexInfo index_of(const IndexSpec& spec, TableId table, IndexState state) {
  IndexOptions options = spec.options;
  if (options.collator != nullptr) options.collation_tables = text::collation_tables_version();
  return {.name = spec.name,
          .fields = spec.fields,
          .unique = spec.unique,
          .sparse = spec.sparse,
          .table = table,
          .state = state,
          .multikey = std::vector<bool>(spec.fields.size()),
          .specification = describe(spec),
          .options = std::move(options)};
}

// As with MongoDB: what a time series is asked for most, one source's measurements in the order of
// time, has an index from the beginning.
Result<IndexInfo> index_on_meta(const CollectionOptions& settings, TableId table) {
  bson::Builder specification;
  specification.begin_document("key").append(settings.series->meta_field(), 1);
  specification.append(settings.series->time_field(), 1).end();
  const bson::Document described = specification.finish();
  IndexSpec spec = NACRE_TRY(parse_index_spec(described));
  spec.options.collator = settings.collator;
  return index_of(spec, table, IndexState::kReady);
}

// One measurement is not told from another by its fields, and lives as long as all of its time.
Result<> check_index_of_series(const IndexSpec& spec) {
  if (spec.unique || spec.options.prepares_unique) {
    return fail(Code::kInvalid, kInvalidOptions,
                "Unique indexes are not supported on time-series collections");
  }
  if (spec.options.expire_after_seconds) {
    return fail(Code::kInvalid, kInvalidOptions,
                "TTL indexes are not supported on time-series collections: expireAfterSeconds is "
                "an option of the collection");
  }
  return {};
}

std::unexpected<Error> no_collection(std::string_view name) {
  return fail(Code::kNotFound, kNamespaceNotFound, format("ns not found: collection {}", name));
}

}  // namespace

Transaction::Transaction(Database* database, txn::Transaction rows,
                         std::shared_ptr<const Catalog> catalog)
    : database_(database), rows_(std::move(rows)), catalog_(std::move(catalog)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Result<const CollectionInfo*> Transaction::find_for_write(std::string_view collection) {
  const CollectionInfo* info = catalog_->find(collection);
  if (info == nullptr) return info;
  if (info->settings.is_view) {
    return fail(
        Code::kInvalid, kCommandNotSupportedOnView,
        format("Namespace {}.{} is a view, not a collection", database_->name(), collection));
  }
  NACRE_TRY(require_row(collection));
  return info;
}

Result<> Transaction::require_row(std::string_view collection) {
  if (NACRE_PLANTED(catalog_row_not_required)) return {};
  if (std::ranges::find(required_, collection) == required_.end()) {
    NACRE_TRY(rows_.require_unchanged(kCatalogTable, as_bytes(catalog_key(collection))));
    required_.emplace_back(collection);
  }
  return {};
}

Result<const CollectionInfo*> Transaction::require_for_write(std::string_view collection) {
  const CollectionInfo* info = NACRE_TRY(find_for_write(collection));
  if (info == nullptr) return no_collection(collection);
  return info;
}

Result<const CollectionInfo*> Transaction::open_for_write(std::string_view collection) {
  const CollectionInfo* info = NACRE_TRY(find_for_write(collection));
  if (info != nullptr) return info;
  NACRE_TRY(create_collection(collection, {}));
  return catalog_->find(collection);
}

Result<> Transaction::create_collection(std::string_view collection, bson::View options) {
  NACRE_TRY(check_name(collection));
  CollectionOptions settings = NACRE_TRY(CollectionOptions::parse(options));
  if (catalog_->find(collection) != nullptr) {
    return fail(Code::kExists, kNamespaceExists,
                format("Collection {}.{} already exists.", database_->name(), collection));
  }
  auto info = std::make_shared<CollectionInfo>();
  info->name = collection;
  info->uuid = new_uuid();
  info->options = normal_options(options);
  info->settings = std::move(settings);
  info->table = new_table();
  if (info->settings.capped) info->order = new_table();
  if (info->settings.series) {
    if (!info->settings.series->meta_field().empty()) {
      info->indexes.push_back(NACRE_TRY(index_on_meta(info->settings, new_table())));
    }
  } else if (info->settings.collator != nullptr && !info->settings.is_view) {
    info->indexes.push_back(id_index(info->settings, new_table()));
  }
  return store(collection, std::move(info));
}

Result<bool> Transaction::drop_collection(std::string_view collection) {
  const CollectionInfo* info = catalog_->find(collection);
  if (info == nullptr) return false;
  NACRE_TRY(require_row(collection));
  NACRE_TRY(rows_.drop_table(info->table));
  if (info->order) NACRE_TRY(rows_.drop_table(*info->order));
  for (const IndexInfo& index : info->indexes) NACRE_TRY(rows_.drop_table(index.table));
  NACRE_TRY(store(collection, nullptr));
  return true;
}

Result<> Transaction::replace_collection(std::string_view source, std::string_view target) {
  const CollectionInfo* info = NACRE_TRY(require_for_write(source));
  auto renamed = std::make_shared<CollectionInfo>(*info);
  renamed->name = target;
  NACRE_TRY(drop_collection(target));
  NACRE_TRY(store(source, nullptr));
  return store(target, std::move(renamed));
}

namespace {

// Who builds an index finds it by the collection's name.
Result<> check_no_build(const CollectionInfo& info) {
  const bool builds = std::ranges::any_of(
      info.indexes, [](const IndexInfo& index) { return index.state == IndexState::kBuilding; });
  if (!builds) return {};
  return fail(Code::kConflict, kBackgroundOperationInProgressForNamespace,
              format("Collection {} has an index that is being built", info.name));
}

}  // namespace

namespace {

// To MongoDB, where it is a view of its buckets.
Result<> check_no_series(const CollectionInfo& info) {
  if (!info.settings.series) return {};
  return fail(Code::kInvalid, kCommandNotSupportedOnView,
              format("{} is a time-series collection: it is not renamed, nor replaced by one that "
                     "is",
                     info.name));
}

}  // namespace

Result<> Transaction::rename_collection(std::string_view from, std::string_view to,
                                        bool drop_target) {
  NACRE_TRY(check_name(to));
  const CollectionInfo* source = NACRE_TRY(find_for_write(from));
  if (source == nullptr) {
    return fail(Code::kNotFound, kNamespaceNotFound,
                format("Source collection {}.{} does not exist", database_->name(), from));
  }
  if (from == to) {
    return fail(Code::kInvalid, kIllegalOperation, "Can't rename a collection to itself");
  }
  NACRE_TRY(check_no_series(*source));
  NACRE_TRY(check_no_build(*source));
  if (catalog_->find(to) != nullptr) {
    if (!drop_target) {
      return fail(Code::kExists, kNamespaceExists, "target namespace exists");
    }
    // A view is not dropped for a collection.
    const CollectionInfo* target = NACRE_TRY(find_for_write(to));
    NACRE_TRY(check_no_series(*target));
    NACRE_TRY(check_no_build(*target));
    NACRE_TRY(drop_collection(to));
  }
  auto renamed = std::make_shared<CollectionInfo>(*source);
  renamed->name = to;
  NACRE_TRY(store(from, nullptr));
  return store(to, std::move(renamed));
}

Result<> Transaction::change_options(std::string_view collection, bson::View options) {
  const CollectionInfo* before = catalog_->find(collection);
  if (before == nullptr) return no_collection(collection);
  NACRE_TRY(require_row(collection));
  CollectionOptions settings = NACRE_TRY(CollectionOptions::parse(options));
  auto info = std::make_shared<CollectionInfo>(*before);
  info->options = normal_options(options);
  info->settings = std::move(settings);
  return store(collection, std::move(info));
}

Result<bool> Transaction::add_index(std::string_view collection, const IndexSpec& asked) {
  const CollectionInfo* before = NACRE_TRY(open_for_write(collection));
  IndexSpec spec = asked;
  const bool is_text = spec.options.text != nullptr;
  NACRE_CHECK(is_text == std::ranges::any_of(spec.fields,
                                             [](const IndexField& field) {
                                               return field.kind == FieldKind::kText;
                                             }),
              "the catalog takes specifications that parse_index_spec made");
  const bool is_grid = spec.fields.front().kind == FieldKind::kGrid;
  if (!spec.names_collation && !is_text && !is_grid) {
    spec.options.collator = before->settings.collator;
  }
  if ((is_text || is_grid) && !spec.names_collation && before->settings.collator != nullptr) {
    return fail(Code::kInvalid, kCannotCreateIndex,
                format("Index type '{}' does not support collation: name {{locale: \"simple\"}}",
                       is_text ? "text" : "2d"));
  }
  const bool is_series = before->settings.series.has_value();
  if (is_series) NACRE_TRY(check_index_of_series(spec));
  const bool on_id = spec.fields.size() == 1 && spec.fields.front() == IndexField{.path = "_id"};
  if (on_id && !is_series) return false;
  const bool is_new = NACRE_TRY(check_new_index(*before, spec));
  if (!is_new) return false;
  auto info = std::make_shared<CollectionInfo>(*before);
  info->indexes.push_back(index_of(spec, new_table(), IndexState::kBuilding));
  NACRE_TRY(store(collection, std::move(info)));
  return true;
}

Result<> Transaction::make_index_ready(std::string_view collection, std::string_view index) {
  const CollectionInfo* before = NACRE_TRY(require_for_write(collection));
  auto info = std::make_shared<CollectionInfo>(*before);
  for (IndexInfo& candidate : info->indexes) {
    if (candidate.name != index) continue;
    candidate.state = IndexState::kReady;
    return store(collection, std::move(info));
  }
  return fail(Code::kNotFound, kIndexNotFound, format("index not found with name [{}]", index));
}

Result<> Transaction::drop_index(std::string_view collection, std::string_view index) {
  const CollectionInfo* before = NACRE_TRY(require_for_write(collection));
  if (index == kIdIndexName && !before->settings.series) {
    return fail(Code::kInvalid, kInvalidOptions, "cannot drop _id index");
  }
  auto info = std::make_shared<CollectionInfo>(*before);
  std::vector<IndexInfo> kept;
  for (IndexInfo& candidate : info->indexes) {
    const bool stays = index == "*" ? candidate.name == kIdIndexName : candidate.name != index;
    if (stays) {
      kept.push_back(std::move(candidate));
      continue;
    }
    NACRE_TRY(rows_.drop_table(candidate.table));
  }
  if (index != "*" && kept.size() == before->indexes.size()) {
    return fail(Code::kNotFound, kIndexNotFound, format("index not found with name [{}]", index));
  }
  info->indexes = std::move(kept);
  return store(collection, std::move(info));
}

Result<bool> Transaction::mark_index(std::string_view collection, const IndexInfo& index,
                                     const EntryTraits& traits) {
  bool is_new = traits.shortened && !index.shortened;
  for (std::size_t i = 0; i < traits.multikey.size(); ++i) {
    is_new = is_new || (traits.multikey[i] && !index.multikey[i]);
  }
  if (!is_new || NACRE_PLANTED(multikey_not_marked)) return false;
  const CollectionInfo* before = NACRE_TRY(require_for_write(collection));
  auto info = std::make_shared<CollectionInfo>(*before);
  for (IndexInfo& candidate : info->indexes) {
    if (candidate.name != index.name) continue;
    candidate.shortened = candidate.shortened || traits.shortened;
    for (std::size_t i = 0; i < traits.multikey.size(); ++i) {
      if (traits.multikey[i]) candidate.multikey[i] = true;
    }
  }
  NACRE_TRY(store(collection, std::move(info)));
  return true;
}

namespace {

// TTL: one field, of its values or their hashes.
Result<> check_takes_life(const IndexInfo& index) {
  const bool one_field =
      index.fields.size() == 1 && (index.fields.front().kind == FieldKind::kOrdered ||
                                   index.fields.front().kind == FieldKind::kHashed);
  if (one_field) return {};
  return fail(
      Code::kInvalid, kInvalidOptions,
      format("TTL indexes are single-field indexes, index {} does not support TTL", index.name));
}

}  // namespace

namespace {

Result<> check_id_index_change(const Transaction::IndexChange& change) {
  using error_codes::kBadValue;
  if (change.hidden) return fail(Code::kInvalid, kBadValue, "can't hide _id index");
  if (!change.expire_after_seconds) return {};  // it is unique
  return fail(Code::kInvalid, kInvalidOptions, "the index on _id does not support TTL");
}

Result<> check_prepares_unique(const CollectionInfo& collection, const IndexInfo& index) {
  const bool can_be_unique = std::ranges::all_of(
      index.fields, [](const IndexField& field) { return field.kind == FieldKind::kOrdered; });
  if (can_be_unique && !collection.settings.series) return {};
  return fail(Code::kInvalid, kInvalidOptions,
              format("index {} of {} cannot become unique", index.name, collection.name));
}

// The index becomes unique without being built again: its entries stay as they are.
Result<> make_unique(txn::Transaction& rows, const CollectionInfo& collection, IndexInfo& index) {
  if (index.unique) return {};
  if (!index.options.prepares_unique) {
    return fail(Code::kInvalid, kInvalidOptions,
                "Cannot make index unique with 'unique: true'. Run collMod to set it as "
                "'prepareUnique' first.");
  }
  if (index.state != IndexState::kReady) {
    return fail(Code::kConflict, kBackgroundOperationInProgressForNamespace,
                format("index {} is being built", index.name));
  }
  NACRE_TRY(check_values_differ(rows, collection, index));
  index.unique = true;
  index.id_in_keys = true;
  return {};
}

}  // namespace

Result<> Transaction::change_index(std::string_view collection, std::string_view index,
                                   const IndexChange& change) {
  const CollectionInfo* before = NACRE_TRY(require_for_write(collection));
  const bool is_series = before->settings.series.has_value();
  if (index == kIdIndexName && !is_series) return check_id_index_change(change);
  auto info = std::make_shared<CollectionInfo>(*before);
  for (IndexInfo& candidate : info->indexes) {
    if (candidate.name != index) continue;
    IndexSpec spec = NACRE_TRY(parse_index_spec(candidate.specification));
    if (change.expire_after_seconds) {
      NACRE_TRY(check_takes_life(candidate));
      spec.options.expire_after_seconds = change.expire_after_seconds;
    }
    if (is_series) NACRE_TRY(check_index_of_series(spec));
    if (change.prepare_unique && !candidate.unique) {
      NACRE_TRY(check_prepares_unique(*before, candidate));
      spec.options.prepares_unique = *change.prepare_unique;
    }
    if (change.unique) {
      NACRE_TRY(make_unique(rows_, *before, candidate));
      spec.unique = true;
      spec.options.prepares_unique = false;
    }
    if (change.dry_run) return {};
    if (change.hidden) spec.options.hidden = *change.hidden;
    candidate.options.hidden = spec.options.hidden;
    candidate.options.prepares_unique = spec.options.prepares_unique;
    candidate.options.expire_after_seconds = spec.options.expire_after_seconds;
    candidate.specification = describe(spec);
    NACRE_TRY(parse_index_spec(candidate.specification));  // refuses a life out of range
    return store(collection, std::move(info));
  }
  return fail(Code::kNotFound, kIndexNotFound, format("index not found with name [{}]", index));
}

Result<> Transaction::mark_shortened_ids(std::string_view collection) {
  const CollectionInfo* before = NACRE_TRY(require_for_write(collection));
  auto info = std::make_shared<CollectionInfo>(*before);
  info->shortened_ids = true;
  return store(collection, std::move(info));
}

template <class Commit>
std::invoke_result_t<Commit> Transaction::end(const Commit& commit) {
  const bool changes_catalog = own_ != nullptr;
  if (changes_catalog) database_->rep_->begin_change();
  auto ended = commit();
  if (changes_catalog) database_->rep_->end_change();
  if (ended) database_->rep_->text_totals.apply(text_changes_);
  if (ended && changes_catalog) database_->rep_->schedule_expiry(*catalog_);
  if (!ended && ended.error().code() == Code::kConflict) {
    return std::unexpected(std::move(ended).error().with_number(kWriteConflict));
  }
  return ended;
}

Result<Position> Transaction::commit(txn::Durability durability) {
  return end([&] { return rows_.commit(durability); });
}

Result<txn::Submitted> Transaction::submit() {
  return end([&] { return rows_.submit(); });
}

Result<> Transaction::store(std::string_view collection,
                            std::shared_ptr<const CollectionInfo> info) {
  const std::string key = catalog_key(collection);
  Catalog& catalog = own_catalog();
  if (const auto before = catalog.collections_.find(collection);
      before != catalog.collections_.end()) {
    kept_.push_back(std::move(before->second));
    catalog.collections_.erase(before);
  }
  if (info == nullptr) {
    NACRE_TRY(rows_.remove(kCatalogTable, as_bytes(key)));
  } else {
    NACRE_TRY(rows_.put(kCatalogTable, as_bytes(key), as_bytes(encode(*info).bytes())));
    catalog.collections_.emplace(collection, std::move(info));
  }
  const bson::Document header = catalog.encode_header();
  return rows_.put(kCatalogTable, as_bytes(kHeaderKey), as_bytes(header.bytes()));
}

TableId Transaction::new_table() { return TableId{own_catalog().next_table_++}; }

Catalog& Transaction::own_catalog() {
  if (own_ == nullptr) {
    own_ = std::make_shared<Catalog>(*catalog_);
    ++own_->version_;
    catalog_ = own_;
  }
  return *own_;
}

}  // namespace nacre::document
