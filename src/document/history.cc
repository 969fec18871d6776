#include "document/history.h"

#include <string>
#include <utility>

#include "base/text.h"

namespace nacre::document {
namespace {

Result<DocumentVersion> version_of(Database& database, const txn::RowState& state) {
  DocumentVersion version{.position = state.since,
                          .time = {},
                          .is_removed = !state.value,
                          .envelope = {},
                          .document = {}};
  if (state.value) {
    const StoredDocument stored = NACRE_TRY(decode(as_bytes(*state.value)));
    version.envelope = stored.envelope;
    version.document = bson::Document(stored.bson);
  }
  const auto then = database.snapshot_at(state.since);
  if (then) version.time = then->rows().time();
  // A commit before the horizon is known by its row alone.
  if (number(version.time) == 0) version.time = version.envelope.updated;
  return version;
}

}  // namespace

Result<History> history_of(Database& database, const Snapshot& from, std::string_view collection,
                           Bytes id_key, std::size_t limit) {
  History history;
  const CollectionInfo* info = from.catalog().find(collection);
  if (info == nullptr) return history;
  if (info->settings.series) {
    return fail(
        Code::kUnsupported,
        format("{} is a time series: an _id does not name one of its documents", collection));
  }
  txn::Snapshot rows = from.rows();
  while (history.versions.size() < limit) {
    const txn::RowState state = NACRE_TRY(rows.state(info->table, id_key));
    if (state.since == kNoPosition) {
      history.is_whole = true;
      break;
    }
    history.versions.push_back(NACRE_TRY(version_of(database, state)));
    const DocumentVersion& last = history.versions.back();
    const Position before{number(state.since) - 1};
    auto earlier = database.snapshot_at(before);
    if (earlier) {
      rows = earlier->rows();
      continue;
    }
    if (earlier.error().code() != Code::kTooOld) return std::unexpected(std::move(earlier).error());
    // The first version of a document tells that it is the first.
    history.is_whole = !last.is_removed && last.envelope.version == 1;
    break;
  }
  return history;
}

}  // namespace nacre::document
