#include <span>

#include "base/text.h"
#include "bson/validate.h"
#include "expression/field_path_internal.h"

namespace nacre::expression {
namespace {

using Steps = std::span<const std::string>;

// Appends to an array what each document of `array` has at the path; arrays inside it are no
// documents.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the path
void collect(bson::Builder& to, const bson::View& array, Steps steps) {
  for (const bson::Element& item : array) {
    if (!item.is(bson::Type::kDocument)) continue;
    bson::Element found = item.document().find(steps.front());
    Steps rest = steps.subspan(1);
    while (!rest.empty() && found.is(bson::Type::kDocument)) {
      found = found.document().find(rest.front());
      rest = rest.subspan(1);
    }
    if (rest.empty()) {
      if (found) to.push(found);
    } else if (found.is(bson::Type::kArray)) {
      to.push_begin_array();
      collect(to, found.array(), rest);
      to.end();
    }
  }
}

bson::Element follow(bson::Element found, Steps steps, Evaluation& at) {
  while (!steps.empty()) {
    if (found.is(bson::Type::kArray)) {
      ArrayResult result;
      collect(result.builder(), found.array(), steps);
      return result.finish(at);
    }
    if (!found.is(bson::Type::kDocument)) return {};
    found = found.document().find(steps.front());
    steps = steps.subspan(1);
  }
  return found;
}

}  // namespace

Result<> check_field_name(std::string_view name) {
  if (name.empty()) return invalid(15998, "FieldPath field names may not be empty strings.");
  if (name.front() == '$') {
    return invalid(
        16410, format("FieldPath field names may not start with '$'. Consider using $getField or "
                      "$setField: '{}'",
                      name));
  }
  if (name.contains('\0')) {
    return invalid(16411, "FieldPath field names may not contain null bytes");
  }
  if (name.contains('.')) {
    return invalid(16412, format("FieldPath field names may not contain '.'. Consider using "
                                 "$getField or $setField: '{}'",
                                 name));
  }
  return {};
}

Result<std::vector<std::string>> parse_path(std::string_view dotted) {
  if (dotted.empty()) return invalid(40352, "FieldPath cannot be constructed with empty string");
  if (dotted.back() == '.') {
    return invalid(40353, format("FieldPath must not end with a '.': '{}'", dotted));
  }
  std::vector<std::string> steps;
  while (true) {
    const std::size_t dot = dotted.find('.');
    const std::string_view step = dotted.substr(0, dot);
    NACRE_TRY(check_field_name(step));
    steps.emplace_back(step);
    if (dot == std::string_view::npos) break;
    dotted.remove_prefix(dot + 1);
  }
  if (steps.size() > static_cast<std::size_t>(bson::kDepthMax)) {
    return invalid(5984700, format("FieldPath has {} components, more than {}", steps.size(),
                                   bson::kDepthMax));
  }
  return steps;
}

Result<bson::Element> FieldPath::evaluate(Evaluation& at) const {
  if (variable_) return follow(at.environment.variable(*variable_), steps_, at);
  if (steps_.empty()) return at.scratch.document(at.root);
  return follow(at.root.find(steps_.front()), Steps(steps_).subspan(1), at);
}

std::string FieldPath::dotted() const {
  std::string path;
  for (const std::string& step : steps_) {
    if (!path.empty()) path += '.';
    path += step;
  }
  return path;
}

std::optional<std::string> FieldPath::field_path() const {
  if (variable_ || steps_.empty()) return std::nullopt;
  return dotted();
}

void FieldPath::add_dependencies(Dependencies& to) const {
  if (variable_) {
    to.variables.insert(*variable_);
  } else if (steps_.empty()) {
    to.whole_document = true;
  } else {
    to.paths.insert(dotted());
  }
}

}  // namespace nacre::expression
