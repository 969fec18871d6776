// The catalog: which collections and indexes a database holds, as of one position.
//
// Why immutable: a reader's plan and a writer's index maintenance must agree with the snapshot they
//   run on, so a Catalog belongs to a snapshot and never changes; the next one shares what is
//   alike.
// Format:  docs/format/documents.md; rows of table 1, written only by document::Transaction.
// Errors:  Catalog::load: kCorrupt names the row.
// Cost:    load reads every row of table 1; find is one hash look-up.
// Threads: immutable once published.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.h"
#include "base/result.h"
#include "bson/builder.h"
#include "document/collection_options.h"
#include "geo/cells.h"
#include "match/filter.h"
#include "text/collator.h"
#include "txn/database.h"

namespace nacre::document {

inline constexpr TableId kCatalogTable{1};
inline constexpr TableId kFirstTable{16};  // the first one handed out; those between are kept back

inline constexpr std::string_view kIdIndexName = "_id_";

using Uuid = std::array<std::byte, 16>;

// What of a field goes into the key.
enum class FieldKind : std::uint8_t {
  kOrdered,   // its value
  kHashed,    // a hash of its value: equality only
  kText,      // a word of the text fields; its path is kTextPath
  kWildcard,  // a path and the value there; its path ends in "$**"
  kSphere,    // "2dsphere": the S2 cells around a place
  kGrid,      // "2d": the cell of a grid that a point on the plane lies in
};

// One field of an index key, in key order.
struct IndexField {
  std::string path;
  bool descending = false;
  FieldKind kind = FieldKind::kOrdered;
  bool operator==(const IndexField&) const = default;
};

inline constexpr std::string_view kTextPath = "_fts";

// What a text index looks at.
struct TextOptions {
  struct Weight {
    std::string path;  // "$**": every string
    std::int32_t weight = 1;
    bool operator==(const Weight&) const = default;
  };
  std::vector<Weight> weights;  // ascending by path
  std::string default_language = "english";
  std::string language_override = "language";
  bool operator==(const TextOptions&) const = default;
};

// How a geo index looks at places.
struct GeoOptions {
  geo::Grid grid;            // of a 2d index
  std::int32_t version = 3;  // of a 2dsphere index; all are carried out alike
  bson::Document shown{};    // the options, as listIndexes shows them
  bool operator==(const GeoOptions& other) const {
    return grid == other.grid && version == other.version;
  }
};

// What an index may have beside its fields.
struct IndexOptions {
  bool hidden = false;  // maintained, but no plan uses it
  // No writer adds a value that another document has; those that are there stay. Not beside unique.
  bool prepares_unique = false;
  std::optional<std::int64_t> expire_after_seconds{};
  // Null: of all documents. Shared by the catalogs that hold the index, as all below.
  std::shared_ptr<const match::Filter> partial{};
  std::shared_ptr<const text::Collator> collator{};  // null: the order of bytes
  std::string collation_tables{};                    // the version its sort keys belong to
  bson::Document wildcard_projection{};              // of "$**"; empty: everything but _id
  std::shared_ptr<const TextOptions> text{};         // of a text index
  std::shared_ptr<const GeoOptions> geo{};           // of a 2dsphere or 2d index
};

enum class IndexState : std::uint8_t {
  kBuilding,  // writers maintain it, readers do not use it
  kReady,
};

struct IndexInfo {
  std::string name;
  std::vector<IndexField> fields;  // never empty
  bool unique = false;
  bool sparse = false;
  TableId table{};
  IndexState state = IndexState::kReady;
  // Per field: some document holds an array on its path. Once set, never cleared.
  std::vector<bool> multikey;
  // Some entry's fields were too long for a key (bson/key_encoder.h, KEY-4): entries that begin
  // alike are not in the order of their values. Once set, never cleared.
  bool shortened = false;
  bson::Document specification;  // as listIndexes shows it: {v, key, name, unique, ...}
  IndexOptions options{};
  // Of a unique index that collMod made one: its entries are those of the index it was.
  bool id_in_keys = false;

  [[nodiscard]] bool has(FieldKind kind) const;
  // The keys of its entries are the fields alone.
  [[nodiscard]] bool has_bare_keys() const { return unique && !id_in_keys; }
  // Its keys are the fields and _id, and yet a value is taken once.
  [[nodiscard]] bool is_unique_by_scan() const {
    return options.prepares_unique || (unique && id_in_keys);
  }
  // Whether plans may use it: ready, not hidden, and its sort keys those of today's tables.
  [[nodiscard]] bool is_usable() const;
};

// What entries of a document in an index have that plans must know of.
struct EntryTraits {
  std::vector<bool> multikey;  // per field: an array was on its path
  bool shortened = false;
};

struct CollectionInfo {
  std::string name;
  Uuid uuid{};
  TableId table{};
  bool shortened_ids = false;      // the same of the keys of documents
  bson::Document options;          // as given to create; empty for a collection made by an insert
  CollectionOptions settings{};    // the same, read
  std::optional<TableId> order{};  // of a capped collection: document/capped.h
  // In order of creation. The table itself is the index on _id; but in a collection with a
  // collation, whose _id must differ by that too, the first of these is a unique index "_id_".
  std::vector<IndexInfo> indexes;

  // The field whose value the keys of documents begin with.
  [[nodiscard]] std::string_view order_path() const {
    return settings.series ? std::string_view(settings.series->time_field()) : "_id";
  }
  // Null when there is none of that name.
  [[nodiscard]] const IndexInfo* find_index(std::string_view index_name) const;
  // {v: 2, key: {_id: 1}, name: "_id_"}, but of a time series, and then the others that are ready,
  // in order of creation.
  [[nodiscard]] std::vector<bson::Document> index_specifications() const;
};

class Catalog {
 public:
  // Reads the catalog as `rows` sees it.
  [[nodiscard]] static Result<std::shared_ptr<const Catalog>> load(const txn::Snapshot& rows);

  // Null when there is none. Valid as long as the catalog.
  [[nodiscard]] const CollectionInfo* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> collection_names() const;  // ascending

  [[nodiscard]] static Result<std::uint64_t> version_in_header(Bytes row);

  // Counts the changes of the catalog; equal numbers in one database, equal contents.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  friend class Transaction;

  [[nodiscard]] bson::Document encode_header() const;
  [[nodiscard]] Result<> decode_header(Bytes row);

  // Shared with the catalogs before and after that hold the same collection.
  using Collections = std::map<std::string, std::shared_ptr<const CollectionInfo>, std::less<>>;

  std::uint64_t version_ = 0;
  std::uint32_t next_table_ = number(kFirstTable);
  Collections collections_;
};

// Rows of table 1: a kind byte, then a name.
inline constexpr std::string_view kHeaderKey = "h";

// The row that describes the collection. Every write of a collection requires it
// unchanged, so that index builds and drops never race with writers.
[[nodiscard]] std::string catalog_key(std::string_view collection);

// The values of those rows. decode: kCorrupt names the collection and the field.
[[nodiscard]] bson::Document encode(const CollectionInfo& info);
[[nodiscard]] Result<CollectionInfo> decode_collection(std::string_view name, Bytes row);

}  // namespace nacre::document
