#include "query/collection_stats.h"

#include <numeric>
#include <utility>

#include "query/run.h"

namespace nacre::query {
namespace {

std::int64_t signed_of(std::size_t number) { return static_cast<std::int64_t>(number); }

Result<IndexSize> measure(const Execution& execution, std::string name, TableId table,
                          bool with_values) {
  IndexSize size{.name = std::move(name)};
  auto cursor = NACRE_TRY(execution.reader.cursor(table));
  cursor->read_values(with_values);
  bool more = NACRE_TRY(cursor->seek_first());
  while (more) {
    const txn::RowViews seen = NACRE_TRY(cursor->read_rows({}));
    for (const txn::RowView& row : seen.rows) {
      size.bytes += signed_of(row.prefix.size() + row.suffix.size());
      if (with_values) size.bytes += signed_of(row.value.size());
    }
    size.entries += signed_of(seen.rows.size());
    more = seen.more;
  }
  return size;
}

}  // namespace

std::int64_t CollectionStats::index_bytes() const {
  return std::accumulate(
      indexes.begin(), indexes.end(), std::int64_t{0},
      [](std::int64_t sum, const IndexSize& index) { return sum + index.bytes; });
}

Result<CollectionStats> collection_stats(Execution& execution, std::string_view collection) {
  const OpenedAccess all =
      NACRE_TRY(open_access(execution, {.collection = collection, .filter = {}}));
  CollectionStats stats;
  const document::CollectionInfo* info = execution.reader.catalog().find(collection);
  if (info == nullptr) return stats;
  while (true) {
    const auto row = NACRE_TRY(all.root->next());
    if (!row) break;
    ++stats.documents;
    stats.bytes += signed_of(row->document.bytes().size());
  }
  stats.capped = info->settings.capped;
  // The collection itself is in the order of _id: its keys are that index.
  if (!info->settings.series) {
    stats.indexes.push_back(NACRE_TRY(measure(execution, std::string(document::kIdIndexName),
                                              info->table, /*with_values=*/false)));
  }
  for (const document::IndexInfo& index : info->indexes) {
    if (index.state != document::IndexState::kReady) continue;
    stats.indexes.push_back(
        NACRE_TRY(measure(execution, index.name, index.table, /*with_values=*/true)));
  }
  return stats;
}

Result<CollectionStats> collection_stats(const Scope& scope, std::string_view collection) {
  const OpenedRun opened = NACRE_TRY(open_run(scope, {.collection = collection, .filter = {}}));
  return collection_stats(opened.run->execution, collection);
}

void append_storage_stats(const CollectionStats& stats, std::int64_t scale, bson::Builder& to) {
  to.append_number("size", stats.bytes / scale).append_number("count", stats.documents);
  if (stats.documents > 0) to.append_number("avgObjSize", stats.bytes / stats.documents);
  to.append("numOrphanDocs", 0).append_number("storageSize", stats.bytes / scale);
  to.append("freeStorageSize", 0).append("capped", stats.capped.has_value());
  if (stats.capped) {
    to.append_number("max", stats.capped->documents);
    to.append_number("maxSize", stats.capped->bytes / scale);
  }
  to.append_number("nindexes", signed_of(stats.indexes.size()));
  to.begin_document("indexDetails").end().begin_array("indexBuilds").end();
  to.append_number("totalIndexSize", stats.index_bytes() / scale);
  to.append_number("totalSize", (stats.bytes + stats.index_bytes()) / scale);
  to.begin_document("indexSizes");
  for (const IndexSize& index : stats.indexes) to.append_number(index.name, index.bytes / scale);
  to.end().append_number("scaleFactor", scale);
}

}  // namespace nacre::query
