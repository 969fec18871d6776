// Commands about databases, collections and indexes.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error_codes.h"
#include "base/text.h"
#include "document/database.h"
#include "match/filter.h"
#include "server/batch.h"
#include "server/commands.h"
#include "server/cursor_ends.h"
#include "server/structure.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using error_codes::kIndexAlreadyExists;

using MaybeLease = std::optional<Databases::Lease>;

Error no_such_namespace(const Request& request, std::string_view collection,
                        std::string_view text) {
  return Error(Code::kNotFound, format("{}: {}.{}", text, request.database, collection))
      .with_number(wire_code::kNamespaceNotFound);
}

// A list as a cursor of documents, under the name MongoDB gives such cursors.
Result<> append_list(const Request& request, std::string_view collection,
                     std::vector<bson::Document> rows, bson::Builder& reply) {
  const bson::View options = NACRE_TRY(request.fields.document("cursor"));
  FirstBatch first;
  if (!options.empty()) {
    NACRE_TRY(Fields(options, nullptr).check_only("cursor", "batchSize"));
    first.batch_size = NACRE_TRY(batch_size_of(Fields(options, nullptr)));
  }
  return append_first_batch(request,
                            StoredCursor{.database = std::string(request.database),
                                         .collection = std::string(collection),
                                         .rows = Rows(std::move(rows))},
                            first, reply);
}

bson::Document describe_collection(const document::CollectionInfo& info, bool name_only) {
  bson::Builder row;
  const bool is_view = info.settings.is_view;
  const bool is_series = info.settings.series.has_value();
  row.append("name", info.name);
  row.append("type", is_view ? "view" : is_series ? "timeseries" : "collection");
  if (name_only) return row.finish();
  row.append("options", info.options).begin_document("info").append("readOnly", is_view);
  if (is_view || is_series) {
    row.end();
    return row.finish();
  }
  row.append("uuid", bson::Binary{.subtype = 4, .bytes = info.uuid}).end();
  row.begin_document("idIndex").append("v", 2);
  row.begin_document("key").append("_id", 1).end().append("name", "_id_");
  if (const bson::Element collation = info.options.find("collation")) row.append(collation);
  row.end();
  return row.finish();
}

bson::Document known_options(const bson::View& specification) {
  bson::Builder known;
  for (const bson::Element& option : specification) {
    if (document::is_index_option(option.name())) known.append(option);
  }
  return known.finish();
}

// How many nodes must have an index before it counts: of one node, itself.
Result<> check_quorum(const bson::Element& quorum) {
  if (!quorum || quorum.is_null_like() || quorum.is(bson::Type::kString)) return {};
  if (const auto nodes = quorum.as_int64(); nodes && *nodes >= 0 && *nodes <= 50) return {};
  return fail(Code::kInvalid, wire_code::kFailedToParse,
              "commitQuorum must be a string, or a number from 0 to 50");
}

// The same index twice, which is not there yet.
Result<> check_repetitions(const document::CollectionInfo* there,
                           const std::vector<document::IndexSpec>& specs) {
  for (std::size_t i = 1; i < specs.size(); ++i) {
    const bson::Document here = document::describe(specs[i]);
    const bool repeated = std::any_of(
        specs.begin(), specs.begin() + static_cast<std::ptrdiff_t>(i),
        [&](const auto& earlier) { return document::describe(earlier).bytes() == here.bytes(); });
    if (!repeated || specs[i].name == document::kIdIndexName) continue;
    if (there != nullptr && there->find_index(specs[i].name) != nullptr) continue;
    return fail(Code::kExists, kIndexAlreadyExists,
                format("Identical index already exists: {}", specs[i].name));
  }
  return {};
}

Result<std::vector<document::IndexSpec>> index_specs(const Fields& fields) {
  const std::vector<bson::View> asked = NACRE_TRY(fields.batch("indexes"));
  const bool passes_over = NACRE_TRY(fields.boolean("ignoreUnknownIndexOptions", false));
  NACRE_TRY(check_quorum(fields.get("commitQuorum")));
  std::vector<document::IndexSpec> specs;
  for (const bson::View& written : asked) {
    const bson::Document known = passes_over ? known_options(written) : bson::Document(written);
    const bson::View specification = known.view();
    if (!specification.find("name")) {
      return fail(Code::kInvalid, wire_code::kFailedToParse,
                  "The 'name' field is a required property of an index specification");
    }
    specs.push_back(NACRE_TRY(document::parse_index_spec(specification)));
  }
  return specs;
}

std::unexpected<Error> no_such_index(std::string_view name) {
  return fail(Code::kNotFound, wire_code::kIndexNotFound,
              format("index not found with name [{}]", name));
}

Result<> drop_named(document::Database& database, std::string_view collection,
                    const bson::Element& index) {
  if (index.is(bson::Type::kString)) return database.drop_index(collection, index.string());
  if (index.is(bson::Type::kDocument)) {
    if (index.document().empty()) return no_such_index("{}");
    return database.drop_index(collection, index.document());
  }
  return fail(Code::kInvalid, wire_code::kTypeMismatch,
              format("dropIndexes.index is of type {}, expected a string, an object or an array",
                     bson::name(index.type())));
}

// All of them or none.
Result<> drop_all_named(document::Database& database, const document::CollectionInfo& collection,
                        const bson::View& names) {
  for (const bson::Element& name : names) {
    NACRE_TRY(check_value("dropIndexes.index", name, Takes::kString));
    const bool there =
        name.string() == document::kIdIndexName || collection.find_index(name.string()) != nullptr;
    if (!there) return no_such_index(name.string());
  }
  for (const bson::Element& name : names) {
    NACRE_TRY(drop_named(database, collection.name, name));
  }
  return {};
}

}  // namespace

Result<> drop(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const MaybeLease database = NACRE_TRY(request.services.databases.find(request.database));
  if (!database) return std::unexpected(no_such_namespace(request, collection, "ns not found"));
  const document::Snapshot before = NACRE_TRY((*database)->snapshot());
  const document::CollectionInfo* info = before.catalog().find(collection);
  const std::size_t indexes = info == nullptr ? 0 : info->index_specifications().size();
  const bool dropped = NACRE_TRY((*database)->drop_collection(collection));
  if (!dropped) return std::unexpected(no_such_namespace(request, collection, "ns not found"));
  end_cursors_on(request.services.cursors, before.catalog(), request.database, collection,
                 format("collection dropped: {}.{}", request.database, collection));
  reply.append_number("nIndexesWas", static_cast<std::int64_t>(indexes));
  reply.append("ns", format("{}.{}", request.database, collection));
  return {};
}

Result<> drop_database(const Request& request, bson::Builder& reply) {
  const bson::Element one = *request.fields.body().begin();
  NACRE_TRY(check_value("dropDatabase", one, Takes::kNumber));
  if (one.as_double() != 1) {
    return fail(Code::kInvalid, 5255100, "Have to pass 1 as 'dropDatabase' parameter");
  }
  if (request.database == "admin" || request.database == "local") {
    return fail(Code::kInvalid, wire_code::kIllegalOperation,
                format("Dropping the '{}' database is prohibited.", request.database));
  }
  const auto end_users = [&] {
    request.services.cursors.end_all_of(request.database,
                                        format("database dropped: {}", request.database));
    request.services.transactions.abort_all_of(request.database);
  };
  const bool dropped = NACRE_TRY(request.services.databases.drop(request.database, end_users));
  if (dropped) reply.append("dropped", request.database);
  return {};
}

Result<> list_collections(const Request& request, bson::Builder& reply) {
  const bool name_only = NACRE_TRY(request.fields.boolean("nameOnly", false));
  NACRE_TRY(request.fields.boolean("authorizedCollections", false));
  const bson::View asked = NACRE_TRY(request.fields.document("filter"));
  const match::Filter filter = NACRE_TRY(match::Filter::parse(asked));
  const MaybeLease database = NACRE_TRY(request.services.databases.find(request.database));
  std::vector<bson::Document> rows;
  if (database) {
    const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
    for (const std::string& name : snapshot.catalog().collection_names()) {
      const document::CollectionInfo& info = *snapshot.catalog().find(name);
      bson::Document row = describe_collection(info, /*name_only=*/false);
      const bool passed = NACRE_TRY(filter.matches(row));
      if (passed) rows.push_back(name_only ? describe_collection(info, true) : std::move(row));
    }
  }
  return append_list(request, "$cmd.listCollections", std::move(rows), reply);
}

Result<> list_databases(const Request& request, bson::Builder& reply) {
  const bool name_only = NACRE_TRY(request.fields.boolean("nameOnly", false));
  const bson::View asked = NACRE_TRY(request.fields.document("filter"));
  const match::Filter filter = NACRE_TRY(match::Filter::parse(asked));
  const std::vector<std::string> names = NACRE_TRY(request.services.databases.names());
  std::int64_t total = 0;
  reply.begin_array("databases");
  for (const std::string& name : names) {
    const MaybeLease database = NACRE_TRY(request.services.databases.find(name));
    if (!database) continue;
    // As with MongoDB, a database is there as long as it has a collection.
    const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
    if (snapshot.catalog().collection_names().empty()) continue;
    const txn::Stats stats = (*database)->stats();
    const auto bytes = static_cast<std::int64_t>(stats.file_bytes + stats.log_bytes);
    bson::Builder row;
    row.append("name", name).append("sizeOnDisk", bytes).append("empty", false);
    const bson::Document described = row.finish();
    const bool passed = NACRE_TRY(filter.matches(described));
    if (!passed) continue;
    total += bytes;
    if (name_only) {
      reply.push_begin_document().append("name", name).end();
    } else {
      reply.push(described);
    }
  }
  reply.end();
  if (!name_only) reply.append("totalSize", total).append("totalSizeMb", total >> 20);
  return {};
}

Result<> create_indexes(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const std::vector<document::IndexSpec> specs = NACRE_TRY(index_specs(request.fields));
  const Databases::Lease database =
      NACRE_TRY(request.services.databases.open_or_create(request.database));
  const document::Snapshot before = NACRE_TRY(database->snapshot());
  NACRE_TRY(check_repetitions(before.catalog().find(collection), specs));
  const document::CreateIndexesResult result =
      NACRE_TRY(database->create_indexes(collection, specs));
  reply.append_number("numIndexesBefore", static_cast<std::int64_t>(result.count_before));
  reply.append_number("numIndexesAfter", static_cast<std::int64_t>(result.count_after));
  reply.append("createdCollectionAutomatically", result.collection_created);
  if (result.count_before == result.count_after) reply.append("note", "all indexes already exist");
  return {};
}

Result<> list_indexes(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  NACRE_TRY(request.fields.boolean("includeBuildUUIDs", false));
  NACRE_TRY(request.fields.boolean("includeIndexBuildInfo", false));
  const MaybeLease database = NACRE_TRY(request.services.databases.find(request.database));
  if (!database) {
    return std::unexpected(no_such_namespace(request, collection, "ns does not exist"));
  }
  const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
  const document::CollectionInfo* info = snapshot.catalog().find(collection);
  if (info == nullptr) {
    return std::unexpected(no_such_namespace(request, collection, "ns does not exist"));
  }
  if (info->settings.is_view) {
    return fail(
        Code::kInvalid, wire_code::kCommandNotSupportedOnView,
        format("Namespace {}.{} is a view, not a collection", request.database, collection));
  }
  return append_list(request, collection, info->index_specifications(), reply);
}

Result<> drop_indexes(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const bson::Element index = request.fields.get("index");
  if (!index || index.is_null_like()) {
    return fail(Code::kInvalid, wire_code::kIDLFailedToParse,
                "BSON field 'dropIndexes.index' is missing but a required field");
  }
  const MaybeLease database = NACRE_TRY(request.services.databases.find(request.database));
  if (!database) return std::unexpected(no_such_namespace(request, collection, "ns not found"));
  const document::Snapshot before = NACRE_TRY((*database)->snapshot());
  const document::CollectionInfo* info = before.catalog().find(collection);
  if (info == nullptr) {
    return std::unexpected(no_such_namespace(request, collection, "ns not found"));
  }
  if (index.is(bson::Type::kArray)) {
    NACRE_TRY(drop_all_named(**database, *info, index.array()));
  } else {
    NACRE_TRY(drop_named(**database, collection, index));
  }
  reply.append_number("nIndexesWas",
                      static_cast<std::int64_t>(info->index_specifications().size()));
  if (index.is(bson::Type::kString) && index.string() == "*") {
    reply.append("msg", "non-_id indexes dropped for collection");
  }
  return {};
}

}  // namespace nacre::server
