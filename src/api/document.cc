#include "api/state_internal.h"
#include "base/nearest.h"
#include "base/text.h"
#include "bson/collation.h"
#include "bson/json.h"
#include "bson/validate.h"

namespace nacre {

using detail::Access;

namespace {

// The fields that stand beside the last step of `path`: what it may have meant.
std::string suggestion_for(const bson::View& document, std::string_view path) {
  const std::size_t dot = path.rfind('.');
  const std::string_view step = dot == std::string_view::npos ? path : path.substr(dot + 1);
  bson::View beside = document;
  if (dot != std::string_view::npos) {
    const bson::Element parent = document.get(path.substr(0, dot));
    if (!parent.is(bson::Type::kDocument)) return {};
    beside = parent.document();
  }
  std::vector<std::string_view> names;
  for (const bson::Element& field : beside) names.push_back(field.name());
  const std::string_view near = nearest_name(step, names);
  if (near.empty() || dot == std::string_view::npos) return std::string(near);
  return std::string(path.substr(0, dot + 1)) + std::string(near);
}

std::unexpected<Error> not_as_required(const bson::View& document, std::string_view path,
                                       std::string_view wanted) {
  const bson::Element element = document.get(path);
  if (element) {
    return fail(Code::kInvalid, format("field \"{}\" is of type {}, expected {}", path,
                                       bson::name(element.type()), wanted));
  }
  const std::string near = suggestion_for(document, path);
  std::string what = format("the document has no field \"{}\"", path);
  if (!near.empty()) what += format("; did you mean \"{}\"?", near);
  bson::Builder details;
  details.append("name", path);
  if (!near.empty()) details.append("suggestion", near);
  return std::unexpected(
      Error(Code::kNotFound, std::move(what)).with_details(details.finish().release()));
}

template <class T>
Result<T> required(std::optional<T> value, const Document& document, std::string_view path,
                   std::string_view wanted) {
  if (value) return *std::move(value);
  return not_as_required(Access::view(document), path, wanted);
}

}  // namespace

Document::Document() : bson_(bson::Document().bytes()) {}

Document Document::of(std::initializer_list<Field> fields) {
  bson::Builder builder;
  for (const auto& [name, value] : fields) builder.append(name, Access::element(value));
  return Document(builder.finish().release());
}

Result<Document> Document::from_json(std::string_view json) {
  auto document = NACRE_TRY(bson::from_json(json));
  return Document(std::move(document).release());
}

Result<Document> Document::from_bson(std::span<const std::byte> bson) {
  const bson::View view = NACRE_TRY(bson::validate(bson));
  return Access::document(view);
}

std::string Document::to_json() const { return bson::to_json(Access::view(*this)); }
std::span<const std::byte> Document::bson() const { return as_bytes(bson_); }
bool Document::empty() const { return Access::view(*this).empty(); }

std::vector<std::string> Document::field_names() const {
  std::vector<std::string> names;
  for (const bson::Element& field : Access::view(*this)) names.emplace_back(field.name());
  return names;
}

std::optional<std::string> Document::get_string(std::string_view path) const {
  const bson::Element element = Access::view(*this).get(path);
  if (!element.is(bson::Type::kString)) return std::nullopt;
  return std::string(element.string());
}

std::optional<std::int64_t> Document::get_int64(std::string_view path) const {
  const bson::Element element = Access::view(*this).get(path);
  return element.as_int64();
}

std::optional<double> Document::get_double(std::string_view path) const {
  const bson::Element element = Access::view(*this).get(path);
  return element.as_double();
}

std::optional<bool> Document::get_bool(std::string_view path) const {
  const bson::Element element = Access::view(*this).get(path);
  if (!element.is(bson::Type::kBool)) return std::nullopt;
  return element.boolean();
}

std::optional<Document> Document::get_document(std::string_view path) const {
  const bson::Element element = Access::view(*this).get(path);
  if (!element.is(bson::Type::kDocument)) return std::nullopt;
  return Access::document(element.document());
}

std::optional<Value> Document::get(std::string_view path) const {
  const bson::Element element = Access::view(*this).get(path);
  if (!element) return std::nullopt;
  return Access::value(element);
}

bool Document::has(std::string_view path) const {
  return static_cast<bool>(Access::view(*this).get(path));
}

Result<std::string> Document::require_string(std::string_view path) const {
  return required(get_string(path), *this, path, "string");
}
Result<std::int64_t> Document::require_int64(std::string_view path) const {
  return required(get_int64(path), *this, path, "a whole number");
}
Result<double> Document::require_double(std::string_view path) const {
  return required(get_double(path), *this, path, "a number");
}
Result<bool> Document::require_bool(std::string_view path) const {
  return required(get_bool(path), *this, path, "bool");
}
Result<Document> Document::require_document(std::string_view path) const {
  return required(get_document(path), *this, path, "object");
}

DocumentOption::DocumentOption(const Filter& condition) : DocumentOption(condition.document()) {}
DocumentInput::DocumentInput(const Filter& condition) : DocumentInput(condition.document()) {}
DocumentInput::DocumentInput(const Update& update) : DocumentInput(update.document()) {}

Result<bson::Document> Access::read(const DocumentInput& input) {
  if (input.is_bson_) return bson::Document::trusted(std::string(input.text_));
  return bson::from_json(input.text_);
}

Result<detail::ReadUpdate> Access::read_update(const DocumentInput& input) {
  const std::size_t begin = input.text_.find_first_not_of(" \t\r\n");
  const bool is_pipeline =
      !input.is_bson_ && begin != std::string_view::npos && input.text_[begin] == '[';
  if (!is_pipeline) return read_whole(input);
  return detail::ReadUpdate{.document = NACRE_TRY(bson::array_from_json(input.text_)),
                            .is_pipeline = true};
}

Result<detail::ReadUpdate> Access::read_whole(const DocumentInput& input) {
  return detail::ReadUpdate{.document = NACRE_TRY(read(input))};
}

Result<query::Collation> Access::read_collation(const DocumentOption& option) {
  if (!option.is_given()) return query::Collation();
  const bson::Document wanted = NACRE_TRY(read(option));
  return query::Collation(NACRE_TRY(bson::parse_collation(wanted)));
}

Result<bson::Value> Access::read_hint(std::string_view hint) {
  if (hint.empty()) return bson::Value();
  if (!hint.starts_with('{')) return bson::Value(hint);
  const bson::Document keys = NACRE_TRY(bson::from_json(hint));
  return bson::Value(keys.view());
}

}  // namespace nacre
