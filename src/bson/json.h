// Extended JSON, version 2: BSON as text, and back.
//
// Relaxed writes numbers and dates (of the years 1970 to 9999) as people read them; canonical keeps
// every type. Reading takes either, mixed.
// Errors:  from_json gives kInvalid with number 9 (FailedToParse), saying what was expected and at
//          which byte of the text.
// Cost:    writing is one pass, appending to one string.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::bson {

enum class JsonForm { kRelaxed, kCanonical };

[[nodiscard]] std::string to_json(const View& document, JsonForm form = JsonForm::kRelaxed);
// The value alone, without its name.
[[nodiscard]] std::string to_json(const Element& value, JsonForm form = JsonForm::kRelaxed);
void append_json(std::string& to, const View& document, JsonForm form);

// One object, with nothing but white space around it.
[[nodiscard]] Result<Document> from_json(std::string_view text);

// One array; the result is to be read as one (Builder::append_array).
[[nodiscard]] Result<Document> array_from_json(std::string_view text);

}  // namespace nacre::bson
