// Intel's decimal library as it is called here: arguments and rounding by value, flags by pointer.
//
// Threads: pure functions.
#pragma once

#define DECIMAL_CALL_BY_REFERENCE 0
#define DECIMAL_GLOBAL_ROUNDING 0
#define DECIMAL_GLOBAL_EXCEPTION_FLAGS 0
#include <bid_conf.h>
#include <bid_functions.h>

#include "bson/value.h"

namespace nacre::bson {

inline BID_UINT128 to_library(Decimal128 value) {
  BID_UINT128 converted;
  converted.w[0] = value.low;
  converted.w[1] = value.high;
  return converted;
}

inline Decimal128 from_library(const BID_UINT128& value) {
  return {.low = value.w[0], .high = value.w[1]};
}

}  // namespace nacre::bson
