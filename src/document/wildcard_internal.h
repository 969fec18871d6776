// The words that those who check wildcard indexes and those who make their entries share.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "document/catalog.h"

namespace nacre::document {

inline bool is_wildcard_path(std::string_view path) {
  return path == "$**" || path.ends_with(".$**");
}

// Where the values of a wildcard lie: "a" for "a.$**", "" (the document) for "$**".
inline std::string_view root_of_wildcard(std::string_view path) {
  return path.substr(0, path.size() - std::min<std::size_t>(path.size(), 4));
}

// Whether `path` is `root` or leads through it.
inline bool is_at_or_below(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '.');
}

// The position of the wildcard among the fields of an index; their number when there is none.
inline std::size_t wildcard_position(const std::vector<IndexField>& fields) {
  const auto at = std::ranges::find(fields, FieldKind::kWildcard, &IndexField::kind);
  return static_cast<std::size_t>(at - fields.begin());
}

}  // namespace nacre::document
