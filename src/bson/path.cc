#include "bson/path.h"

namespace nacre::bson {

Path::Path(std::string_view dotted) : text_(dotted) {
  while (true) {
    const std::size_t dot = dotted.find('.');
    const std::string_view step = dotted.substr(0, dot);
    steps_.push_back({.name = std::string(step), .index = array_index(step)});
    if (dot == std::string_view::npos) return;
    dotted.remove_prefix(dot + 1);
  }
}

}  // namespace nacre::bson
