// Equality of values in a pipeline under its collation; their order is bson::compare with it.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "bson/compare.h"
#include "bson/key_encoder.h"
#include "bson/value.h"

namespace nacre::text {
class Collator;
}  // namespace nacre::text

namespace nacre::aggregation {

// Equal values append equal bytes; a missing one is as undefined.
inline void append_group_key(std::string& to, const bson::Element& value,
                             const text::Collator* collator) {
  bson::append_key(to, value, bson::Direction::kAscending, nullptr, collator);
}

}  // namespace nacre::aggregation
