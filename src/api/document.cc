#include "api/state_internal.h"
#include "bson/json.h"
#include "bson/validate.h"

namespace nacre {

using detail::Access;

Document::Document() : bson_(bson::Document().bytes()) {}

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

bool Document::has(std::string_view path) const {
  return static_cast<bool>(Access::view(*this).get(path));
}

Result<bson::Document> Access::read(const DocumentInput& input) {
  if (input.is_bson_) return bson::Document::trusted(std::string(input.text_));
  return bson::from_json(input.text_);
}

}  // namespace nacre
