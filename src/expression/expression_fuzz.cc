// An expression and a document as JSON, one line each: parsing and evaluating end within their
// limits, and do the same again.
#include <string_view>

#include "base/check.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "expression/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nacre::expression::Environment;
  using nacre::expression::Expression;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto source = nacre::bson::from_json(text.substr(0, line));
  const auto document = nacre::bson::from_json(text.substr(line));
  if (!source.has_value() || !document.has_value()) return 0;
  const auto expression = Expression::parse(source->find("e"));
  if (!expression.has_value()) return 0;

  Environment environment(nacre::bson::Date{.milliseconds = 1});
  environment.set_limits({.memory_bytes_max = std::size_t{4} * 1024 * 1024});
  const auto first = expression->evaluate_view(*document, environment);
  const auto second = expression->evaluate(*document, environment);
  NACRE_CHECK(first.has_value() == second.has_value(), "an evaluation fails again or never");
  if (first.has_value() && !expression->dependencies().varies) {
    NACRE_CHECK(nacre::bson::equal(*first, second->element()), "an evaluation is repeatable");
    NACRE_CHECK(first->type() == second->type(), "an evaluation is repeatable in its type");
  }
  environment.release();
  return 0;
}
