// Why a document does not match: what errInfo.details of a failed validation says.
//
// Format:  MongoDB's: {operatorName, specifiedAs, reason, consideredValue, ...} for one operator;
//          clausesNotSatisfied under logical ones; schemaRulesNotSatisfied under $jsonSchema.
// Why from the source and not while matching: only the rare document that fails pays for it.
// Errors:  none: what cannot be explained is named without a reason.
// Cost:    parses each condition of the filter again.
// Threads: pure functions.
#pragma once

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::match {

// Requires: `filter` is one that Filter::parse takes, and `document` does not match it.
[[nodiscard]] bson::Document explain_failure(const bson::View& filter, const bson::View& document);

}  // namespace nacre::match
