#include "expression/scope.h"

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::expression {
namespace {

using error_codes::kFailedToParse;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_beyond_ascii(char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; }
bool continues_name(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         is_beyond_ascii(c);
}

}  // namespace

VariableId Scope::define(std::string_view name) {
  const auto id = static_cast<VariableId>(next_++);
  variables_.push_back({.name = std::string(name), .id = id});
  return id;
}

std::optional<VariableId> Scope::find(std::string_view name) const {
  for (auto at = variables_.rbegin(); at != variables_.rend(); ++at) {
    if (at->name == name) return at->id;
  }
  return std::nullopt;
}

Result<> check_variable_name(std::string_view name) {
  if (name == "CURRENT") return {};
  if (name.empty()) {
    return fail(Code::kInvalid, kFailedToParse, "empty variable names are not allowed");
  }
  if (!is_lower(name.front()) && !is_beyond_ascii(name.front())) {
    return fail(Code::kInvalid, kFailedToParse,
                format("'{}' starts with an invalid character for a user variable name", name));
  }
  for (const char c : name) {
    if (continues_name(c)) continue;
    return fail(Code::kInvalid, kFailedToParse,
                format("'{}' contains an invalid character for a variable name: '{}'", name, c));
  }
  return {};
}

}  // namespace nacre::expression
