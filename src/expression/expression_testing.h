// What the tests of expressions share: an expression and a document as JSON, the result as JSON.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/text.h"
#include "bson/json.h"
#include "expression/expression.h"

namespace nacre::expression {

// The value as canonical JSON, "missing", or "error NUMBER", wherever the error came from.
[[nodiscard]] inline std::string result_of(std::string_view expression,
                                           std::string_view document = "{}",
                                           Environment environment = Environment()) {
  const auto holder = bson::from_json(format("{{\"e\": {}}}", expression));
  if (!holder) return holder.error().text();
  const auto row = bson::from_json(document);
  if (!row) return row.error().text();
  const auto parsed = Expression::parse(holder->find("e"));
  if (!parsed) return format("error {}", parsed.error().number());
  const auto value = parsed->evaluate(*row, environment);
  if (!value) return format("error {}", value.error().number());
  if (value->type() == bson::Type::kMissing) return "missing";
  return bson::to_json(value->element(), bson::JsonForm::kCanonical);
}

// Both written as any Extended JSON: compares values and types.
inline void expect(std::string_view expression, std::string_view wanted,
                   std::string_view document = "{}") {
  std::string canonical(wanted);
  if (!wanted.starts_with("error") && wanted != "missing") {
    const auto holder = bson::from_json(format("{{\"e\": {}}}", wanted));
    ASSERT_TRUE(holder.has_value()) << holder.error().text() << " in " << wanted;
    canonical = bson::to_json(holder->find("e"), bson::JsonForm::kCanonical);
  }
  EXPECT_EQ(result_of(expression, document), canonical) << expression << " on " << document;
}

}  // namespace nacre::expression
