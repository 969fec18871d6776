// validate: from bytes of anyone's making to a View that can be read without further checks.
//
// Why our own walk: libbson's validator recurses as deep as the sender likes. This one keeps its
//   open documents in a fixed array, checks exactly what View relies on (BSON-1), and leaves UTF-8
//   to libbson.
// Errors:  kInvalid with number 22 (InvalidBSON), or 10334 (BSONObjectTooLarge) for the size; the
//          sentence names the byte offset and, where known, the field.
// Cost:    one pass over the bytes, no allocation on success.
// Threads: pure functions.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "bson/value.h"

namespace nacre::bson {

inline constexpr std::size_t kDocumentBytesMax = 16 * 1024 * 1024;
inline constexpr int kDepthMax = 200;  // documents inside each other, the outermost counted

struct Limits {
  std::size_t bytes_max = kDocumentBytesMax;
  int depth_max = kDepthMax;  // at most 250
};

// `bytes` must be exactly one document.
[[nodiscard]] Result<View> validate(Bytes bytes, Limits limits = {});

// The document at the start of `bytes`, which may go on behind it.
[[nodiscard]] Result<View> validate_first(Bytes bytes, Limits limits = {});

}  // namespace nacre::bson
