// What becomes of open cursors when the collection they read goes: their next getMore is error 175
// (QueryPlanKilled), as with MongoDB; those of the views that look at the collection, too.
//
// Threads: as Cursors.
#pragma once

#include <string_view>

#include "document/catalog.h"
#include "server/cursors.h"

namespace nacre::server {

// `before` is the catalog in which the collection still was; a view that goes ends no cursor.
void end_cursors_on(Cursors& cursors, const document::Catalog& before, std::string_view database,
                    std::string_view collection, std::string_view reason);

}  // namespace nacre::server
