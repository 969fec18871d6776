// Bytes of anyone's making: what validate() accepts, libbson accepts too, and everything that reads
// documents reads it to its end.
#include <bson/bson.h>

#include "base/check.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "bson/key_encoder.h"
#include "bson/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nacre::bson;
  const nacre::Bytes bytes{reinterpret_cast<const std::byte*>(data), size};
  const auto view = validate(bytes);
  if (!view.has_value()) return 0;

  bson_t theirs;
  NACRE_CHECK(bson_init_static(&theirs, data, size), "libbson sees a document too");
  constexpr auto kFlags =
      static_cast<bson_validate_flags_t>(BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL);
  NACRE_CHECK(bson_validate(&theirs, kFlags, nullptr), "libbson accepts what we accept");

  NACRE_CHECK(compare(*view, *view) == 0, "a document equals itself");
  NACRE_CHECK(!to_json(*view, JsonForm::kRelaxed).empty(), "every document has a text");
  const Document copy = Builder().append_all(*view).finish();
  NACRE_CHECK(copy.bytes() == nacre::as_text(bytes), "a copy is the same bytes");
  // NaN payloads, spellings of a decimal's zero, and objects that look like Extended JSON's
  // wrappers come back otherwise or not at all; they must only come back in order.
  const auto again = from_json(to_json(*view, JsonForm::kCanonical));
  if (again.has_value()) {
    NACRE_CHECK(validate(nacre::as_bytes(again->bytes())).has_value(), "what is read is valid");
  }
  for (const Element& element : *view) {
    const auto key = encode_key(element);
    NACRE_CHECK(key.bytes.size() <= kKeyBytesMax, "KEY-4");
  }
  return 0;
}
