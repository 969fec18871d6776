// What changed from one version of a document to the next, field by field.
//
// Paths are dotted; steps into arrays are positions. Documents are compared field by field as long
//   as the fields both have stand in the same order, arrays element by element as long as none was
//   lost; what cannot be told so is given whole.
// Invariants: DIFF-1 setting every `updated` path and unsetting every `removed` one turns the first
//             version into one with the fields and values of the second.
// Cost:       quadratic in the fields of one level at worst; nothing is built for what is equal.
// Threads:    pure functions.
#pragma once

#include <string>
#include <vector>

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::document {

struct Difference {
  bson::Document updated;            // path: new value, in the order of the second version
  std::vector<std::string> removed;  // paths, in the order of the first version
};

[[nodiscard]] Difference difference(bson::View before, bson::View after);

}  // namespace nacre::document
