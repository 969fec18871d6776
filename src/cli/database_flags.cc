#include "cli/database_flags.h"

#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "bson/json.h"
#include "cli/holder.h"
#include "cli/interrupt.h"
#include "cli/json_grammar.h"
#include "io/posix_file_system.h"

namespace nacre::cli {
namespace {

// The last part of the path, also of ".", "world/" and "../world".
[[nodiscard]] std::string name_of(const std::string& directory) {
  std::error_code unknown;
  auto path = std::filesystem::absolute(directory, unknown).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

}  // namespace

Result<OpenDatabase> OpenDatabase::open(const std::string& directory, const OpenOptions& wanted) {
  OpenDatabase opened;
  opened.file_system_ = io::make_posix_file_system();
  document::Options options;
  options.engine.file_system = opened.file_system_.get();
  options.engine.create_if_missing = wanted.create;
  options.engine.checkpoint_log_bytes = wanted.checkpoint_log_bytes;
  options.name = name_of(directory);
  auto database = document::Database::open(directory, options);
  if (!database.has_value()) {
    Error error = std::move(database).error();
    if (error.code() != Code::kConflict) return std::unexpected(std::move(error));
    return std::unexpected(std::move(error).while_doing(describe_holder(directory)));
  }
  opened.database_ = *std::move(database);
  return opened;
}

query::Scope OpenDatabase::scope() {
  return query::Scope{.database = *database_, .interrupted = &interrupt_flag()};
}

Result<> OpenDatabase::require_collection(const std::string& name) {
  const auto snapshot = NACRE_TRY(database_->snapshot());
  if (snapshot.catalog().find(name) != nullptr) return {};
  std::string others;
  for (const std::string& each : snapshot.catalog().collection_names()) {
    others += (others.empty() ? "" : ", ") + each;
  }
  return fail(Code::kNotFound, others.empty()
                                   ? format("database {} has no collections", database_->name())
                                   : format("database {} has no collection {}; it has {}",
                                            database_->name(), name, others));
}

void DatabaseFlags::declare(Arguments& arguments) {
  arguments.option("--db", "DIR", directory, "The directory of the database.", Need::kRequired);
}

void CollectionFlags::declare(Arguments& arguments) {
  DatabaseFlags::declare(arguments);
  arguments.option("--collection", "NAME", collection, "The collection in it.", Need::kRequired);
}

Result<OpenDatabase> CollectionFlags::open_with_collection() const {
  auto database = NACRE_TRY(open());
  NACRE_TRY(database.require_collection(collection));
  return database;
}

void QueryFlags::declare(Arguments& arguments, bool with_projection) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  if (with_projection) {
    arguments.option("--projection", "JSON", projection,
                     "Which fields to show: {\"name\": 1, \"_id\": 0}.");
    arguments.option("--sort", "JSON", sort, "The order: {\"population\": -1, \"name\": 1}.");
  }
  arguments.number("--skip", "N", skip, 0, kMost, "Leave out the first N.");
  arguments.number("--limit", "N", limit, 0, kMost, "At most N; 0 means all.");
  arguments.option("--hint", "INDEX", hint,
                   "Use this index: its name or its keys as JSON; {\"$natural\": 1} for none.");
}

Result<bson::Document> parse_json(const std::string& what, const std::string& text) {
  if (const auto fault = find_json_fault(text)) {
    return fail(Code::kInvalid,
                format("{} is not JSON: byte {}: {}", what, fault->offset, fault->reason));
  }
  auto document = bson::from_json(text);
  if (document.has_value()) return *std::move(document);
  return fail(Code::kInvalid, format("{}: {}", what, document.error().what()));
}

Result<Query> Query::parse(const QueryFlags& flags) {
  Query query;
  query.filter = NACRE_TRY(parse_json("the filter", flags.filter));
  query.projection = NACRE_TRY(parse_json("--projection", flags.projection));
  query.sort = NACRE_TRY(parse_json("--sort", flags.sort));
  if (flags.hint.starts_with('{')) {
    const auto keys = NACRE_TRY(parse_json("--hint", flags.hint));
    query.hint = bson::Builder().append("hint", keys).finish();
  } else if (!flags.hint.empty()) {
    query.hint = bson::Builder().append("hint", flags.hint).finish();
  }
  query.skip = flags.skip;
  query.limit = flags.limit;
  return query;
}

query::FindRequest Query::find(const std::string& collection) const {
  return {.collection = collection,
          .filter = filter.view(),
          .projection = projection.view(),
          .sort = sort.view(),
          .skip = skip,
          .limit = limit,
          .hint = hint.find("hint")};
}

query::CountRequest Query::count(const std::string& collection) const {
  return {.collection = collection,
          .filter = filter.view(),
          .skip = skip,
          .limit = limit,
          .hint = hint.find("hint")};
}

}  // namespace nacre::cli
