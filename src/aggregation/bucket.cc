// $bucket and $sortByCount: a $group and the $sort behind it.
#include <algorithm>
#include <utility>

#include "aggregation/composite.h"
#include "aggregation/operand.h"
#include "aggregation/order.h"
#include "aggregation/stages.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

// [{$group: group}, {$sort: sort}]
Result<StagePtr> group_and_sort(std::string_view name, const bson::View& group,
                                const bson::View& sort, ParseContext& context) {
  bson::Builder stages = bson::Builder::array();
  stages.push_begin_document().append("$group", group).end();
  stages.push_begin_document().append("$sort", sort).end();
  const bson::Document list = stages.finish();
  Pipeline parts = NACRE_TRY(Pipeline::parse(list, context));
  return std::make_unique<CompositeStage>(name, std::move(parts));
}

bool is_expression(const bson::Element& value) {
  if (value.is(bson::Type::kString)) return value.string().starts_with('$');
  return value.is(bson::Type::kDocument) && !value.document().empty() &&
         value.document().begin()->name().starts_with('$');
}

struct BucketFields {
  bson::Element group_by;
  bson::Element boundaries;
  bson::Element otherwise;
  bson::Element output;
};

Result<BucketFields> parse_bucket_fields(const bson::Element& stage) {
  BucketFields fields;
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name == "groupBy") {
      if (!is_expression(field)) {
        return fail(Code::kInvalid, 40202,
                    "The $bucket 'groupBy' field must be defined as a $-prefixed path or an "
                    "expression");
      }
      fields.group_by = field;
    } else if (name == "boundaries") {
      if (!field.is(bson::Type::kArray)) {
        return fail(Code::kInvalid, 40200,
                    format("The $bucket 'boundaries' field must be an array, but found type: {}",
                           bson::name(field.type())));
      }
      fields.boundaries = field;
    } else if (name == "default") {
      fields.otherwise = field;
    } else if (name == "output") {
      if (!field.is(bson::Type::kDocument)) {
        return fail(Code::kInvalid, 40196,
                    format("The $bucket 'output' field must be an object, but found type: {}",
                           bson::name(field.type())));
      }
      fields.output = field;
    } else {
      return fail(Code::kInvalid, 40197, format("Unrecognized option to $bucket: {}", name));
    }
  }
  if (!fields.group_by || !fields.boundaries) {
    return fail(Code::kInvalid, 40198,
                "$bucket requires 'groupBy' and 'boundaries' to be specified");
  }
  return fields;
}

Result<bson::Value> constant_of(const bson::Element& value, std::int32_t number,
                                const ParseContext& context) {
  const Operand operand = NACRE_TRY(Operand::parse(value, context));
  if (!operand.is_constant()) {
    return fail(Code::kInvalid, number,
                format("The $bucket '{}' must be constant values", value.name()));
  }
  return bson::Value(operand.expression().constant());
}

Result<std::vector<bson::Value>> parse_boundaries(const bson::View& array,
                                                  const ParseContext& context) {
  std::vector<bson::Value> bounds;
  for (const bson::Element& each : array) {
    bounds.push_back(NACRE_TRY(constant_of(each, 40191, context)));
  }
  if (bounds.size() < 2) {
    return fail(Code::kInvalid, 40192,
                format("The $bucket 'boundaries' field must have at least 2 values, but found {}",
                       bounds.size()));
  }
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    const bson::Element before = bounds[i - 1].element();
    const bson::Element after = bounds[i].element();
    if (bson::rank(before.type()) != bson::rank(after.type())) {
      return fail(Code::kInvalid, 40193,
                  "All values in the 'boundaries' option to $bucket must have the same type");
    }
    if (compare(before, after, context.collator) >= 0) {
      return fail(Code::kInvalid, 40194,
                  "The 'boundaries' option to $bucket must be sorted in ascending order");
    }
  }
  return bounds;
}

void append_constant(bson::Builder& to, std::string_view name, const bson::Element& value) {
  to.begin_document(name).append("$literal", value).end();
}

}  // namespace

Result<StagePtr> parse_sort_by_count(const bson::Element& stage, ParseContext& context) {
  if (stage.is(bson::Type::kDocument) ? !is_expression(stage) : !stage.is(bson::Type::kString)) {
    return fail(Code::kInvalid, stage.is(bson::Type::kDocument) ? 40147 : 40149,
                "the sortByCount field must be specified as a $-prefixed path or an expression");
  }
  if (stage.is(bson::Type::kString) && !is_expression(stage)) {
    return fail(Code::kInvalid, 40148,
                "the sortByCount field must be defined as a $-prefixed path or an expression");
  }
  bson::Builder group;
  group.append("_id", stage).begin_document("count").append("$sum", 1).end();
  const bson::Document sort = bson::Builder().append("count", -1).finish();
  return group_and_sort("$sortByCount", group.finish(), sort, context);
}

Result<StagePtr> parse_bucket(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 40201,
                format("Argument to $bucket stage must be an object, but found type: {}",
                       bson::name(stage.type())));
  }
  const BucketFields fields = NACRE_TRY(parse_bucket_fields(stage));
  const std::vector<bson::Value> bounds =
      NACRE_TRY(parse_boundaries(fields.boundaries.array(), context));
  bson::Builder group;
  group.begin_document("_id").begin_document("$switch").begin_array("branches");
  for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
    group.push_begin_document().begin_document("case").begin_array("$and");
    group.push_begin_document().begin_array("$gte").push(fields.group_by);
    group.push_begin_document().append("$literal", bounds[i].element()).end().end().end();
    group.push_begin_document().begin_array("$lt").push(fields.group_by);
    group.push_begin_document().append("$literal", bounds[i + 1].element()).end().end().end();
    group.end().end();
    append_constant(group, "then", bounds[i].element());
    group.end();
  }
  group.end();
  if (fields.otherwise) {
    const bson::Value otherwise = NACRE_TRY(constant_of(fields.otherwise, 40195, context));
    const bson::Element value = otherwise.element();
    const bool is_inside = compare(value, bounds.front().element(), context.collator) >= 0 &&
                           compare(value, bounds.back().element(), context.collator) < 0;
    if (is_inside) {
      return fail(Code::kInvalid, 40199,
                  "The $bucket 'default' field must be less than the lowest boundary or greater "
                  "than or equal to the highest boundary");
    }
    append_constant(group, "default", value);
  }
  group.end().end();
  if (fields.output) {
    group.append_all(fields.output.document());
  } else {
    group.begin_document("count").append("$sum", 1).end();
  }
  const bson::Document sort = bson::Builder().append("_id", 1).finish();
  return group_and_sort("$bucket", group.finish(), sort, context);
}

}  // namespace nacre::aggregation
