#include "server/query_shape.h"

#include <cstdint>

#include "base/text.h"
#include "bson/container.h"

namespace nacre::server {
namespace {

// Names, and types in place of values; the elements of an array that are alike count once.
// NOLINTNEXTLINE(misc-no-recursion): documents are nested to kDepthMax at most
void append_shape(std::string& to, const bson::View& document, bool is_array) {
  std::string before;
  for (const bson::Element& element : document) {
    std::string shape;
    if (!is_array) shape.append(element.name());
    shape.push_back(':');
    if (bson::is_container(element)) {
      const bool inside_array = element.is(bson::Type::kArray);
      shape.push_back(inside_array ? '[' : '{');
      append_shape(shape, element.document(), inside_array);
      shape.push_back(inside_array ? ']' : '}');
    } else if (element.is_number()) {
      shape.append("number");
    } else if (element.is(bson::Type::kString) && element.string().starts_with('$')) {
      shape.append(element.string());  // a path
    } else {
      shape.append(bson::name(element.type()));
    }
    shape.push_back(',');
    if (is_array && shape == before) continue;
    to.append(shape);
    before = std::move(shape);
  }
}

// FNV-1a from some start.
std::uint64_t hash(std::string_view text, std::uint64_t start) {
  constexpr std::uint64_t kPrime = 0x100000001b3;
  for (const char c : text) start = (start ^ static_cast<unsigned char>(c)) * kPrime;
  return start;
}

}  // namespace

std::string query_shape_hash(const bson::View& command) {
  std::string shape;
  if (command.begin() != command.end() && command.begin()->is(bson::Type::kString)) {
    shape.append(command.begin()->string()).push_back('.');  // the collection
  }
  for (const std::string_view part :
       {"filter", "query", "sort", "projection", "pipeline", "key", "let", "collation", "hint"}) {
    const bson::Element field = command.find(part);
    if (!field) continue;
    shape.append(part).push_back('=');
    if (bson::is_container(field)) {
      append_shape(shape, field.document(), field.is(bson::Type::kArray));
    }
  }
  std::string digits;
  for (std::uint64_t start = 0xcbf29ce484222325; digits.size() < 64; start += 0x9e3779b97f4a7c15) {
    digits += format("{:016X}", hash(shape, start));
  }
  return digits;
}

}  // namespace nacre::server
