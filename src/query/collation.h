// Collation: what an operation says of the order of strings.
//
// Threads: pure functions.
#pragma once

#include <memory>
#include <optional>

#include "document/catalog.h"
#include "text/collator.h"

namespace nacre::query {

// Nothing: that of the collection is meant. Null: the order of bytes ({locale: "simple"}).
using Collation = std::optional<std::shared_ptr<const text::Collator>>;

// What strings are compared with; `collection` is null where there is none.
[[nodiscard]] inline std::shared_ptr<const text::Collator> collator_for(
    const Collation& collation, const document::CollectionInfo* collection) {
  if (collation) return *collation;
  return collection == nullptr ? nullptr : collection->settings.collator;
}

}  // namespace nacre::query
