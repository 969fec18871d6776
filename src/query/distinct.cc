#include <map>
#include <string>
#include <utility>

#include "bson/key_encoder.h"
#include "bson/path.h"
#include "bson/validate.h"
#include "query/run.h"

namespace nacre::query {

Result<bson::Document> distinct(const Scope& scope, const DistinctRequest& request) {
  if (request.path.empty()) return fail(Code::kInvalid, 9, "distinct: the key is empty");
  const OpenedRun opened =
      NACRE_TRY(open_run(scope, {.collection = request.collection, .filter = request.filter}));
  const bson::Path path(request.path);
  std::map<std::string, bson::Value> values;  // by key, so ascending
  std::size_t bytes = 0;
  const auto take = [&](const bson::Element& element, bson::Reached reached) {
    if (!element) return false;
    const bool is_elements = reached == bson::Reached::kWholeArray;
    if (is_elements) return false;
    std::string key;
    bson::append_key(key, element, bson::Direction::kAscending);
    bytes += key.size();
    values.try_emplace(std::move(key), element);
    return false;
  };
  while (true) {
    const auto row = NACRE_TRY(opened.run->root->next());
    if (!row) break;
    bson::visit_path(row->document, path, take);
    if (bytes > bson::kDocumentBytesMax) {
      return fail(Code::kFull, 17217, "distinct too big, 16mb cap");
    }
  }
  bson::Builder array = bson::Builder::array();
  for (const auto& [key, value] : values) array.push(value.element());
  return array.finish();
}

Result<CollectionStats> collection_stats(const Scope& scope, std::string_view collection) {
  const OpenedRun opened = NACRE_TRY(open_run(scope, {.collection = collection, .filter = {}}));
  CollectionStats stats;
  const document::CollectionInfo* info = opened.run->execution.reader.catalog().find(collection);
  if (info == nullptr) return stats;
  stats.index_count = static_cast<std::int64_t>(info->index_specifications().size());
  while (true) {
    const auto row = NACRE_TRY(opened.run->root->next());
    if (!row) return stats;
    ++stats.documents;
    stats.bytes += static_cast<std::int64_t>(row->document.bytes().size());
  }
}

}  // namespace nacre::query
