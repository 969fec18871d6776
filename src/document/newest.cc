// Reads of the newest state without a snapshot: where a collection lies is known from the catalog
// that was read last, as long as no commit has changed it since.
#include <utility>

#include "document/database_internal.h"

namespace nacre::document {

std::optional<TableId> Database::Rep::newest_table(std::string_view collection,
                                                   std::uint64_t changes_now, bool by_id) {
  // What a thread asked for last it mostly asks for again; that takes no lock.
  struct Known {
    std::uint64_t serial = 0;
    std::uint64_t changes = 0;
    std::string collection;
    TableId table{};
    bool is_by_id = true;
  };
  thread_local Known known;
  if (known.serial == serial && known.changes == changes_now && known.collection == collection) {
    if (by_id && !known.is_by_id) return std::nullopt;
    return known.table;
  }
  const MutexLock lock(mutex);
  if (cached == nullptr || cached_changes != changes_now) return std::nullopt;
  const CollectionInfo* info = cached->find(collection);
  if (info == nullptr || info->settings.is_view) return std::nullopt;
  known = {.serial = serial,
           .changes = changes_now,
           .collection = std::string(collection),
           .table = info->table,
           .is_by_id = !info->settings.series};
  if (by_id && !known.is_by_id) return std::nullopt;
  return info->table;
}

Result<std::optional<bool>> Database::visit(std::string_view collection, Bytes id_key,
                                            const SeenRow& seen) {
  const std::uint64_t changes = rep_->changes.load();
  const auto table = rep_->newest_table(collection, changes, /*by_id=*/true);
  if (!table) return std::nullopt;
  const bool is_there = NACRE_TRY(rep_->rows->visit(*table, id_key, seen));
  // Else the table may have been another collection's by then.
  if (rep_->changes.load() != changes) return std::nullopt;
  return is_there;
}

Result<std::optional<std::uint64_t>> Database::count(std::string_view collection) {
  const std::uint64_t changes = rep_->changes.load();
  const auto table = rep_->newest_table(collection, changes, /*by_id=*/false);
  if (!table) return std::nullopt;
  auto count = NACRE_TRY(rep_->rows->row_count(*table));
  if (rep_->changes.load() != changes) return std::nullopt;
  return count;
}

}  // namespace nacre::document
