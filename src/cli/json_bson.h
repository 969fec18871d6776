// JsonToBson: one JSON text to one document, fast; the only place that names simdjson.
//
// Numbers become int32 where they fit, then int64, then double, as MongoDB's own tools do it.
//   Extended JSON (relaxed and canonical) gives the other types.
// A field that appears twice is a fault: which of the two a filter would see is anybody's guess.
// Cost:    one pass; buffers are kept from document to document.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>

#include "bson/builder.h"
#include "cli/json_grammar.h"

namespace nacre::cli {

class JsonToBson {
 public:
  static constexpr std::size_t kPadding = 64;

  JsonToBson();
  ~JsonToBson();

  // Requires that kPadding bytes behind the text can be read.
  [[nodiscard]] std::expected<bson::Document, JsonFault> convert(std::string_view text);

 private:
  class Walk;
  class Buffers;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace nacre::cli
