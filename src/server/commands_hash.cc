// dbHash: whether two databases hold the same documents, told by digests of them.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/md5.h"
#include "base/text.h"
#include "bson/builder.h"
#include "query/operations.h"
#include "server/commands.h"
#include "server/scope.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using document::CollectionInfo;

// The collections that are asked for; nothing: all of them.
Result<std::optional<std::vector<std::string_view>>> wanted_collections(const Fields& fields) {
  const bson::Element given = fields.get("collections");
  if (!given.is(bson::Type::kArray)) return std::nullopt;  // as MongoDB does
  std::vector<std::string_view> names;
  for (const bson::Element& name : given.array()) {
    if (!name.is(bson::Type::kString)) {
      return fail(Code::kInvalid, wire_code::kBadValue, "collections entries have to be strings");
    }
    names.push_back(name.string());
  }
  // An empty list says nothing.
  if (names.empty()) return std::nullopt;
  return names;
}

// Of a time series in the order of time, of all others in that of _id.
Result<std::string> hash_of(const query::Scope& scope, const CollectionInfo& info) {
  static const bson::Document by_id = bson::Builder().append("_id", 1).finish();
  const bson::View sort = info.settings.series ? bson::View() : by_id.view();
  query::Cursor documents =
      NACRE_TRY(query::find(scope, {.collection = info.name, .sort = sort, .hint = {}}));
  Md5 md5;
  while (true) {
    const std::optional<bson::View> document = NACRE_TRY(documents.next());
    if (!document) return md5.hex();
    md5.add(document->bytes());
  }
}

struct Hashed {
  const CollectionInfo* info;
  std::string hash;
};

}  // namespace

Result<> db_hash(const Request& request, bson::Builder& reply) {
  const std::int64_t began = request.services.clock.milliseconds();
  const auto wanted = NACRE_TRY(wanted_collections(request.fields));
  const std::optional<Databases::Lease> database =
      NACRE_TRY(request.services.databases.find(request.database));
  std::optional<document::Snapshot> snapshot;
  std::vector<Hashed> all;
  if (database) {
    snapshot.emplace(NACRE_TRY((*database)->snapshot()));
    query::Scope scope = scope_of(request, **database);
    scope.at = &*snapshot;
    for (const std::string& name : snapshot->catalog().collection_names()) {
      const CollectionInfo& info = *snapshot->catalog().find(name);
      const bool is_asked_for = !wanted || std::ranges::find(*wanted, name) != wanted->end();
      if (info.settings.is_view || !is_asked_for) continue;
      all.push_back({.info = &info, .hash = NACRE_TRY(hash_of(scope, info))});
    }
  }
  reply.append("host", request.services.facts.host_name).begin_document("collections");
  Md5 whole;
  for (const Hashed& one : all) {
    reply.append(one.info->name, one.hash);
    whole.add(as_bytes(one.hash));
  }
  reply.end().begin_array("capped");
  for (const Hashed& one : all) {
    if (one.info->settings.capped) reply.push(one.info->name);
  }
  reply.end().begin_document("uuids");
  for (const Hashed& one : all) {
    reply.append(one.info->name, bson::Binary{.subtype = 4, .bytes = one.info->uuid});
  }
  reply.end().append("md5", whole.hex());
  reply.append_number("timeMillis", request.services.clock.milliseconds() - began);
  return {};
}

}  // namespace nacre::server
