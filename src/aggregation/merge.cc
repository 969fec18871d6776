// $merge: each row is put into a collection, into the document that it belongs to if there is one.
//
// A batch of rows is one commit. Rows of earlier batches stay when a later one fails, as in
// MongoDB.
#include <algorithm>
#include <utility>

#include "aggregation/path_edit.h"
#include "aggregation/pipeline_variables.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "aggregation/write_target.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "document/writer.h"

namespace nacre::aggregation {
namespace {

enum class WhenMatched : std::uint8_t { kReplace, kKeepExisting, kMerge, kFail, kPipeline };
enum class WhenNotMatched : std::uint8_t { kInsert, kDiscard, kFail };

struct MergeSpec {
  WriteTarget target;
  std::vector<std::string> on;
  WhenMatched matched = WhenMatched::kMerge;
  WhenNotMatched not_matched = WhenNotMatched::kInsert;
  RowVariables let;   // of the pipeline
  Pipeline pipeline;  // kPipeline
};

bson::Document merged(const bson::View& before, const bson::View& after) {
  bson::Builder both;
  for (const bson::Element& field : before) {
    const bson::Element newer = after.find(field.name());
    both.append(newer ? newer : field);
  }
  for (const bson::Element& field : after) {
    if (!before.find(field.name())) both.append(field);
  }
  return both.finish();
}

class MergeRows final : public WriteRows {
 public:
  MergeRows(OperatorPtr input, const MergeSpec& spec, Context& context)
      : WriteRows(std::move(input), context), spec_(spec), inside_(context.fork()) {}
  [[nodiscard]] std::string_view stage() const override { return "MERGE"; }

 private:
  Result<> write(std::vector<bson::Document> rows) override {
    const auto body = [&](document::Transaction& transaction) -> Result<> {
      const query::Scope scope{.database = *spec_.target.database, .transaction = &transaction};
      for (const bson::Document& row : rows) NACRE_TRY(write_one(scope, row));
      return {};
    };
    NACRE_TRY(spec_.target.database->transact(body));
    return {};
  }

  Result<> write_one(const query::Scope& scope, const bson::View& row) {
    const bson::Document filter = NACRE_TRY(filter_of(row));
    std::optional<bson::Document> before;
    if (!filter.view().empty()) {
      query::Cursor cursor = NACRE_TRY(query::find(
          scope,
          {.collection = spec_.target.collection, .filter = filter, .limit = 1, .hint = {}}));
      const auto found = NACRE_TRY(cursor.next());
      if (found) before = bson::Document(*found);
    }
    return before ? write_matched(scope, row, *before) : write_new(scope, row);
  }

  // What finds the document that a row belongs to; {} for a row without _id, which belongs to none.
  Result<bson::Document> filter_of(const bson::View& row) const {
    bson::Builder filter;
    for (const std::string& path : spec_.on) {
      const bson::Element value = find_path(row, split_path(path));
      if (!value && path == "_id") return bson::Document();
      if (!value || value.is_null_like()) {
        return fail(Code::kInvalid, 51132,
                    "$merge write error: 'on' field cannot be missing, null or undefined");
      }
      if (value.is(bson::Type::kArray)) {
        return fail(Code::kInvalid, 51185,
                    format("$merge write error: 'on' field '{}' cannot be an array", path));
      }
      filter.begin_document(path).append("$eq", value).end();
    }
    return filter.finish();
  }

  Result<> write_matched(const query::Scope& scope, const bson::View& row,
                         const bson::View& before) {
    switch (spec_.matched) {
      case WhenMatched::kReplace:
        return replace(scope, before, row);
      case WhenMatched::kMerge:
        return replace(scope, before, merged(before, row));
      case WhenMatched::kPipeline: {
        const bson::Document made = NACRE_TRY(run_pipeline(before, row));
        return replace(scope, before, made);
      }
      case WhenMatched::kFail:
        return std::unexpected(there_already(row));
      case WhenMatched::kKeepExisting:
        break;
    }
    return {};
  }

  [[nodiscard]] Error there_already(const bson::View& row) const {
    bson::Builder pattern;
    bson::Builder values;
    for (const std::string& path : spec_.on) {
      pattern.append(path, 1);
      values.append(path, find_path(row, split_path(path)));
    }
    const bool by_id = spec_.on.size() == 1 && spec_.on.front() == "_id";
    return document::duplicate_key(spec_.target.database->name(), spec_.target.collection,
                                   by_id ? document::kIdIndexName : "of $merge's on",
                                   pattern.finish(), values.finish());
  }

  Result<> write_new(const query::Scope& scope, const bson::View& row) {
    if (spec_.not_matched == WhenNotMatched::kDiscard) return {};
    if (spec_.not_matched == WhenNotMatched::kFail) {
      return fail(Code::kInvalid, error_codes::kMergeStageNoMatchingDocument,
                  "$merge could not find a matching document in the target collection for at least "
                  "one document in the source collection");
    }
    const bson::View documents[] = {row};
    query::InsertResult result =
        NACRE_TRY(query::insert(scope, {.collection = spec_.target.collection,
                                        .documents = documents,
                                        .bypass_validation = spec_.target.bypass_validation}));
    if (result.errors.empty()) return {};
    return std::unexpected(std::move(result.errors.front().error));
  }

  Result<> replace(const query::Scope& scope, const bson::View& before, const bson::View& after) {
    bson::Builder filter;
    filter.begin_document("_id").append("$eq", before.find("_id")).end();
    const bson::Document by_id = filter.finish();
    const auto done = query::update(scope, {.collection = spec_.target.collection,
                                            .filter = by_id,
                                            .update = after,
                                            .bypass_validation = spec_.target.bypass_validation});
    if (done) return {};
    return std::unexpected(done.error().clone());
  }

  Result<bson::Document> run_pipeline(const bson::View& before, const bson::View& row) {
    NACRE_TRY(spec_.let.set(row, context_, inside_, let_values_));
    auto feed = std::make_unique<Feed>();
    feed->put(before);
    const OperatorPtr root = NACRE_TRY(spec_.pipeline.open(std::move(feed), 0, inside_));
    const auto made = NACRE_TRY(root->next());
    return made ? bson::Document(made->document) : bson::Document(before);
  }

  const MergeSpec& spec_;
  Context inside_;
  std::vector<bson::Value> let_values_;
};

class MergeStage final : public StageSpec {
 public:
  explicit MergeStage(MergeSpec spec) : spec_(std::move(spec)) {}
  [[nodiscard]] std::string_view name() const override { return "$merge"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return std::make_unique<MergeRows>(std::move(input), spec_, context);
  }
  [[nodiscard]] bool writes() const override { return true; }

 private:
  MergeSpec spec_;
};

Result<TargetNames> parse_into(const bson::Element& into) {
  TargetNames names;
  if (into.is(bson::Type::kString)) {
    if (into.string().empty()) {
      return fail(Code::kInvalid, 5786800, "Invalid $merge target namespace: it is empty");
    }
    names.collection = into.string();
    return names;
  }
  if (!into.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 51178,
                format("$merge 'into' field must be either a string or an object, but found {}",
                       bson::name(into.type())));
  }
  for (const bson::Element& field : into.document()) {
    if (field.name() != "db" && field.name() != "coll") return unknown_field("into", field);
    if (!field.is(bson::Type::kString)) return wrong_type("into", field, "string");
    (field.name() == "db" ? names.database : names.collection) = field.string();
  }
  if (names.collection.empty()) {
    return fail(Code::kInvalid, 5786801, "Invalid $merge target namespace: 'coll' is missing");
  }
  return names;
}

Result<std::vector<std::string>> parse_on(const bson::Element& on) {
  if (on.is(bson::Type::kString)) return std::vector<std::string>{std::string(on.string())};
  if (!on.is(bson::Type::kArray)) {
    return fail(Code::kInvalid, 51186,
                format("$merge 'on' field must be either a string or an array of strings, but "
                       "found {}",
                       bson::name(on.type())));
  }
  std::vector<std::string> fields;
  for (const bson::Element& field : on.array()) {
    if (!field.is(bson::Type::kString)) {
      return fail(Code::kInvalid, 51134,
                  format("$merge 'on' array elements must be strings, but found {}",
                         bson::name(field.type())));
    }
    if (std::ranges::find(fields, field.string()) != fields.end()) {
      return fail(Code::kInvalid, 31465,
                  format("Found a duplicate field '{}' in $merge.on", field.string()));
    }
    fields.emplace_back(field.string());
  }
  if (fields.empty()) {
    return fail(Code::kInvalid, 51187,
                "If explicitly specifying $merge 'on', must include at least one field");
  }
  return fields;
}

// The fields of `on` are those of a unique index, so that they name one document at most.
Result<> check_unique(const MergeSpec& spec) {
  if (spec.on.size() == 1 && spec.on.front() == "_id") return {};
  const document::Snapshot now = NACRE_TRY(spec.target.database->snapshot());
  const document::CollectionInfo* info = now.catalog().find(spec.target.collection);
  const auto is_it = [&spec](const document::IndexInfo& index) {
    if (!index.unique || index.state != document::IndexState::kReady ||
        index.fields.size() != spec.on.size()) {
      return false;
    }
    return std::ranges::all_of(index.fields, [&spec](const document::IndexField& field) {
      return std::ranges::find(spec.on, field.path) != spec.on.end();
    });
  };
  if (info != nullptr && std::ranges::any_of(info->indexes, is_it)) return {};
  return fail(Code::kInvalid, 51183, "Cannot find index to verify that join fields will be unique");
}

Result<WhenMatched> parse_matched(std::string_view word) {
  if (word == "replace") return WhenMatched::kReplace;
  if (word == "keepExisting") return WhenMatched::kKeepExisting;
  if (word == "merge") return WhenMatched::kMerge;
  if (word == "fail") return WhenMatched::kFail;
  return fail(Code::kInvalid, error_codes::kBadValue,
              format("Enumeration value '{}' for field 'whenMatched' is not a valid value.", word));
}

Result<WhenNotMatched> parse_not_matched(const bson::Element& field) {
  if (!field.is(bson::Type::kString)) return wrong_type("$merge", field, "string");
  const std::string_view word = field.string();
  if (word == "insert") return WhenNotMatched::kInsert;
  if (word == "discard") return WhenNotMatched::kDiscard;
  if (word == "fail") return WhenNotMatched::kFail;
  return fail(
      Code::kInvalid, 2,
      format("Enumeration value '{}' for field '$merge.whenNotMatched' is not a valid value.",
             word));
}

constexpr auto kPipelineStages = std::to_array<std::string_view>(
    {"$addFields", "$set", "$project", "$unset", "$replaceRoot", "$replaceWith"});

Result<> parse_pipeline(const bson::Element& matched, const bson::Element& let,
                        const ParseContext& context, MergeSpec& spec) {
  ParseContext inside = context;
  ++inside.nesting;
  bson::Document variables = bson::Builder().append("new", "$$ROOT").finish();
  if (let) {
    if (!let.is(bson::Type::kDocument)) return {};
    const bson::Element mine = let.document().find("new");
    if (mine && !(mine.is(bson::Type::kString) && mine.string() == "$$ROOT")) {
      return fail(Code::kInvalid, 51273,
                  "'let' may not define a value for the reserved 'new' variable other than "
                  "'$$ROOT'");
    }
    variables = merged(variables, let.document());
  }
  spec.let = NACRE_TRY(RowVariables::parse(variables, context, inside));
  spec.pipeline = NACRE_TRY(Pipeline::parse(matched.array(), inside));
  for (const StagePtr& stage : spec.pipeline.stages) {
    if (std::ranges::find(kPipelineStages, stage->source().name()) == kPipelineStages.end()) {
      return fail(Code::kInvalid, error_codes::kInvalidOptions,
                  format("{} is not allowed to be used within an update", stage->source().name()));
    }
  }
  return {};
}

}  // namespace

Result<StagePtr> parse_merge(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kString) && !stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 51182,
                format("$merge requires a string or object argument, but found {}",
                       bson::name(stage.type())));
  }
  bson::Element into = stage;
  bson::Element matched;
  bson::Element let;
  MergeSpec spec;
  spec.on = {"_id"};
  if (stage.is(bson::Type::kDocument)) {
    into = {};
    for (const bson::Element& field : stage.document()) {
      const std::string_view name = field.name();
      if (name == "into") {
        into = field;
      } else if (name == "on") {
        spec.on = NACRE_TRY(parse_on(field));
      } else if (name == "let") {
        if (!field.is(bson::Type::kDocument)) return wrong_type("$merge", field, "object");
        let = field;
      } else if (name == "whenMatched") {
        matched = field;
      } else if (name == "whenNotMatched") {
        spec.not_matched = NACRE_TRY(parse_not_matched(field));
      } else if (name != "targetCollectionVersion" && name != "allowMergeOnNullishValues") {
        return unknown_field("$merge", field);
      }
    }
    if (!into) return missing_field("$merge", "into");
  }
  const TargetNames names = NACRE_TRY(parse_into(into));
  spec.target = NACRE_TRY(open_target("$merge", names, context));
  if (matched.is(bson::Type::kString)) {
    spec.matched = NACRE_TRY(parse_matched(matched.string()));
  } else if (matched.is(bson::Type::kArray)) {
    spec.matched = WhenMatched::kPipeline;
    NACRE_TRY(parse_pipeline(matched, let, context, spec));
  } else if (matched) {
    return fail(Code::kInvalid, 51191,
                format("$merge 'whenMatched' field must be either a string or an array, but found "
                       "{}",
                       bson::name(matched.type())));
  }
  if (let && spec.matched != WhenMatched::kPipeline) {
    return fail(Code::kInvalid, 51199,
                "Cannot use 'let' variables with 'whenMatched' modes other than a pipeline");
  }
  const bool fails_both =
      spec.matched == WhenMatched::kFail && spec.not_matched != WhenNotMatched::kInsert;
  const bool does_nothing =
      spec.matched == WhenMatched::kKeepExisting && spec.not_matched != WhenNotMatched::kInsert;
  if (fails_both || does_nothing) {
    return fail(Code::kInvalid, 51181,
                "Combination of $merge modes 'whenMatched' and 'whenNotMatched' is not supported");
  }
  NACRE_TRY(check_unique(spec));
  return std::make_unique<MergeStage>(std::move(spec));
}

}  // namespace nacre::aggregation
