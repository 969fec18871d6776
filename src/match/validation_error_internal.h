// The part of explain_failure that is about $jsonSchema.
#pragma once

#include "bson/builder.h"
#include "bson/value.h"

namespace nacre::match {

// The rules of `schema` that `value` does not satisfy, as an array of explanations; empty when it
// satisfies them all.
[[nodiscard]] bson::Document broken_rules(const bson::View& schema, const bson::Element& value);

// Appends the fields `title` and `description` of a schema when it has them.
void append_annotations(bson::Builder& to, const bson::View& schema);

}  // namespace nacre::match
