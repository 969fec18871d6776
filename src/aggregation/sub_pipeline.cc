#include "aggregation/sub_pipeline.h"

#include <utility>

#include "base/text.h"

namespace nacre::aggregation {

Result<SubPipeline> SubPipeline::parse(std::string_view collection, const bson::View& stages,
                                       ParseContext context) {
  SubPipeline made;
  made.collection_ = collection;
  context.collection = made.collection_;
  ++context.nesting;
  made.pipeline_ = NACRE_TRY(Pipeline::parse(stages, context));
  optimise(made.pipeline_);
  return made;
}

Result<Source> SubPipeline::open(Context& context) const {
  return open_pipeline(pipeline_, collection_, {}, context);
}

std::unexpected<Error> wrong_type(std::string_view stage, const bson::Element& field,
                                  std::string_view expected) {
  return fail(Code::kInvalid, 14,
              format("BSON field '{}.{}' is the wrong type '{}', expected type '{}'", stage,
                     field.name(), bson::name(field.type()), expected));
}

std::unexpected<Error> unknown_field(std::string_view stage, const bson::Element& field) {
  return fail(Code::kInvalid, 40415,
              format("BSON field '{}.{}' is an unknown field.", stage, field.name()));
}

std::unexpected<Error> missing_field(std::string_view stage, std::string_view field) {
  return fail(Code::kInvalid, 40414,
              format("BSON field '{}.{}' is missing but a required field", stage, field));
}

}  // namespace nacre::aggregation
