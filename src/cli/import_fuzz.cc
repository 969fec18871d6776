// Any bytes as a file to import: each document read must be valid BSON, and the fast parser must
// refuse what the grammar refuses.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "bson/validate.h"
#include "cli/document_reader.h"

namespace {

void read_as_file(const std::string& text, std::size_t part_bytes) {
  const auto input = nacre::cli::text_input(text, part_bytes);
  nacre::cli::DocumentReader reader(*input, {.document_bytes_max = 4096, .read_bytes = 512});
  while (true) {
    auto next = reader.next();
    NACRE_CHECK(next.has_value(), "text in memory can be read");
    if (!next->has_value()) return;
    const auto& read = **next;
    if (!read.reason.empty()) continue;
    NACRE_CHECK(nacre::bson::validate(nacre::as_bytes(read.document.bytes())).has_value(),
                "an imported document is valid");
  }
}

void parse_as_document(std::string text) {
  const std::size_t size = text.size();
  text.resize(size + nacre::cli::JsonToBson::kPadding);
  const auto view = std::string_view(text).substr(0, size);
  nacre::cli::JsonToBson converter;
  if (converter.convert(view).has_value()) {
    NACRE_CHECK(!nacre::cli::find_json_fault(view).has_value(), "the parsers agree");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_as_file(text, size % 7);
  parse_as_document(text);
  return 0;
}
