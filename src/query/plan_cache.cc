#include "query/plan_cache.h"

#include <utility>

#include "base/crc32c.h"
#include "base/text.h"
#include "bson/collation.h"
#include "match/filter.h"
#include "query/projection.h"
#include "query/race.h"
#include "query/run.h"

namespace nacre::query {
namespace {

// What a shape was found for is told when it is no longer than this.
constexpr std::size_t kStoryBytesMax = 4096;

bson::Document sort_of(const PlanRequest& request) {
  bson::Builder sort;
  for (const document::IndexField& field : request.sort) {
    sort.append(field.path, field.descending ? -1 : 1);
  }
  return sort.finish();
}

bson::Document projection_of(const PlanRequest& request) {
  bson::Builder projection;
  for (const std::string& field : request.fields) projection.append(field, 1);
  return projection.finish();
}

std::string hash_of(std::string_view text) { return format("{:08X}", crc32c(as_bytes(text))); }

bson::Document row_of(const std::string& shape, const document::PlanMemory::Entry& entry) {
  const document::PlanMemory::Story& story = entry.story;
  bson::Builder row;
  row.append("version", "1").append("queryHash", hash_of(shape));
  row.append("planCacheShapeHash", hash_of(shape));
  row.append("planCacheKey", hash_of(format("{} {}", shape, entry.version)));
  row.append("isActive", true).append("works", entry.plan.works).append("worksType", "works");
  row.append("timeOfCreation", bson::Date{.milliseconds = story.made_at_ms});
  if (!story.query.view().empty()) {
    row.append("createdFromQuery", story.query).append("cachedPlan", story.plan);
    row.begin_array("creationExecStats").end().begin_array("candidatePlanScores").end();
  }
  row.append("indexFilterSet", false);
  const std::size_t bytes = shape.size() + story.query.bytes().size() + story.plan.bytes().size();
  row.append("estimatedSizeBytes", static_cast<std::int64_t>(sizeof(entry) + bytes));
  return row.append("host", "localhost:27017").finish();
}

}  // namespace

document::PlanMemory::Story story_of(const PlanRequest& request, const Operator& winner,
                                     document::Database& in) {
  document::PlanMemory::Story story{
      .query = {}, .plan = {}, .made_at_ms = static_cast<std::int64_t>(number(in.now()) / 1000)};
  const bson::View filter = request.filter->source();
  if (filter.bytes().size() > kStoryBytesMax) return story;
  bson::Builder query;
  query.append("query", filter).append("sort", sort_of(request));
  query.append("projection", projection_of(request));
  if (request.collator != nullptr) {
    query.append("collation", bson::describe_collation(request.collator));
  }
  story.query = query.finish();
  story.plan = describe_plan(winner);
  return story;
}

std::vector<bson::Document> plan_cache_rows(document::Database& database,
                                            const document::Catalog& catalog,
                                            std::string_view collection) {
  std::vector<bson::Document> rows;
  for (const auto& [shape, entry] : database.plans().list(shape_prefix(collection))) {
    if (entry.version == catalog.version()) rows.push_back(row_of(shape, entry));
  }
  return rows;
}

Result<> forget_plans(document::Database& database, const FindRequest& request) {
  const document::Snapshot snapshot = NACRE_TRY(database.snapshot());
  const document::CollectionInfo* info = snapshot.catalog().find(request.collection);
  const auto collator = collator_for(request.collation, info);
  const match::Filter filter =
      NACRE_TRY(match::Filter::parse(request.filter, {.scope = nullptr, .collator = collator}));
  const Projection projection =
      NACRE_TRY(Projection::parse(request.projection, {.query = request.filter}));
  PlanRequest plan{.collection = info, .filter = &filter, .collator = collator.get()};
  std::vector<document::IndexField> sort;
  if (!request.sort.find("$natural")) sort = NACRE_TRY(sort_fields(request.sort));
  plan.sort = sort;
  if (projection.is_inclusion() && projection.is_plain()) {
    plan.fields = projection.included_paths();
  }
  for (const Need need : {Need::kDocuments, Need::kCount}) {
    database.plans().forget(shape_of(plan, request.collection, need));
  }
  return {};
}

void forget_plans(document::Database& database, std::string_view collection) {
  database.plans().forget_all(shape_prefix(collection));
}

}  // namespace nacre::query
