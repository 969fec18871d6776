// Text of anyone's making: what from_json() accepts is valid BSON, and its canonical text reads
// back as the same bytes.
#include "base/check.h"
#include "bson/json.h"
#include "bson/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nacre::bson;
  const auto document = from_json({reinterpret_cast<const char*>(data), size});
  if (!document.has_value()) return 0;
  NACRE_CHECK(validate(nacre::as_bytes(document->bytes())).has_value(), "what is read is valid");
  const auto again = from_json(to_json(*document, JsonForm::kCanonical));
  NACRE_CHECK(again.has_value(), "canonical text is read");
  NACRE_CHECK(again->bytes() == document->bytes(), "canonical text keeps everything");
  return 0;
}
