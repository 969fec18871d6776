// Array filters: which elements `$[identifier]` in the paths of an update means.
//
// Each is a filter whose paths all begin with one name, the identifier: {"e.qty": {$gt: 5}}.
// Errors:  kInvalid 9 (FailedToParse) for a filter without or with several such names, and for two
//          filters of one name; 2 (BadValue) for a name that cannot be an identifier; those of
//          match::Filter::parse.
// Threads: what is made is immutable.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "bson/value.h"
#include "document/update.h"
#include "text/collator.h"

namespace nacre::query {

// `filters`: an array of documents, which compare strings by the collator (null: by their bytes).
[[nodiscard]] Result<std::vector<document::ArrayFilter>> parse_array_filters(
    const bson::View& filters, const std::shared_ptr<const text::Collator>& collator = nullptr);

}  // namespace nacre::query
