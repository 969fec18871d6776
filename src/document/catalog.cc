#include "document/catalog.h"

#include <algorithm>
#include <utility>

#include "base/planted.h"
#include "base/text.h"
#include "bson/validate.h"
#include "document/index_spec.h"

namespace nacre::document {
namespace {

constexpr char kCollectionKind = 'c';
constexpr std::int64_t kFormat = 1;
constexpr std::uint8_t kUuidSubtype = 4;

std::unexpected<Error> damaged(std::string_view row, std::string_view field) {
  return fail(Code::kCorrupt,
              format("catalog row {}: field {} is not as it was written", row, field));
}

Result<TableId> decode_table(std::string_view row, bson::Element element) {
  const auto table = element.as_int64();
  if (!table || *table < number(kFirstTable) || *table > 0xffff'ffff) return damaged(row, "table");
  return TableId{static_cast<std::uint32_t>(*table)};
}

Result<IndexInfo> decode_index(std::string_view row, bson::View from) {
  IndexInfo info;
  const bson::Element specification = from.find("specification");
  const bson::Element multikey = from.find("multikey");
  const bson::Element ready = from.find("ready");
  const bson::Element shortened = from.find("shortened");
  if (!specification.is(bson::Type::kDocument)) return damaged(row, "specification");
  if (!multikey.is(bson::Type::kArray)) return damaged(row, "multikey");
  if (!ready.is(bson::Type::kBool)) return damaged(row, "ready");
  if (!shortened.is(bson::Type::kBool)) return damaged(row, "shortened");
  info.shortened = shortened.boolean();
  info.specification = bson::Document(specification.document());
  info.table = NACRE_TRY(decode_table(row, from.find("table")));
  info.state = ready.boolean() ? IndexState::kReady : IndexState::kBuilding;
  for (const bson::Element& flag : multikey.array()) info.multikey.push_back(flag.truthy());

  auto spec = parse_index_spec(info.specification);
  if (!spec) {
    return fail(Code::kCorrupt, format("catalog row {}: {}", row, spec.error().what()));
  }
  info.name = std::move(spec->name);
  info.fields = std::move(spec->fields);
  info.unique = spec->unique || info.name == kIdIndexName;
  info.id_in_keys = from.find("idInKeys").truthy();
  info.sparse = spec->sparse;
  info.options = std::move(spec->options);
  if (info.options.collator != nullptr) {
    const bson::Element tables = from.find("collationTables");
    if (!tables.is(bson::Type::kString)) return damaged(row, "collationTables");
    info.options.collation_tables = tables.string();
  }
  if (info.multikey.size() != info.fields.size()) return damaged(row, "multikey");
  return info;
}

}  // namespace

std::string catalog_key(std::string_view collection) {
  std::string key(1, kCollectionKind);
  key.append(collection);
  return key;
}

bson::Document encode(const CollectionInfo& info) {
  bson::Builder row;
  row.append("uuid", bson::Binary{.subtype = kUuidSubtype, .bytes = info.uuid});
  row.append("table", static_cast<std::int64_t>(number(info.table)));
  row.append("shortenedIds", info.shortened_ids);
  row.append("options", info.options);
  if (info.order) row.append("order", static_cast<std::int64_t>(number(*info.order)));
  row.begin_array("indexes");
  for (const IndexInfo& index : info.indexes) {
    row.push_begin_document();
    row.append("specification", index.specification);
    row.append("table", static_cast<std::int64_t>(number(index.table)));
    row.append("ready", index.state == IndexState::kReady);
    row.append("shortened", index.shortened);
    if (index.id_in_keys) row.append("idInKeys", true);
    if (index.options.collator != nullptr) {
      row.append("collationTables", index.options.collation_tables);
    }
    row.begin_array("multikey");
    for (const bool flag : index.multikey) row.push(flag);
    row.end().end();
  }
  row.end();
  return row.finish();
}

Result<CollectionInfo> decode_collection(std::string_view name, Bytes row) {
  const auto valid = bson::validate(row);
  if (!valid) {
    return fail(Code::kCorrupt, format("catalog row {}: {}", name, valid.error().what()));
  }
  CollectionInfo info;
  info.name = name;
  const bson::Element uuid = valid->find("uuid");
  const bson::Element options = valid->find("options");
  const bson::Element indexes = valid->find("indexes");
  const bson::Element shortened_ids = valid->find("shortenedIds");
  if (!uuid.is(bson::Type::kBinary) || uuid.binary().bytes.size() != info.uuid.size()) {
    return damaged(name, "uuid");
  }
  if (!options.is(bson::Type::kDocument)) return damaged(name, "options");
  if (!shortened_ids.is(bson::Type::kBool)) return damaged(name, "shortenedIds");
  info.shortened_ids = shortened_ids.boolean();
  if (!indexes.is(bson::Type::kArray)) return damaged(name, "indexes");
  std::memcpy(info.uuid.data(), uuid.binary().bytes.data(), info.uuid.size());
  info.options = bson::Document(options.document());
  auto settings = CollectionOptions::parse(info.options);
  if (!settings) {
    return fail(Code::kCorrupt,
                format("catalog row {}: options: {}", name, settings.error().what()));
  }
  info.settings = *std::move(settings);
  info.table = NACRE_TRY(decode_table(name, valid->find("table")));
  if (const bson::Element order = valid->find("order"); order) {
    info.order = NACRE_TRY(decode_table(name, order));
  }
  if (info.order.has_value() != info.settings.capped.has_value()) return damaged(name, "order");
  for (const bson::Element& index : indexes.array()) {
    if (!index.is(bson::Type::kDocument)) return damaged(name, "indexes");
    info.indexes.push_back(NACRE_TRY(decode_index(name, index.document())));
  }
  return info;
}

bool IndexInfo::has(FieldKind kind) const {
  return std::ranges::any_of(fields, [&](const IndexField& field) { return field.kind == kind; });
}

bool IndexInfo::is_usable() const {
  const bool is_ready = state == IndexState::kReady || NACRE_PLANTED(building_index_used);
  if (!is_ready || options.hidden) return false;
  // Sort keys of other tables than today's cannot be compared with new ones.
  return options.collator == nullptr ||
         options.collation_tables == text::collation_tables_version();
}

const IndexInfo* CollectionInfo::find_index(std::string_view index_name) const {
  for (const IndexInfo& index : indexes) {
    if (index.name == index_name) return &index;
  }
  return nullptr;
}

namespace {

// The table itself, as an index.
bson::Document describe_id_index(const bson::Document& options) {
  bson::Builder id;
  const bson::Element clustered = options.find("clusteredIndex");
  const bson::Element given =
      clustered.is(bson::Type::kDocument) ? clustered.document().find("name") : bson::Element();
  id.append("v", 2).begin_document("key").append("_id", 1).end();
  if (given.is(bson::Type::kString)) {
    id.append("name", given);
  } else {
    id.append("name", kIdIndexName);
  }
  if (clustered) id.append("unique", true).append("clustered", true);
  if (const bson::Element collation = options.find("collation")) id.append(collation);
  return id.finish();
}

}  // namespace

std::vector<bson::Document> CollectionInfo::index_specifications() const {
  std::vector<bson::Document> all;
  if (!settings.series) all.push_back(describe_id_index(options));
  for (const IndexInfo& index : indexes) {
    if (index.name == kIdIndexName) continue;  // the same
    if (index.state == IndexState::kReady) all.push_back(index.specification);
  }
  return all;
}

Result<std::shared_ptr<const Catalog>> Catalog::load(const txn::Snapshot& rows) {
  auto catalog = std::make_shared<Catalog>();
  auto cursor = NACRE_TRY(rows.cursor(kCatalogTable));
  for (bool row = NACRE_TRY(cursor->seek_first()); row; row = NACRE_TRY(cursor->next())) {
    const std::string_view key = as_text(cursor->key());
    if (key == kHeaderKey) {
      NACRE_TRY(catalog->decode_header(cursor->value()));
    } else if (key.starts_with(kCollectionKind)) {
      const std::string_view name = key.substr(1);
      auto info = NACRE_TRY(decode_collection(name, cursor->value()));
      catalog->collections_.emplace(name, std::make_shared<const CollectionInfo>(std::move(info)));
    } else {
      return fail(Code::kCorrupt, format("catalog: a row of kind {} is unknown", key.front()));
    }
  }
  return std::shared_ptr<const Catalog>(std::move(catalog));
}

const CollectionInfo* Catalog::find(std::string_view name) const {
  const auto found = collections_.find(name);
  return found == collections_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Catalog::collection_names() const {
  std::vector<std::string> names;
  for (const auto& [name, info] : collections_) names.push_back(name);
  return names;
}

bson::Document Catalog::encode_header() const {
  return bson::Builder()
      .append("format", kFormat)
      .append("version", static_cast<std::int64_t>(version_))
      .append("nextTable", static_cast<std::int64_t>(next_table_))
      .finish();
}

Result<std::uint64_t> Catalog::version_in_header(Bytes row) {
  Catalog header;
  NACRE_TRY(header.decode_header(row));
  return header.version_;
}

Result<> Catalog::decode_header(Bytes row) {
  const auto valid = bson::validate(row);
  if (!valid) return fail(Code::kCorrupt, format("catalog header: {}", valid.error().what()));
  const auto format_number = valid->find("format").as_int64();
  if (!format_number) return damaged("header", "format");
  if (*format_number != kFormat) {
    return fail(Code::kUnsupported,
                format("catalog has format {}, expected {}", *format_number, kFormat));
  }
  const auto version = valid->find("version").as_int64();
  if (!version || *version < 1) return damaged("header", "version");
  version_ = static_cast<std::uint64_t>(*version);
  next_table_ = number(NACRE_TRY(decode_table("header", valid->find("nextTable"))));
  return {};
}

}  // namespace nacre::document
