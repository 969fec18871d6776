// $fill: values in the place of null and missing ones; short for $setWindowFields and $addFields.
#include <utility>

#include "aggregation/composite.h"
#include "aggregation/path_edit.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

struct FillFields {
  bson::Element partition_by;
  bson::Element partition_fields;
  bson::Element sort;
  bson::Element output;
};

Result<FillFields> parse_fields(const bson::Element& stage) {
  FillFields fields;
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name == "partitionBy") {
      if (!field.is(bson::Type::kString) && !field.is(bson::Type::kDocument)) {
        return wrong_type("$fill", field, "string or object");
      }
      fields.partition_by = field;
    } else if (name == "partitionByFields") {
      if (!field.is(bson::Type::kArray)) return wrong_type("$fill", field, "array");
      for (const bson::Element& each : field.array()) {
        if (!each.is(bson::Type::kString)) return wrong_type("$fill", field, "array of strings");
        if (each.string().starts_with('$')) {
          return fail(Code::kInvalid, 16410, "FieldPath field names may not start with '$'");
        }
        NACRE_TRY(check_field_path(each.string()));
      }
      fields.partition_fields = field;
    } else if (name == "sortBy") {
      if (!field.is(bson::Type::kDocument)) return wrong_type("$fill", field, "object");
      fields.sort = field;
    } else if (name == "output") {
      if (!field.is(bson::Type::kDocument)) return wrong_type("$fill", field, "object");
      fields.output = field;
    } else {
      return unknown_field("$fill", field);
    }
  }
  if (!fields.output) return missing_field("$fill", "output");
  if (fields.output.document().empty()) {
    return fail(Code::kInvalid, error_codes::kFailedToParse, "maps cannot be empty: $fill.output");
  }
  if (fields.partition_by && fields.partition_fields) {
    return fail(Code::kInvalid, 6050204,
                "Maximum one of 'partitionBy' and 'partitionByFields can be specified in '$fill'");
  }
  return fields;
}

void append_partition(const FillFields& fields, bson::Builder& to) {
  if (fields.partition_by) to.append("partitionBy", fields.partition_by);
  if (!fields.partition_fields) return;
  to.begin_document("partitionBy");
  std::size_t number = 0;
  for (const bson::Element& each : fields.partition_fields.array()) {
    to.append("f" + std::to_string(number++), "$" + std::string(each.string()));
  }
  to.end();
}

// The two stages: windows for methods, then what a value replaces.
struct Parts {
  bson::Builder windows;
  bson::Builder values;
  bool has_windows = false;
  bool has_values = false;
};

Result<> add_output(const bson::Element& field, const FillFields& fields, Parts& parts) {
  if (!field.is(bson::Type::kDocument) || field.document().count() != 1) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                format("$fill.output.{} must be an object with 'value' or 'method'", field.name()));
  }
  const bson::Element how = *field.document().begin();
  const std::string path = "$" + std::string(field.name());
  if (how.name() == "value") {
    parts.values.begin_document(field.name()).begin_array("$ifNull");
    parts.values.push(path).push(how).end().end();
    parts.has_values = true;
    return {};
  }
  if (how.name() != "method") return unknown_field("$fill.output", how);
  const std::string_view method = how.is(bson::Type::kString) ? how.string() : "";
  if (method != "locf" && method != "linear") {
    return fail(Code::kInvalid, 6050202, "Method must be either 'locf' or 'linear'");
  }
  if (!fields.sort) {
    return fail(Code::kInvalid, 605001, format("$fill with the method {} needs a sortBy", method));
  }
  const std::string_view function = method == "locf" ? "$locf" : "$linearFill";
  parts.windows.begin_document(field.name()).append(function, path).end();
  parts.has_windows = true;
  return {};
}

}  // namespace

Result<StagePtr> parse_fill(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                format("The $fill stage specification must be an object, found {}",
                       bson::name(stage.type())));
  }
  const FillFields fields = NACRE_TRY(parse_fields(stage));
  Parts parts;
  for (const bson::Element& field : fields.output.document()) {
    NACRE_TRY(add_output(field, fields, parts));
  }
  bson::Builder stages = bson::Builder::array();
  if (parts.has_windows) {
    stages.push_begin_document().begin_document("$setWindowFields");
    append_partition(fields, stages);
    stages.append("sortBy", fields.sort).append("output", parts.windows.finish()).end().end();
  }
  if (parts.has_values) {
    stages.push_begin_document().append("$addFields", parts.values.finish()).end();
  }
  const bson::Document list = stages.finish();
  Pipeline pipeline = NACRE_TRY(Pipeline::parse(list, context));
  return std::make_unique<CompositeStage>("$fill", std::move(pipeline));
}

}  // namespace nacre::aggregation
