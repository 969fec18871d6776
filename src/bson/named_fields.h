// The arguments of a function as a document names them.
//
// Threads: pure functions.
#pragma once

#include <initializer_list>
#include <string_view>

#include "bson/value.h"

namespace nacre::bson {

struct NamedField {
  std::string_view name;
  Element* field;
};

// Sets each to the field of its name, where there is one. Returns the first field that has none of
// the names; a missing one when all have.
[[nodiscard]] inline Element take_fields(const View& document,
                                         std::initializer_list<NamedField> named) {
  for (const Element& element : document) {
    bool is_known = false;
    for (const NamedField& each : named) {
      if (each.name != element.name()) continue;
      *each.field = element;
      is_known = true;
    }
    if (!is_known) return element;
  }
  return {};
}

}  // namespace nacre::bson
