// What a DocumentSession reads.
#include <algorithm>

#include "base/text.h"
#include "bson/json.h"
#include "document/envelope.h"
#include "document/index_keys.h"
#include "sim/document_session.h"

namespace nacre::sim {
namespace {

Result<std::vector<std::string>> drain(query::Cursor cursor) {
  std::vector<std::string> found;
  while (const auto document = NACRE_TRY(cursor.next())) {
    found.push_back(to_string(document->bytes()));
  }
  return found;
}

// In the order of _id, as the model has them.
void sort_by_id(std::vector<std::string>& documents) {
  std::ranges::sort(documents, {}, [](const std::string& bytes) { return Doc::decode(bytes).id; });
}

}  // namespace

void DocumentSession::read() {
  const std::uint64_t returned = life_.returned;
  auto snapshot = shared_.database->snapshot();
  if (!snapshot.has_value()) return accept(snapshot.error(), "taking a snapshot");
  const std::uint64_t newest = number(snapshot->position());
  if (newest < returned) return life_.fail("ISO-1: a snapshot is older than a commit before it");
  if (newest > life_.oracle.submitted()) return life_.fail("a snapshot that nobody committed");
  if (life_.plan.keeps_history() && random_.chance(1, 3)) {
    const std::uint64_t horizon = number(shared_.database->horizon());
    if (horizon > newest) return;
    auto past =
        shared_.database->snapshot_at(Position{horizon + random_.below(newest - horizon + 1)});
    if (!past.has_value()) return accept(past.error(), "going back");
    ++life_.tally.past_reads;
    return read_at(*past);
  }
  life_.oracle.show(newest);
  read_at(*snapshot);
}

void DocumentSession::read_at(const document::Snapshot& snapshot) {
  const std::uint64_t position = number(snapshot.position());
  const Filter filter = draw_filter(&snapshot.catalog());
  const bson::Document which = filter.query();
  const query::Scope scope{.database = *shared_.database, .at = &snapshot};
  const std::string name = collection_name(collection_);
  const auto found = [&]() -> Result<std::vector<std::string>> {
    return drain(NACRE_TRY(query::find(scope, {.collection = name, .filter = which})));
  }();
  const auto count = query::count(scope, {.collection = name, .filter = which});
  if (!found.has_value()) return accept(found.error(), "finding");
  if (!count.has_value()) return accept(count.error(), "counting");
  std::vector<std::string> shown = *found;
  life_.tally.rows_read += shown.size();
  sort_by_id(shown);
  const auto expected = encoded(matching(life_.oracle.rows_at(position), collection_, filter));
  if (shown == expected && *count == static_cast<std::int64_t>(expected.size())) return;
  life_.fail(format("ISO-1: {} at position {} by {} shows {} and counts {}, expected {}", name,
                    position, bson::to_json(which.view()), shown.size(), *count, expected.size()));
}

void DocumentSession::read_newest() {
  ++life_.tally.newest_reads;
  const std::uint64_t first = life_.returned;
  switch (random_.below(3)) {
    case 0:
      return find_newest(first);
    case 1:
      return count_newest(first);
    default:
      return visit_newest(first);
  }
}

void DocumentSession::find_newest(std::uint64_t first) {
  const Filter filter = draw_filter(nullptr);
  const bson::Document which = filter.query();
  const std::string name = collection_name(collection_);
  std::uint64_t position = 0;
  auto found = [&]() -> Result<std::vector<std::string>> {
    query::Cursor cursor = NACRE_TRY(
        query::find({.database = *shared_.database}, {.collection = name, .filter = which}));
    position = number(cursor.position());
    return drain(std::move(cursor));
  }();
  if (!found.has_value()) return accept(found.error(), "finding");
  if (position < first || position > life_.oracle.submitted()) {
    return life_.fail(format("ISO-1: a find at {}, {} had returned", position, first));
  }
  life_.oracle.show(position);
  life_.tally.rows_read += found->size();
  sort_by_id(*found);
  const auto expected = encoded(matching(life_.oracle.rows_at(position), collection_, filter));
  if (*found == expected) return;
  life_.fail(format("ISO-1: {} at position {} by {} shows {}, expected {}", name, position,
                    bson::to_json(which.view()), found->size(), expected.size()));
}

void DocumentSession::count_newest(std::uint64_t first) {
  const std::string name = collection_name(collection_);
  const auto count = query::count({.database = *shared_.database}, {.collection = name});
  if (!count.has_value()) return accept(count.error(), "counting");
  const auto is_so = [&](std::uint64_t at) {
    const auto docs = matching(life_.oracle.rows_at(at), collection_, {});
    return *count == static_cast<std::int64_t>(docs.size());
  };
  if (at_some_position(first, is_so)) return;
  life_.fail(format("ISO-1: {} counts {} documents, which is of no position since {}", name, *count,
                    first));
}

void DocumentSession::visit_newest(std::uint64_t first) {
  const auto id = static_cast<std::int32_t>(random_.below(life_.plan.keys));
  const bson::Document holder = bson::Builder().append("_id", id).finish();
  const std::string key = document::id_key(holder.find("_id"));
  std::string shown;
  const auto visited = shared_.database->visit(collection_name(collection_), as_bytes(key),
                                               [&](Bytes row) { shown = to_string(row); });
  if (!visited.has_value()) return accept(visited.error(), "visiting a document");
  if (!visited->has_value()) return;  // only a snapshot could tell
  const bool is_there = **visited;
  if (is_there) {
    const auto document = document::decode_bson(as_bytes(shown));
    if (!document.has_value()) return life_.fail("a visit: " + document.error().text());
    shown = to_string(document->bytes());
  }
  const auto is_so = [&](std::uint64_t at) {
    const std::string* expected = value_at(at, id);
    return is_there ? expected != nullptr && *expected == shown : expected == nullptr;
  };
  if (at_some_position(first, is_so)) return;
  life_.fail(format("ISO-1: document {} of {} is {}, which is of no position since {}", id,
                    collection_name(collection_), is_there ? "as it is" : "not there", first));
}

std::string check_documents(document::Database& database, const document::Snapshot& snapshot,
                            const Oracle& oracle, std::uint64_t position) {
  const Rows rows = oracle.rows_at(position);
  for (std::uint32_t collection = 1; collection <= kCollections; ++collection) {
    const query::Scope scope{.database = database, .at = &snapshot};
    const std::string name = collection_name(collection);
    auto found = [&]() -> Result<std::vector<std::string>> {
      return drain(NACRE_TRY(query::find(scope, {.collection = name})));
    }();
    if (!found.has_value()) return format("{}: {}", name, found.error().text());
    sort_by_id(*found);
    if (*found != encoded(matching(rows, collection, {}))) {
      return format("{} at position {} has {} documents, and not those that were written", name,
                    position, found->size());
    }
  }
  return {};
}

}  // namespace nacre::sim
