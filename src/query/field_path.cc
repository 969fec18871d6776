#include "query/field_path.h"

#include <algorithm>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::query {
namespace {

constexpr std::ptrdiff_t kStepsMax = 200;

Result<> check_step(std::string_view step) {
  if (step.empty()) {
    return fail(Code::kInvalid, 15998, "FieldPath field names may not be empty strings.");
  }
  if (step.front() == '$') {
    return fail(Code::kInvalid, 16410,
                "FieldPath field names may not start with '$'. Consider using $getField or "
                "$setField.");
  }
  if (step.contains('\0')) {
    return fail(Code::kInvalid, 16411, "FieldPath field names may not contain '\\0'.");
  }
  return {};
}

}  // namespace

Result<> check_field_path(std::string_view path) {
  if (path.empty()) {
    return fail(Code::kInvalid, 40352, "FieldPath cannot be constructed with empty string");
  }
  if (path.ends_with('.')) {
    return fail(Code::kInvalid, 40353, format("FieldPath must not end with a '.'. '{}'", path));
  }
  if (std::ranges::count(path, '.') >= kStepsMax) {
    return fail(Code::kInvalid, error_codes::kOverflow, "FieldPath is too long");
  }
  while (true) {
    const std::size_t dot = path.find('.');
    NACRE_TRY(check_step(path.substr(0, dot)));
    if (dot == std::string_view::npos) return {};
    path.remove_prefix(dot + 1);
  }
}

}  // namespace nacre::query
