// The parts of parsing an index specification.
//
// Errors:  as index_spec.h.
// Threads: pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "base/error_codes.h"
#include "document/index_spec.h"

namespace nacre::document {

using error_codes::kBadValue;
using error_codes::kCannotCreateIndex;
using error_codes::kFailedToParse;
using error_codes::kInvalidIndexSpecificationOption;
using error_codes::kTypeMismatch;

// The names of text fields in a key pattern, in order.
[[nodiscard]] std::vector<std::string_view> text_fields(bson::View key);

// Reads one option beside the key into `spec`.
[[nodiscard]] Result<> parse_index_option(const bson::Element& element, IndexSpec& spec);

// What no single option shows: which of them go together.
[[nodiscard]] Result<> check_index_options(const IndexSpec& spec, bson::View specification);

// Whether the wildcards of a key pattern may stand beside each other and the fields that are there.
[[nodiscard]] Result<> check_wildcard_key(const bson::View& key);
// `projection` into `spec`, whose fields are known.
[[nodiscard]] Result<> parse_wildcard_projection(const bson::View& projection, IndexSpec& spec);
// What a wildcard index, read to its end, must have and cannot have.
[[nodiscard]] Result<> check_wildcard(const IndexSpec& spec);

// Those of a geo index; `spec` has its fields.
[[nodiscard]] Result<GeoOptions> parse_geo_options(bson::View specification, const IndexSpec& spec);
// Whether an option is one of those.
[[nodiscard]] bool is_geo_option(std::string_view name);

// weights, default_language and language_override of a text index over `fields`.
[[nodiscard]] Result<TextOptions> parse_text_options(bson::View specification,
                                                     const std::vector<std::string_view>& fields);

}  // namespace nacre::document
