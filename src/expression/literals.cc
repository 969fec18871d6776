#include "expression/literals_internal.h"

namespace nacre::expression {

Result<bson::Element> ObjectLiteral::evaluate(Evaluation& at) const {
  bson::Builder builder;
  builder.begin_document("");
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const Scratch::Mark mark = at.scratch.mark();
    const bson::Element value = NACRE_TRY(part(i).evaluate(at));
    if (value) builder.append(names_[i], value);
    at.scratch.rewind(mark);
  }
  builder.end();
  const bson::Element result = at.scratch.keep(builder.finish());
  NACRE_TRY(check_memory(at));
  return result;
}

Result<bson::Element> ArrayLiteral::evaluate(Evaluation& at) const {
  ArrayResult result;
  for (const NodePtr& item : parts()) {
    const Scratch::Mark mark = at.scratch.mark();
    result.push(NACRE_TRY(item->evaluate(at)));
    at.scratch.rewind(mark);
  }
  const bson::Element array = result.finish(at);
  NACRE_TRY(check_memory(at));
  return array;
}

}  // namespace nacre::expression
