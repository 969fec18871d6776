#include "aggregation/operand.h"

#include <algorithm>

#include "aggregation/path_edit.h"

namespace nacre::aggregation {

Result<Operand> Operand::parse(const bson::Element& element, const ParseContext& context) {
  auto parsed = expression::Expression::parse(element, context.variables);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  Operand operand(*std::move(parsed));
  if (const auto path = operand.expression_.field_path()) operand.steps_ = split_path(*path);
  return operand;
}

std::optional<std::string_view> Operand::first_field() const {
  if (steps_.empty()) return std::nullopt;
  return steps_.front();
}

std::optional<std::string> Operand::path() const { return expression_.field_path(); }

Result<bson::Element> Operand::evaluate(const bson::View& row, Context& context) const {
  if (steps_.empty()) return expression_.evaluate_view(row, context.environment);
  return evaluate(row.find(steps_.front()), row, context);
}

Result<bson::Element> Operand::evaluate(const bson::Element& first, const bson::View& row,
                                        Context& context) const {
  bson::Element at = first;
  for (std::size_t i = 1; i < steps_.size(); ++i) {
    // Through arrays a path gives several values: that is for the expression.
    if (at.is(bson::Type::kArray)) return expression_.evaluate_view(row, context.environment);
    if (!at.is(bson::Type::kDocument)) return bson::Element();
    at = at.document().find(steps_[i]);
  }
  return at;
}

std::size_t FieldReader::add(std::string_view field) {
  const auto known = std::ranges::find(names_, field);
  const auto place = static_cast<std::size_t>(known - names_.begin());
  if (known == names_.end()) {
    names_.emplace_back(field);
    found_.emplace_back();
  }
  return place;
}

void FieldReader::read(const bson::View& row) {
  std::ranges::fill(found_, bson::Element());
  std::size_t left = names_.size();
  for (auto field = row.begin(); left > 0 && field != row.end(); ++field) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (found_[i] || field->name() != names_[i]) continue;
      found_[i] = *field;
      --left;
      break;
    }
  }
}

}  // namespace nacre::aggregation
