// What a create or collMod command may ask for, checked before anything is made of it.
//
// Why:     options of the wrong type, and those that go with no other, are told apart by MongoDB
//          before it looks at the collection. What they mean is document::CollectionOptions' part.
// Errors:  kInvalid with MongoDB's number: 14, 40414, 40415 for what is not of the right form, 72
//          and numbers of their own for options that do not go together.
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "bson/builder.h"
#include "server/fields.h"

namespace nacre::server {

// The options of a create command: all its fields but its name and those of every command, without
// those that are null.
[[nodiscard]] bson::Document create_options(const Fields& fields);
[[nodiscard]] Result<> check_create_options(const bson::View& options);
// The fields of a collMod command.
[[nodiscard]] Result<> check_collection_changes(const Fields& fields);
// Objects, none of which writes.
[[nodiscard]] Result<> check_view_pipeline(const bson::Element& pipeline);

}  // namespace nacre::server
