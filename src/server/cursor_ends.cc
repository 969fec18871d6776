#include "server/cursor_ends.h"

#include <string>

#include "query/view.h"

namespace nacre::server {

void end_cursors_on(Cursors& cursors, const document::Catalog& before, std::string_view database,
                    std::string_view collection, std::string_view reason) {
  const document::CollectionInfo* info = before.find(collection);
  if (info == nullptr || info->settings.is_view) return;
  cursors.end_all_of(database, collection, reason);
  for (const std::string& name : before.collection_names()) {
    if (!before.find(name)->settings.is_view) continue;
    const auto view = query::resolve_view(before, name);
    if (view && view->collection == collection) {
      cursors.end_all_of(database, name, reason);
    }
  }
}

}  // namespace nacre::server
