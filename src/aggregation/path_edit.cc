#include "aggregation/path_edit.h"

namespace nacre::aggregation {

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> steps;
  while (true) {
    const std::size_t dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

bson::Element find_path(const bson::View& document, std::span<const std::string> steps) {
  bson::Element at = document.find(steps.front());
  for (const std::string& step : steps.subspan(1)) {
    if (!at.is(bson::Type::kDocument)) return {};
    at = at.document().find(step);
  }
  return at;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the path
void set_path(bson::Builder& to, const bson::View& document, std::span<const std::string> steps,
              const bson::Element& value) {
  const auto append_here = [&](const bson::Element& before) {
    if (steps.size() == 1) {
      if (value) to.append(steps.front(), value);
      return;
    }
    const bool goes_on = before.is(bson::Type::kDocument);
    if (!value && !goes_on) {
      if (before) to.append(before);
      return;
    }
    to.begin_document(steps.front());
    set_path(to, goes_on ? before.document() : bson::View(), steps.subspan(1), value);
    to.end();
  };
  bool found = false;
  for (const bson::Element& field : document) {
    if (!found && field.name() == steps.front()) {
      found = true;
      append_here(field);
    } else {
      to.append(field);
    }
  }
  if (!found && value) append_here({});
}

bson::Document with_array(const bson::View& row, std::span<const std::string> steps,
                          bson::Builder items) {
  const bson::Document array = items.finish();
  const bson::Document holder = bson::Builder().append_array("", array).finish();
  bson::Builder builder;
  set_path(builder, row, steps, *holder.view().begin());
  return builder.finish();
}

bool paths_overlap(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) return paths_overlap(b, a);
  return b.starts_with(a) && (a.size() == b.size() || b[a.size()] == '.');
}

}  // namespace nacre::aggregation
