#include "aggregation/aggregate.h"

#include <array>
#include <utility>
#include <vector>

#include "aggregation/group.h"
#include "base/text.h"
#include "query/run.h"
#include "query/scan.h"
#include "query/shape.h"

namespace nacre::aggregation {
namespace {

constexpr std::int32_t kUnrecognizedStage = 40324;
constexpr std::int32_t kStageShape = 40323;

Result<std::vector<bson::Element>> parse_stages(const bson::View& pipeline) {
  std::vector<bson::Element> stages;
  for (const bson::Element& stage : pipeline) {
    if (!stage.is(bson::Type::kDocument) || stage.document().count() != 1) {
      return fail(Code::kInvalid, kStageShape,
                  "A pipeline stage specification object must contain exactly one field.");
    }
    stages.push_back(*stage.document().begin());
  }
  return stages;
}

Result<std::int64_t> parse_count(const bson::Element& stage, std::int64_t least,
                                 std::int32_t number) {
  const auto count = stage.as_int64();
  if (!count || *count < least) {
    return fail(Code::kInvalid, number,
                format("invalid argument to {} stage: expected a whole number of at least {}",
                       stage.name(), least));
  }
  return *count;
}

Result<bson::View> parse_document(const bson::Element& stage, std::int32_t number) {
  if (stage.is(bson::Type::kDocument)) return stage.document();
  return fail(Code::kInvalid, number,
              format("the {} specification must be an object", stage.name()));
}

Result<std::string> parse_count_name(const bson::Element& stage) {
  const std::string_view name = stage.is(bson::Type::kString) ? stage.string() : "";
  if (name.empty() || name.starts_with('$') || name.contains('.') || name.contains('\0')) {
    return fail(Code::kInvalid, 40156,
                "the count field must be a non-empty string without '$' in front and without '.'");
  }
  return std::string(name);
}

// Where a $limit comes right behind a sort, that many rows are all it needs to keep.
Result<std::size_t> limit_behind(const std::vector<bson::Element>& stages, std::size_t sort) {
  if (sort + 1 >= stages.size() || stages[sort + 1].name() != "$limit") return 0;
  const std::int64_t limit = NACRE_TRY(parse_count(stages[sort + 1], 1, 15958));
  return static_cast<std::size_t>(limit);
}

Result<std::unique_ptr<query::Operator>> add_stage(std::unique_ptr<query::Operator> input,
                                                   const std::vector<bson::Element>& stages,
                                                   std::size_t at) {
  const bson::Element& stage = stages[at];
  const std::string_view name = stage.name();
  if (name == "$match") {
    const bson::View condition = NACRE_TRY(parse_document(stage, 15959));
    match::Filter filter = NACRE_TRY(match::Filter::parse(condition));
    return std::make_unique<query::Match>(std::move(input), std::move(filter));
  }
  if (name == "$sort") {
    const bson::View sort = NACRE_TRY(parse_document(stage, 15973));
    if (sort.empty())
      return fail(Code::kInvalid, 15976, "$sort stage must have at least one sort key");
    const std::size_t limit = NACRE_TRY(limit_behind(stages, at));
    return query::add_sort(std::move(input), sort, limit);
  }
  if (name == "$skip") {
    const std::int64_t count = NACRE_TRY(parse_count(stage, 0, 5107200));
    return std::make_unique<query::Skip>(std::move(input), count);
  }
  if (name == "$limit") {
    const std::int64_t count = NACRE_TRY(parse_count(stage, 1, 15958));
    return std::make_unique<query::Limit>(std::move(input), count);
  }
  if (name == "$project") {
    const bson::View specification = NACRE_TRY(parse_document(stage, 15969));
    if (specification.empty()) {
      return fail(Code::kInvalid, 51272, "projection specification must have at least one field");
    }
    query::Projection projection = NACRE_TRY(query::Projection::parse(specification));
    return std::make_unique<query::Project>(std::move(input), std::move(projection),
                                            bson::Document(specification));
  }
  if (name == "$group") {
    GroupSpec spec = NACRE_TRY(GroupSpec::parse(stage));
    return std::make_unique<Group>(std::move(input), std::move(spec));
  }
  if (name == "$count") {
    std::string field = NACRE_TRY(parse_count_name(stage));
    return std::make_unique<CountRows>(std::move(input), std::move(field));
  }
  return fail(Code::kUnsupported, kUnrecognizedStage,
              format("Unrecognized pipeline stage name: '{}'", name));
}

// Whether `stage` only counts what comes in.
bool only_counts(const bson::Element& stage) {
  if (stage.name() == "$count") return true;
  if (stage.name() != "$group") return false;
  const auto spec = GroupSpec::parse(stage);
  return spec.has_value() && spec->only_counts();
}

Result<std::unique_ptr<query::Run>> open_aggregate(const query::Scope& scope,
                                                   const AggregateRequest& request) {
  const std::vector<bson::Element> stages = NACRE_TRY(parse_stages(request.pipeline));
  query::AccessRequest access{.collection = request.collection, .filter = {}, .hint = request.hint};
  std::size_t at = 0;
  if (at < stages.size() && stages[at].name() == "$match") {
    access.filter = NACRE_TRY(parse_document(stages[at], 15959));
    ++at;
  }
  if (at < stages.size() && stages[at].name() == "$sort") {
    const bson::View sort = NACRE_TRY(parse_document(stages[at], 15973));
    access.sort = NACRE_TRY(query::sort_fields(sort));
  }
  if (at < stages.size() && only_counts(stages[at])) access.need = query::Need::kCount;
  query::OpenedRun opened = NACRE_TRY(query::open_run(scope, access));
  if (!access.sort.empty() && opened.sorted) ++at;
  for (; at < stages.size(); ++at) {
    opened.run->root = NACRE_TRY(add_stage(std::move(opened.run->root), stages, at));
  }
  return std::move(opened.run);
}

}  // namespace

Result<query::Cursor> aggregate(const query::Scope& scope, const AggregateRequest& request) {
  auto run = NACRE_TRY(open_aggregate(scope, request));
  return query::Cursor(std::move(run));
}

Result<bson::Document> explain(const query::Scope& scope, const AggregateRequest& request,
                               query::Verbosity verbosity) {
  const auto run = NACRE_TRY(open_aggregate(scope, request));
  const bson::View filter = run->filter == nullptr ? bson::View() : run->filter->source();
  return query::explain_run(scope, request.collection, filter, *run, verbosity);
}

}  // namespace nacre::aggregation
