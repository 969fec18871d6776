#include "aggregation/view_reads.h"

#include <memory>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/collation.h"
#include "bson/validate.h"
#include "query/reader.h"
#include "query/run.h"
#include "query/view.h"

namespace nacre::aggregation {
namespace {

using bson::View;
using query::ResolvedView;

using error_codes::kCommandNotSupportedOnView;
using error_codes::kInvalidPipelineOperator;
using error_codes::kOptionNotSupportedOnView;
constexpr std::int32_t kDistinctTooBig = 17217;

// A name that queries read, where it is a view's.
Result<std::optional<ResolvedView>> view_of(const document::Catalog& catalog, std::string_view name,
                                            const query::Collation& asked) {
  const document::CollectionInfo* info = catalog.find(name);
  if (info == nullptr || !info->settings.is_view) return std::nullopt;
  ResolvedView view = NACRE_TRY(query::resolve_view(catalog, name));
  if (asked && !same_collation(asked->get(), view.collator.get())) {
    return fail(Code::kInvalid, kOptionNotSupportedOnView,
                "Cannot override a view's default collation");
  }
  return view;
}

// The view's pipeline and what follows it.
class Stages {
 public:
  explicit Stages(const ResolvedView& view) : view_(view) { add_all(view.pipeline); }

  void add_all(const View& stages) {
    for (const bson::Element& stage : stages) stages_.push(stage);
  }
  void add(std::string_view stage, const View& value) {
    if (!value.empty()) stages_.push_begin_document().append(stage, value).end();
  }
  void add(std::string_view stage, std::int64_t count) {
    if (count > 0) stages_.push_begin_document().append_number(stage, count).end();
  }
  // A stage to be written and ended.
  bson::Builder& begin() { return stages_.push_begin_document(); }
  bson::Builder& builder() { return stages_; }

  ViewRead finish(bson::Builder options = {}) {
    return {.collection = view_.collection,
            .pipeline = stages_.finish(),
            .collation = bson::describe_collation(view_.collator.get()),
            .options = options.finish()};
  }

 private:
  const ResolvedView& view_;
  bson::Builder stages_ = bson::Builder::array();
};

Result<> check_find_on_view(const query::FindRequest& request) {
  const auto refused = [](std::string_view option) {
    return fail(Code::kInvalid, kInvalidPipelineOperator,
                format("Option {} not supported in aggregation.", option));
  };
  if (!request.min.empty()) return refused("min");
  if (!request.max.empty()) return refused("max");
  if (request.return_key) return refused("returnKey");
  if (request.show_record_id) return refused("showRecordId");
  if (request.tailable) return refused("tailable");
  if (!request.sort.find("$natural")) return {};
  return fail(Code::kInvalid, kInvalidPipelineOperator,
              "Sort option $natural not supported in aggregation");
}

bson::Builder options_of(const bson::Element& hint, const View& let = {}) {
  bson::Builder options;
  if (hint) options.append("hint", hint);
  if (!let.empty()) options.append("let", let);
  return options;
}

// What only a view's pipeline can answer.
bool is_about_view(const Error& error) { return error.number() == kCommandNotSupportedOnView; }

template <class Request>
Result<ViewRead> resolve(const query::Scope& scope, const Request& request) {
  const query::Reader reader = NACRE_TRY(query::open_reader(scope));
  auto read = NACRE_TRY(read_of_view(reader.catalog(), request));
  if (read) return *std::move(read);
  return fail(Code::kConflict, kCommandNotSupportedOnView,
              format("{} was a view a moment ago and is none now", request.collection));
}

template <class Request>
Result<query::Cursor> open_read(const query::Scope& scope, const Request& request) {
  const ViewRead read = NACRE_TRY(resolve(scope, request));
  return aggregate(scope, read.request());
}

}  // namespace

AggregateRequest ViewRead::request(AggregateRequest like) const {
  like.collection = collection;
  like.pipeline = pipeline;
  like.collation = collation;
  if (const bson::Element hint = options.find("hint")) like.hint = hint;
  if (const bson::Element let = options.find("let")) like.let = let.document();
  return like;
}

bson::Document ViewRead::command() const {
  bson::Builder command;
  command.append("aggregate", collection).append_array("pipeline", pipeline);
  command.begin_document("cursor").end().append("collation", collation).append_all(options);
  return command.finish();
}

Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                             const query::FindRequest& request) {
  const auto view = NACRE_TRY(view_of(catalog, request.collection, request.collation));
  if (!view) return std::nullopt;
  NACRE_TRY(check_find_on_view(request));
  Stages stages(*view);
  stages.add("$match", request.filter);
  stages.add("$sort", request.sort);
  stages.add("$skip", request.skip);
  stages.add("$limit", request.limit);
  stages.add("$project", request.projection);
  return stages.finish(options_of(request.hint, request.let));
}

Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                             const query::CountRequest& request) {
  const auto view = NACRE_TRY(view_of(catalog, request.collection, request.collation));
  if (!view) return std::nullopt;
  Stages stages(*view);
  stages.add("$match", request.filter);
  stages.add("$skip", request.skip);
  stages.add("$limit", request.limit);
  stages.begin().append("$count", "count").end();
  return stages.finish(options_of(request.hint));
}

Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                             const query::DistinctRequest& request) {
  const auto view = NACRE_TRY(view_of(catalog, request.collection, request.collation));
  if (!view) return std::nullopt;
  const std::string path(request.path);
  Stages stages(*view);
  stages.add("$match", request.filter);
  // Arrays on the way, and at the end, count by their elements.
  for (std::size_t dot = path.find('.');; dot = path.find('.', dot + 1)) {
    stages.begin().begin_document("$unwind").append("path", "$" + path.substr(0, dot));
    stages.builder().append("preserveNullAndEmptyArrays", true).end().end();
    if (dot == std::string::npos) break;
  }
  stages.begin().begin_document("$match").begin_document(path).append("$exists", true);
  stages.builder().end().end().end();
  stages.begin().begin_document("$group").append("_id", "$" + path).end().end();
  stages.begin().begin_document("$sort").append("_id", 1).end().end();
  return stages.finish(options_of(request.hint));
}

Result<std::optional<ViewRead>> read_of_view(const document::Catalog& catalog,
                                             const AggregateRequest& request) {
  query::Collation asked;
  if (!request.collation.empty()) asked = NACRE_TRY(bson::parse_collation(request.collation));
  const auto view = NACRE_TRY(view_of(catalog, request.collection, asked));
  if (!view) return std::nullopt;
  Stages stages(*view);
  stages.add_all(request.pipeline);
  return stages.finish(options_of(request.hint, request.let));
}

Result<query::Cursor> find(const query::Scope& scope, const query::FindRequest& request) {
  auto cursor = query::find(scope, request);
  if (cursor || !is_about_view(cursor.error())) return cursor;
  return open_read(scope, request);
}

Result<bson::Document> explain(const query::Scope& scope, const query::FindRequest& request,
                               query::Verbosity verbosity) {
  auto plan = query::explain(scope, request, verbosity);
  if (plan || !is_about_view(plan.error())) return plan;
  const ViewRead read = NACRE_TRY(resolve(scope, request));
  return explain(scope, read.request(), verbosity);
}

Result<std::int64_t> count(const query::Scope& scope, const query::CountRequest& request) {
  auto counted = query::count(scope, request);
  if (counted || !is_about_view(counted.error())) return counted;
  query::Cursor cursor = NACRE_TRY(open_read(scope, request));
  const auto row = NACRE_TRY(cursor.next());
  return row ? row->find("count").as_int64().value_or(0) : 0;
}

Result<bson::Document> distinct(const query::Scope& scope, const query::DistinctRequest& request) {
  auto found = query::distinct(scope, request);
  if (found || !is_about_view(found.error())) return found;
  query::Cursor cursor = NACRE_TRY(open_read(scope, request));
  bson::Builder values = bson::Builder::array();
  while (true) {
    const auto row = NACRE_TRY(cursor.next());
    if (!row) return values.finish();
    values.push(row->find("_id"));
    if (values.size() > bson::kDocumentBytesMax) {
      return fail(Code::kFull, kDistinctTooBig, "distinct too big, 16mb cap");
    }
  }
}

}  // namespace nacre::aggregation
