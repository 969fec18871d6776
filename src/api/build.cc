// Filters and updates as BSON, kept whole at each step: what a builder shows is what is used.
#include "nacre/build.hpp"

#include "api/state_internal.h"

namespace nacre {

using detail::Access;

namespace {

Document made(bson::Builder& builder) { return Access::document(builder.finish().release()); }

// The conditions under `operation` ($and, $or) when that is all there is, else the filter itself.
void add_branches(bson::Builder& to, std::string_view operation, const Document& filter) {
  const bson::View view = Access::view(filter);
  const auto first = view.begin();
  const bool is_same = first != view.end() && first->name() == operation && view.count() == 1;
  if (!is_same) {
    to.push(view);
    return;
  }
  for (const bson::Element& branch : first->array()) to.push(branch);
}

Filter joined(std::string_view operation, const Filter& a, const Filter& b) {
  bson::Builder builder;
  builder.begin_array(operation);
  add_branches(builder, operation, a.document());
  add_branches(builder, operation, b.document());
  builder.end();
  return Filter(made(builder));
}

// The pattern that matches exactly `text`.
std::string quoted(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").contains(c)) pattern.push_back('\\');
    pattern.push_back(c);
  }
  return pattern;
}

}  // namespace

Filter operator&&(const Filter& a, const Filter& b) {
  if (a.document().empty()) return b;
  if (b.document().empty()) return a;
  return joined("$and", a, b);
}

Filter operator||(const Filter& a, const Filter& b) { return joined("$or", a, b); }

Filter operator!(const Filter& condition) {
  bson::Builder builder;
  builder.begin_array("$nor").push(Access::view(condition.document())).end();
  return Filter(made(builder));
}

Filter Where::ask(std::string_view operation, const Value& value) const {
  bson::Builder builder;
  builder.begin_document(path_).append(operation, Access::element(value)).end();
  return Filter(made(builder));
}

Filter Where::eq(const Value& value) const { return ask("$eq", value); }
Filter Where::ne(const Value& value) const { return ask("$ne", value); }
Filter Where::gt(const Value& value) const { return ask("$gt", value); }
Filter Where::gte(const Value& value) const { return ask("$gte", value); }
Filter Where::lt(const Value& value) const { return ask("$lt", value); }
Filter Where::lte(const Value& value) const { return ask("$lte", value); }
Filter Where::in(const std::vector<Value>& values) const { return ask("$in", values); }
Filter Where::nin(const std::vector<Value>& values) const { return ask("$nin", values); }
Filter Where::all(const std::vector<Value>& values) const { return ask("$all", values); }
Filter Where::exists(bool wanted) const { return ask("$exists", wanted); }
Filter Where::type(std::string_view name) const { return ask("$type", name); }
Filter Where::size(std::int64_t elements) const { return ask("$size", elements); }
Filter Where::mod(std::int64_t divisor, std::int64_t remainder) const {
  return ask("$mod", Value::array({divisor, remainder}));
}

Filter Where::between(const Value& least, const Value& most) const {
  bson::Builder builder;
  builder.begin_document(path_)
      .append("$gte", Access::element(least))
      .append("$lte", Access::element(most))
      .end();
  return Filter(made(builder));
}

Filter Where::matches(std::string_view pattern, std::string_view options) const {
  bson::Builder builder;
  builder.begin_document(path_).append("$regex", pattern);
  if (!options.empty()) builder.append("$options", options);
  builder.end();
  return Filter(made(builder));
}

Filter Where::starts_with(std::string_view prefix) const { return matches("^" + quoted(prefix)); }

Filter Where::elem_match(const Filter& condition) const {
  return ask("$elemMatch", condition.document());
}

Update& Update::add(std::string_view operation, std::string_view path, const Value& value) {
  bson::Builder builder;
  bool is_added = false;
  for (const bson::Element& each : Access::view(update_)) {
    if (each.name() != operation) {
      builder.append(each);
      continue;
    }
    builder.begin_document(operation).append_all(each.document());
    builder.append(path, Access::element(value)).end();
    is_added = true;
  }
  if (!is_added) {
    builder.begin_document(operation).append(path, Access::element(value)).end();
  }
  update_ = made(builder);
  return *this;
}

Update& Update::set(std::string_view path, const Value& value) { return add("$set", path, value); }
Update& Update::unset(std::string_view path) { return add("$unset", path, ""); }
Update& Update::set_on_insert(std::string_view path, const Value& value) {
  return add("$setOnInsert", path, value);
}
Update& Update::inc(std::string_view path, const Value& by) { return add("$inc", path, by); }
Update& Update::mul(std::string_view path, const Value& by) { return add("$mul", path, by); }
Update& Update::min(std::string_view path, const Value& value) { return add("$min", path, value); }
Update& Update::max(std::string_view path, const Value& value) { return add("$max", path, value); }
Update& Update::rename(std::string_view path, std::string_view to) {
  return add("$rename", path, to);
}
Update& Update::current_date(std::string_view path) { return add("$currentDate", path, true); }
Update& Update::push(std::string_view path, const Value& value) {
  return add("$push", path, value);
}
Update& Update::push_all(std::string_view path, const std::vector<Value>& values) {
  return add("$push", path, Document::of({{"$each", values}}));
}
Update& Update::add_to_set(std::string_view path, const Value& value) {
  return add("$addToSet", path, value);
}
Update& Update::pull(std::string_view path, const Value& value) {
  return add("$pull", path, value);
}
Update& Update::pull(std::string_view path, const Filter& condition) {
  return add("$pull", path, condition.document());
}
Update& Update::pop_first(std::string_view path) { return add("$pop", path, -1); }
Update& Update::pop_last(std::string_view path) { return add("$pop", path, 1); }

}  // namespace nacre
