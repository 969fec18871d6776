#include "base/error_codes.h"
#include "base/text.h"
#include "match/types_internal.h"

namespace nacre::match {

Result<std::uint32_t> types_of_name(std::string_view name) {
  if (name == "number") return kNumberTypes;
  for (unsigned code = 1; code <= 0xff; ++code) {
    const auto type = static_cast<bson::Type>(code);
    if (bson::name(type) == name && name != "unknown") return type_bit(type);
  }
  return fail(Code::kInvalid, error_codes::kBadValue, format("Unknown type name alias: {}", name));
}

}  // namespace nacre::match
