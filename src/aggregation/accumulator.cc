#include "aggregation/accumulator.h"

#include <algorithm>
#include <array>

#include "aggregation/accumulator_internal.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

struct Row {
  std::string_view name;
  AccumulatorParser parse;
};

constexpr auto kTable = std::to_array<Row>({
    {"$addToSet", parse_add_to_set},
    {"$avg", parse_avg},
    {"$bottom", parse_top},
    {"$bottomN", parse_top},
    {"$concatArrays", parse_concat_arrays},
    {"$count", parse_count_rows},
    {"$first", parse_first},
    {"$firstN", parse_n},
    {"$last", parse_last},
    {"$lastN", parse_n},
    {"$max", parse_max},
    {"$maxN", parse_n},
    {"$median", parse_percentile},
    {"$mergeObjects", parse_merge_objects},
    {"$min", parse_min},
    {"$minN", parse_n},
    {"$percentile", parse_percentile},
    {"$push", parse_push},
    {"$setUnion", parse_set_union},
    {"$stdDevPop", parse_std_dev_pop},
    {"$stdDevSamp", parse_std_dev_samp},
    {"$sum", parse_sum},
    {"$top", parse_top},
    {"$topN", parse_top},
});

const Row* find(std::string_view name) {
  const auto row = std::ranges::find(kTable, name, &Row::name);
  return row == kTable.end() ? nullptr : &*row;
}

}  // namespace

Result<> check_accumulator_bytes(std::string_view name, std::size_t bytes) {
  if (bytes <= kAccumulatorBytesMax) return {};
  return fail(Code::kFull, error_codes::kExceededMemoryLimit,
              format("{} used too much memory and cannot spill to disk. Memory limit: {} bytes",
                     name, kAccumulatorBytesMax));
}

bool is_accumulator(std::string_view name) { return find(name) != nullptr; }

Result<AccumulatorSpecPtr> parse_accumulator_call(const bson::Element& call,
                                                  const ParseContext& context) {
  if (call.is(bson::Type::kArray)) {
    return fail(Code::kInvalid, 40237,
                format("The {} accumulator is a unary operator", call.name()));
  }
  if (call.name() == "$accumulator" || call.name() == "$function") {
    return fail(Code::kUnsupported, 31264,
                format("{}: there is no script engine inside the data path", call.name()));
  }
  const Row* row = find(call.name());
  if (row == nullptr) {
    return fail(Code::kInvalid, 15952, format("unknown group operator '{}'", call.name()));
  }
  return row->parse(call, context);
}

Result<NamedAccumulator> parse_accumulator_field(const bson::Element& field,
                                                 const ParseContext& context) {
  const std::string_view name = field.name();
  const bool is_call = field.is(bson::Type::kDocument) && !field.document().empty() &&
                       field.document().begin()->name().starts_with('$');
  if (!is_call) {
    return fail(Code::kInvalid, 40234,
                format("The field '{}' must be an accumulator object", name));
  }
  if (name.contains('.')) {
    return fail(Code::kInvalid, 40235, format("The field name '{}' cannot contain '.'", name));
  }
  if (name.starts_with('$')) {
    return fail(Code::kInvalid, 40236,
                format("The field name '{}' cannot be an operator name", name));
  }
  if (field.document().count() != 1) {
    return fail(Code::kInvalid, 40238, format("The field '{}' must specify one accumulator", name));
  }
  AccumulatorSpecPtr spec = NACRE_TRY(parse_accumulator_call(*field.document().begin(), context));
  return NamedAccumulator{.name = std::string(name), .spec = std::move(spec)};
}

}  // namespace nacre::aggregation
