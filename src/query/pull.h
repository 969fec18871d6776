// pull_condition: what $pull removes from an array, read as a filter.
//
// {$pull: {a: {$gt: 5}}} asks the condition of each element; {$pull: {a: {b: 1}}} is a filter that
// documents in the array match; a regular expression matches strings.
// Errors:  those of match::Filter::parse and match::Filter::matches.
// Threads: the test is immutable.
#pragma once

#include <memory>

#include "base/result.h"
#include "bson/value.h"
#include "document/update.h"
#include "text/collator.h"

namespace nacre::query {

// Strings are compared by the collator; null: by their bytes.
[[nodiscard]] Result<document::ElementTest> pull_condition(
    const bson::Element& condition, const std::shared_ptr<const text::Collator>& collator);

// For Update::parse.
[[nodiscard]] document::ElementTestParser pull_conditions(
    std::shared_ptr<const text::Collator> collator = nullptr);

}  // namespace nacre::query
