// Commands that make, change and rename collections and views.
#include <optional>
#include <string>
#include <utility>

#include "aggregation/aggregate.h"
#include "base/text.h"
#include "document/capped.h"
#include "document/database.h"
#include "document/move_collection.h"
#include "query/collection_change.h"
#include "query/view.h"
#include "server/collection_index_change.h"
#include "server/commands.h"
#include "server/create_arguments.h"
#include "server/cursor_ends.h"
#include "server/scope.h"
#include "server/structure.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

// The stages of a view must make sense over what it looks at.
Result<> try_view_pipeline(const Request& request, document::Database& database,
                           std::string_view view_on, const bson::Element& pipeline) {
  if (!pipeline.is(bson::Type::kArray)) return {};
  const document::Snapshot snapshot = NACRE_TRY(database.snapshot());
  const query::ResolvedView below = NACRE_TRY(query::resolve_view(snapshot.catalog(), view_on));
  aggregation::AggregateRequest asked;
  asked.collection = below.collection;
  asked.pipeline = pipeline.array();
  static_cast<void>(NACRE_TRY(aggregation::aggregate(scope_of(request, database), asked)));
  return {};
}

// Whether what exists is what was asked for: then create has nothing to do.
bool is_the_same(const document::CollectionInfo& info, const bson::Document& asked) {
  return equal(as_bytes(info.options.bytes()),
               as_bytes(document::normal_options(asked.view()).bytes()));
}

struct Namespace {
  std::string_view database;
  std::string_view collection;
};

Result<Namespace> split_namespace(const bson::Element& text) {
  const std::string_view whole = text.is(bson::Type::kString) ? text.string() : std::string_view();
  const std::size_t dot = whole.find('.');
  if (dot == std::string_view::npos) {
    return fail(Code::kInvalid, wire_code::kInvalidNamespace,
                format("Invalid namespace specified '{}'", whole));
  }
  const Namespace split{.database = whole.substr(0, dot), .collection = whole.substr(dot + 1)};
  NACRE_TRY(check_database_name(split.database));
  NACRE_TRY(check_collection_name(split.database, split.collection));
  return split;
}

}  // namespace

Result<> create(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const bson::Document options = create_options(request.fields);
  NACRE_TRY(check_create_options(options));
  const Databases::Lease database =
      NACRE_TRY(request.services.databases.open_or_create(request.database));
  const document::Snapshot before = NACRE_TRY(database->snapshot());
  if (const bson::Element on = options.find("viewOn"); on.is(bson::Type::kString)) {
    const auto settings = NACRE_TRY(document::CollectionOptions::parse(options));
    NACRE_TRY(
        query::check_view(before.catalog(), collection, on.string(), settings.collator.get()));
    NACRE_TRY(try_view_pipeline(request, *database, on.string(), options.find("pipeline")));
  }
  if (options.find("autoIndexId")) {
    reply.append("note", "The autoIndexId option is deprecated and will be removed");
  }
  auto created = query::create_collection(*database, collection, options);
  if (created.has_value() || created.error().code() != Code::kExists) return created;
  const document::Snapshot now = NACRE_TRY(database->snapshot());
  const document::CollectionInfo* there = now.catalog().find(collection);
  if (there != nullptr && is_the_same(*there, options)) return {};
  return fail(Code::kExists, wire_code::kNamespaceExists,
              format("Collection {}.{} already exists.", request.database, collection));
}

Result<> coll_mod(const Request& request, bson::Builder& reply) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  NACRE_TRY(check_collection_changes(request.fields));
  bson::Document changes;  // of an index
  const auto database = NACRE_TRY(request.services.databases.find(request.database));
  const auto body = [&](document::Transaction& transaction) -> Result<> {
    const document::CollectionInfo* info = transaction.catalog().find(collection);
    if (info == nullptr) {
      return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                  format("ns does not exist: {}.{}", request.database, collection));
    }
    NACRE_TRY(query::change_collection(transaction, collection, request.fields.body()));
    bson::Builder changed;
    if (const bson::Element index = request.fields.get("index")) {
      info = transaction.catalog().find(collection);
      const bool dry_run = NACRE_TRY(request.fields.boolean("dryRun", false));
      NACRE_TRY(change_index(transaction, *info, {.asked = index, .dry_run = dry_run}, changed));
    }
    changes = changed.finish();
    return {};
  };
  if (!database) {
    return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                format("ns does not exist: {}.{}", request.database, collection));
  }
  NACRE_TRY((*database)->transact(body));
  reply.append_all(changes);
  return {};
}

Result<> convert_to_capped(const Request& request, bson::Builder&) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const std::int64_t size = NACRE_TRY(request.fields.lenient_count("size", 0));
  if (size < 1) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                "Capped collection size must be greater than zero");
  }
  const auto database = NACRE_TRY(request.services.databases.find(request.database));
  if (!database) {
    return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                format("source collection {}.{} does not exist", request.database, collection));
  }
  const document::Snapshot before = NACRE_TRY((*database)->snapshot());
  NACRE_TRY(document::convert_to_capped(**database, collection, size));
  end_cursors_on(request.services.cursors, before.catalog(), request.database, collection,
                 format("collection became another one: {}.{}", request.database, collection));
  return {};
}

Result<> clone_as_capped(const Request& request, bson::Builder&) {
  const std::string_view collection = NACRE_TRY(request.fields.collection());
  const std::string_view name = NACRE_TRY(request.fields.required_string("toCollection"));
  const std::int64_t size = NACRE_TRY(request.fields.lenient_count("size", 0));
  if (size < 1) {
    return fail(Code::kInvalid, wire_code::kInvalidOptions,
                "Capped collection size must be greater than zero");
  }
  NACRE_TRY(check_collection_name(request.database, name));
  const auto database = NACRE_TRY(request.services.databases.find(request.database));
  if (!database) {
    return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                format("source collection {}.{} does not exist", request.database, collection));
  }
  return document::clone_as_capped(**database, collection, name, size);
}

namespace {

struct Renaming {
  Namespace from;
  Namespace to;
  bool drop_target = false;
};

// Those on what was moved and on what it replaced.
void end_cursors_of_move(const Request& request, const document::Catalog& source,
                         const Namespace& from, const document::Catalog& target,
                         const Namespace& to) {
  Cursors& cursors = request.services.cursors;
  end_cursors_on(cursors, source, from.database, from.collection,
                 format("collection renamed from '{}.{}' to '{}.{}'", from.database,
                        from.collection, to.database, to.collection));
  end_cursors_on(cursors, target, to.database, to.collection,
                 format("collection dropped: {}.{}", to.database, to.collection));
}

Result<> move_to_other_database(const Request& request, document::Database& source,
                                const Renaming& renaming) {
  const auto& [from, to, drop_target] = renaming;
  const Databases::Lease target = NACRE_TRY(request.services.databases.open_or_create(to.database));
  const document::Snapshot before = NACRE_TRY(source.snapshot());
  const document::Snapshot replaced = NACRE_TRY(target->snapshot());
  NACRE_TRY(document::move_collection({.database = source, .collection = from.collection},
                                      {.database = *target, .collection = to.collection},
                                      drop_target));
  end_cursors_of_move(request, before.catalog(), from, replaced.catalog(), to);
  return {};
}

}  // namespace

Result<> rename_collection(const Request& request, bson::Builder&) {
  const Fields& fields = request.fields;
  NACRE_TRY(check_value("renameCollection", *fields.body().begin(), Takes::kString));
  const Namespace from = NACRE_TRY(split_namespace(*fields.body().begin()));
  NACRE_TRY(fields.required_string("to"));
  const Namespace to = NACRE_TRY(split_namespace(fields.get("to")));
  const bool drop_target = NACRE_TRY(fields.boolean("dropTarget", false));
  const auto database = NACRE_TRY(request.services.databases.find(from.database));
  if (!database) {
    return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                format("Source collection {}.{} does not exist", from.database, from.collection));
  }
  const document::Snapshot before = NACRE_TRY((*database)->snapshot());
  if (from.database != to.database) {
    if (before.catalog().find(from.collection) == nullptr) {
      return fail(Code::kNotFound, wire_code::kNamespaceNotFound,
                  format("Source collection {}.{} does not exist", from.database, from.collection));
    }
    return move_to_other_database(request, **database, {from, to, drop_target});
  }
  const auto body = [&](document::Transaction& transaction) {
    return transaction.rename_collection(from.collection, to.collection, drop_target);
  };
  NACRE_TRY((*database)->transact(body));
  end_cursors_of_move(request, before.catalog(), from, before.catalog(), to);
  return {};
}

}  // namespace nacre::server
