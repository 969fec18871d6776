// The words that those who check wildcard indexes and those who make their entries share.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

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

}  // namespace nacre::document
