// top: what the commands of each collection have taken.
#include <array>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "server/commands.h"

namespace nacre::server {
namespace {

using Names = std::set<std::string, std::less<>>;

// "database.collection" of all that are there, views included.
Result<Names> collections_there(Databases& databases) {
  Names there;
  const std::vector<std::string> names = NACRE_TRY(databases.names());
  for (const std::string& name : names) {
    const std::optional<Databases::Lease> database = NACRE_TRY(databases.find(name));
    if (!database) continue;
    const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
    for (const std::string& collection : snapshot.catalog().collection_names()) {
      there.insert(format("{}.{}", name, collection));
    }
  }
  return there;
}

void append_spent(bson::Builder& to, std::string_view name, const Usage::Spent& spent) {
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(spent.time).count();
  to.begin_document(name).append_number("time", std::int64_t{time});
  to.append_number("count", spent.count).end();
}

void append_row(bson::Builder& to, const Usage::Row& row) {
  append_spent(to, "total",
               {.time = row.reading.time + row.writing.time,
                .count = row.reading.count + row.writing.count});
  append_spent(to, "readLock", row.reading);
  append_spent(to, "writeLock", row.writing);
  constexpr auto kNames = std::to_array<std::string_view>(
      {"queries", "getmore", "insert", "update", "remove", "commands"});
  static_assert(kNames.size() == Usage::kKinds);
  for (std::size_t i = 0; i < kNames.size(); ++i) append_spent(to, kNames[i], row.by_kind[i]);
}

}  // namespace

Result<> top(const Request& request, bson::Builder& reply) {
  const Names there = NACRE_TRY(collections_there(request.services.databases));
  reply.begin_document("totals").append("note", "all times in microseconds");
  for (const auto& [name, row] : request.services.usage.rows()) {
    if (!there.contains(name)) {
      request.services.usage.forget(name);
      continue;
    }
    reply.begin_document(name);
    append_row(reply, row);
    reply.end();
  }
  reply.end();
  return {};
}

}  // namespace nacre::server
