#include "server/view_reads.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bson/collation.h"
#include "query/view.h"
#include "server/commands.h"
#include "server/scope.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using bson::Element;

constexpr std::int32_t kOptionNotSupportedOnView = 167;
constexpr std::int32_t kDistinctTooBig = 17217;
constexpr std::int64_t kDistinctMax = 10'000'000;

// Of the command, what an aggregate takes as it is.
constexpr std::string_view kShared[] = {"collation", "let", "hint",       "allowDiskUse",
                                        "comment",   "$db", "readConcern"};

// A view's own collation holds, not that of the collection behind it.
void append_collation(bson::Builder& to, const query::ResolvedView& view) {
  to.append("collation", bson::describe_collation(view.collator.get()));
}

class AggregateCommand {
 public:
  AggregateCommand(const Fields& fields, const query::ResolvedView& view)
      : fields_(fields), view_(view) {
    command_.append("aggregate", view.collection).begin_array("pipeline");
    for (const Element& stage : view.pipeline.view()) command_.push(stage);
  }

  // A stage with the value of a field, unless that is absent or empty.
  void add(std::string_view stage, std::string_view field) {
    const Element value = fields_.get(field);
    const bool empty = !value || value.is_null_like() ||
                       (value.is(bson::Type::kDocument) && value.document().empty()) ||
                       (value.is_number() && value.as_int64() == 0);
    if (!empty) command_.push_begin_document().append(stage, value).end();
  }
  // A new stage to be written and ended, and the one that is being written.
  bson::Builder& stage() { return command_.push_begin_document(); }
  bson::Builder& open_stage() { return command_; }

  bson::Document finish(std::optional<std::int64_t> batch_size) {
    command_.end().begin_document("cursor");
    if (batch_size) command_.append_number("batchSize", *batch_size);
    command_.end();
    for (const std::string_view name : kShared) {
      if (const Element value = fields_.get(name); value) command_.append(value);
    }
    if (!fields_.get("collation")) append_collation(command_, view_);
    return command_.finish();
  }

 private:
  const Fields& fields_;
  const query::ResolvedView& view_;
  bson::Builder command_;
};

Result<> run(const Request& request, const bson::Document& command, bson::Builder& reply) {
  const Request as_aggregate{.services = request.services,
                             .peer = request.peer,
                             .database = request.database,
                             .fields = Fields(command, nullptr),
                             .max_time_ms = request.max_time_ms,
                             .transaction = request.transaction};
  return aggregate(as_aggregate, reply);
}

// The one document that the aggregate gives; empty when it gives none.
Result<bson::Document> run_for_one(const Request& request, const bson::Document& command) {
  bson::Builder reply;
  NACRE_TRY(run(request, command, reply));
  const bson::Document answer = reply.finish();
  const Element batch = answer.get("cursor.firstBatch");
  if (!batch.is(bson::Type::kArray) || batch.array().empty()) return bson::Document();
  return bson::Document(batch.array().begin()->document());
}

// What the command's collection is a view of; nothing when it is none.
Result<std::optional<query::ResolvedView>> view_of(const Request& request) {
  const Element first = *request.fields.body().begin();
  if (!first.is(bson::Type::kString)) return std::nullopt;
  const auto database = NACRE_TRY(find_database(request));
  if (!database) return std::nullopt;
  const document::Snapshot snapshot = NACRE_TRY((*database)->snapshot());
  query::ResolvedView view = NACRE_TRY(query::resolve_view(snapshot.catalog(), first.string()));
  if (!view.is_view) return std::nullopt;
  const query::Collation asked = NACRE_TRY(request.fields.collation());
  if (asked && !same_collation(asked->get(), view.collator.get())) {
    return fail(Code::kInvalid, kOptionNotSupportedOnView,
                "Cannot override a view's default collation");
  }
  return view;
}

Result<> find_in_view(const Request& request, const query::ResolvedView& view,
                      bson::Builder& reply) {
  AggregateCommand command(request.fields, view);
  command.add("$match", "filter");
  command.add("$sort", "sort");
  command.add("$skip", "skip");
  command.add("$limit", "limit");
  command.add("$project", "projection");
  std::optional<std::int64_t> batch_size;
  if (request.fields.get("batchSize")) {
    batch_size = NACRE_TRY(request.fields.count("batchSize", 0));
  }
  return run(request, command.finish(batch_size), reply);
}

Result<> count_in_view(const Request& request, const query::ResolvedView& view,
                       bson::Builder& reply) {
  AggregateCommand command(request.fields, view);
  command.add("$match", "query");
  command.add("$skip", "skip");
  command.add("$limit", "limit");
  command.stage().append("$count", "count").end();
  const bson::Document counted = NACRE_TRY(run_for_one(request, command.finish(std::nullopt)));
  reply.append_number("n", counted.find("count").as_int64().value_or(0));
  return {};
}

Result<> distinct_in_view(const Request& request, const query::ResolvedView& view,
                          bson::Builder& reply) {
  const std::string key(NACRE_TRY(request.fields.required_string("key")));
  AggregateCommand command(request.fields, view);
  command.add("$match", "query");
  // Arrays on the way, and at the end, count by their elements.
  for (std::size_t dot = key.find('.');; dot = key.find('.', dot + 1)) {
    command.stage().begin_document("$unwind").append("path", "$" + key.substr(0, dot));
    command.open_stage().append("preserveNullAndEmptyArrays", true).end().end();
    if (dot == std::string::npos) break;
  }
  command.stage().begin_document("$match").begin_document(key).append("$exists", true);
  command.open_stage().end().end().end();
  command.stage().begin_document("$group").append("_id", "$" + key).end().end();
  bson::Builder answered;
  NACRE_TRY(run(request, command.finish(kDistinctMax), answered));
  const bson::Document answer = answered.finish();
  if (answer.get("cursor.id").as_int64() != 0) {
    return fail(Code::kInvalid, kDistinctTooBig, "distinct too big, 16mb cap");
  }
  reply.begin_array("values");
  for (const Element& row : answer.get("cursor.firstBatch").array()) {
    reply.push(row.document().find("_id"));
  }
  reply.end();
  return {};
}

Result<> aggregate_in_view(const Request& request, const query::ResolvedView& view,
                           bson::Builder& reply) {
  const bson::View pipeline = NACRE_TRY(request.fields.required_array("pipeline"));
  bson::Builder command;
  command.append("aggregate", view.collection).begin_array("pipeline");
  for (const Element& stage : view.pipeline.view()) command.push(stage);
  for (const Element& stage : pipeline) command.push(stage);
  command.end();
  for (const Element& field : request.fields.body()) {
    if (field.name() != "aggregate" && field.name() != "pipeline") command.append(field);
  }
  if (!request.fields.get("collation")) append_collation(command, view);
  return run(request, command.finish(), reply);
}

}  // namespace

Result<> find_anywhere(const Request& request, bson::Builder& reply) {
  const auto view = NACRE_TRY(view_of(request));
  return view ? find_in_view(request, *view, reply) : find(request, reply);
}

Result<> count_anywhere(const Request& request, bson::Builder& reply) {
  const auto view = NACRE_TRY(view_of(request));
  return view ? count_in_view(request, *view, reply) : count(request, reply);
}

Result<> distinct_anywhere(const Request& request, bson::Builder& reply) {
  const auto view = NACRE_TRY(view_of(request));
  return view ? distinct_in_view(request, *view, reply) : distinct(request, reply);
}

Result<> aggregate_anywhere(const Request& request, bson::Builder& reply) {
  const auto view = NACRE_TRY(view_of(request));
  return view ? aggregate_in_view(request, *view, reply) : aggregate(request, reply);
}

}  // namespace nacre::server
