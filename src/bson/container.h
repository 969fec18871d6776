// Whether a value holds others.
//
// Threads: a pure function.
#pragma once

#include "bson/value.h"

namespace nacre::bson {

// A document or an array: document() shows what is in it.
[[nodiscard]] inline bool is_container(const Element& value) {
  return value.is(Type::kDocument) || value.is(Type::kArray);
}

}  // namespace nacre::bson
