// What is stored before a document's BSON: how often and when it was written.
//
// Format:  docs/format/documents.md; flags u8, version varint, created u64, updated u64
//          (little-endian, microseconds since the epoch), then the BSON.
// Errors:  decode: kCorrupt; the caller names collection and key.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/position.h"
#include "base/result.h"
#include "bson/value.h"

namespace nacre::document {

struct Envelope {
  std::uint64_t version = 1;  // counts the commits that changed the document; 1 at insert
  Time created{0};
  Time updated{0};
  bool is_replacement = false;  // the last change gave the document whole, not field by field
};

struct StoredDocument {
  Envelope envelope;
  bson::View bson;  // looks into the bytes it was decoded from
};

inline constexpr std::size_t kEnvelopeSizeMax = 1 + 10 + 8 + 8;  // bytes

// Replaces what `to` holds.
void encode(const Envelope& envelope, bson::View bson, std::string& to);

// Checks the envelope and the size of the BSON; what is inside the BSON passed validation when it
// was written, and pages carry checksums.
[[nodiscard]] Result<StoredDocument> decode(Bytes row);

// The BSON alone, as readers of many documents need it.
[[nodiscard]] Result<bson::View> decode_bson(Bytes row);

}  // namespace nacre::document
