// Collation documents: {locale: "fr", strength: 1, ...} as commands and indexes carry them.
//
// Errors:  parse_collation: kInvalid 40414 without a locale, 40415 for a field it does not know,
//          14 (TypeMismatch), 2 (BadValue) for a value or locale that there is not,
//          161 (IncompatibleCollationVersion).
// Threads: pure functions.
#pragma once

#include <memory>

#include "base/result.h"
#include "bson/builder.h"
#include "bson/value.h"
#include "text/collator.h"

namespace nacre::bson {

// Null for {locale: "simple"}, and for {}: the caller knows what an empty collation stands for
// (that of the collection).
[[nodiscard]] Result<std::shared_ptr<const text::Collator>> parse_collation(const View& collation);

// The whole of it, defaults written out, as listIndexes and explain show it. Null: locale "simple".
[[nodiscard]] Document describe_collation(const text::Collator* collator);

}  // namespace nacre::bson
