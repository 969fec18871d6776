// From a filter to a plan that runs.
#include <algorithm>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "document/index_keys.h"
#include "query/capped_scan.h"
#include "query/race.h"
#include "query/run.h"
#include "query/scan.h"
#include "query/variables.h"

namespace nacre::query {
namespace {

using error_codes::kCommandNotSupportedOnView;

// {_id: value} with a value that can only be an equality: the way of most reads, worth no parsing.
bson::Element id_of_simple_filter(const bson::View& filter) {
  const auto first = filter.begin();
  if (first == filter.end() || first->name() != "_id") return {};
  const bson::Element id = *first;
  if (++bson::View::Iterator(first) != filter.end()) return {};
  switch (id.type()) {
    case bson::Type::kObjectId:
    case bson::Type::kString:
    case bson::Type::kInt32:
    case bson::Type::kInt64:
    case bson::Type::kDate:
    case bson::Type::kBinary:
      return id;
    default:
      return {};
  }
}

}  // namespace

Result<Reader> open_reader(const Scope& scope) {
  const auto open = [&]() -> Result<Reader> {
    if (scope.transaction != nullptr) return Reader(*scope.transaction);
    if (scope.at != nullptr) return Reader(*scope.at);
    document::Snapshot snapshot = NACRE_TRY(scope.database.snapshot());
    return Reader(std::move(snapshot));
  };
  Reader reader = NACRE_TRY(open());
  reader.set_database(scope.database);
  return reader;
}

namespace {

// A $text that some documents need not meet: the side of an $or.
std::unexpected<Error> refuse_text(const document::CollectionInfo* info) {
  const bool has_index =
      info != nullptr && std::ranges::any_of(info->indexes, [](const document::IndexInfo& index) {
        return index.options.text != nullptr;
      });
  if (!has_index)
    return fail(Code::kInvalid, error_codes::kIndexNotFound, "text index required for $text query");
  return fail(Code::kInvalid, error_codes::kNoQueryExecutionPlans,
              "$text as one of several sides of an $or has no plan");
}

// Measurements are found by their time; a $match beside $geoNear is what MongoDB asks for.
Result<> check_near(const AccessRequest& request, const match::Filter& filter,
                    const document::CollectionInfo* info) {
  if (filter.near() == nullptr) return {};
  if (request.near != nullptr) {
    return fail(Code::kInvalid, error_codes::kBadValue, "Too many geoNear expressions");
  }
  if (text_condition(request.filter)) {
    return fail(Code::kInvalid, error_codes::kBadValue,
                "text and geoNear not allowed in same query");
  }
  if (info == nullptr || !info->settings.series) return {};
  constexpr std::int32_t kNearNotAllowed = 5626500;
  return fail(Code::kInvalid, kNearNotAllowed,
              "$geoNear, $near, and $nearSphere are not allowed in this context");
}

// What documents must meet beside a $text, which the plan sees to.
Result<match::Filter> parse_filter(const AccessRequest& request,
                                   const match::FilterOptions& options,
                                   const document::CollectionInfo* info) {
  match::Filter filter = NACRE_TRY(match::Filter::parse(request.filter, options));
  NACRE_TRY(check_near(request, filter, info));
  if (text_condition(request.filter)) {
    return match::Filter::parse(without_text(request.filter), options);
  }
  if (filter.has_text()) return refuse_text(info);
  return filter;
}

}  // namespace

Result<OpenedAccess> open_access(Execution& execution, const AccessRequest& request) {
  OpenedAccess opened;
  const document::Catalog& catalog = execution.reader.catalog();
  const document::CollectionInfo* info =
      request.found != nullptr ? request.found : catalog.find(request.collection);
  if (info != nullptr && info->settings.is_view) {
    return fail(Code::kInvalid, kCommandNotSupportedOnView,
                format("{} is a view: it is read through its pipeline", request.collection));
  }
  const bson::Element id = id_of_simple_filter(request.filter);
  const bool plain_id = id && (request.collator == nullptr || !id.is(bson::Type::kString));
  if (plain_id && request.near == nullptr && info != nullptr && !info->settings.series &&
      !request.hint && !info->shortened_ids && request.min.empty() && request.max.empty()) {
    opened.root = std::make_unique<IdLookup>(
        execution, IdLookup::Plan{.collection = info, .key = document::id_key(id)});
    opened.sorted = true;
    return opened;
  }
  const bson::Element text = text_condition(request.filter);
  const match::FilterOptions options{
      .scope = request.variables,
      .collator = std::shared_ptr<const text::Collator>(std::shared_ptr<void>(), request.collator),
      .is_prepared = false};
  match::Filter filter = NACRE_TRY(parse_filter(request, options, info));
  if (request.environment != nullptr) filter.evaluate_in(*request.environment);
  auto kept = std::make_unique<match::Filter>(std::move(filter));
  match::Filter& kept_filter = *kept;
  opened.filter = std::move(kept);
  const PlanRequest plan{.collection = info,
                         .filter = opened.filter.get(),
                         .sort = request.sort,
                         .hint = request.hint,
                         .collator = request.collator,
                         .min = request.min,
                         .max = request.max,
                         .fields = request.fields,
                         .text = text,
                         .by_text_score = request.by_text_score,
                         .near = request.near};
  std::vector<Access> accesses = NACRE_TRY(candidates(plan));
  if (!std::ranges::all_of(accesses, &Access::covers_filter)) kept_filter.prepare();
  const bool in_order = info != nullptr && info->order && request.sort.empty() &&
                        accesses.size() == 1 && accesses.front().kind == AccessKind::kCollection &&
                        !accesses.front().bounds.bounded();
  if (in_order) {
    const match::Filter* asked =
        opened.filter->matches_everything() ? nullptr : opened.filter.get();
    opened.root = std::make_unique<CappedScan>(
        execution, CappedScan::Plan{
                       .collection = info, .backward = accesses.front().backward, .filter = asked});
    return opened;
  }
  RaceRequest raced{.filter = opened.filter.get(),
                    .need = request.need,
                    .wants_order = !request.sort.empty(),
                    .rows = request.rows,
                    .shape = {},
                    .asked = &plan,
                    .catalog_version = catalog.version()};
  if (accesses.size() > 1 && !request.explained) {
    raced.shape = shape_of(plan, request.collection, request.need);
  }
  Raced won = NACRE_TRY(race(execution, std::move(accesses), raced));
  opened.sorted = won.sorted;
  opened.root = std::move(won.root);
  if (request.explained) opened.rejected = std::move(won.losers);
  return opened;
}

Result<OpenedRun> open_run(const Scope& scope, AccessRequest request) {
  Reader reader = NACRE_TRY(open_reader(scope));
  OpenedRun opened{.run = std::make_unique<Run>(std::move(reader), scope)};
  Run& run = *opened.run;
  const document::CollectionInfo* info = run.execution.reader.catalog().find(request.collection);
  run.set_collator(collator_for(request.collation, info));
  NACRE_TRY(define_variables(request.let, run.variables, run.execution.environment));
  request.explained = scope.explained;
  request.variables = &run.variables;
  request.collator = run.collator();
  request.found = info;
  OpenedAccess access = NACRE_TRY(open_access(opened.run->execution, request));
  opened.run->filter = std::move(access.filter);
  opened.run->root = std::move(access.root);
  opened.run->rejected = std::move(access.rejected);
  opened.sorted = access.sorted;
  return opened;
}

}  // namespace nacre::query
