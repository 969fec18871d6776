// The indexes and collections of a DocumentSession.
#include "bson/json.h"
#include "sim/document_session.h"

namespace nacre::sim {

void DocumentSession::define() {
  const std::uint64_t what = random_.below(20);
  const std::size_t index = random_.below(kIndexes.size());
  if (what < 13) {
    create_index(collection_, index);
  } else if (what < 19) {
    drop_index(collection_, index);
  } else {
    drop_collection(collection_);
  }
  shared_.defining.erase(life_.scheduler.running());
}

void DocumentSession::create_index(std::uint32_t collection, std::size_t index) {
  const auto text = bson::from_json(kIndexes[index]);
  const auto spec = document::parse_index_spec(*text);
  shared_.defining[life_.scheduler.running()] = {
      .collection = collection, .index = index, .state = IndexLog::State::kUnsure};
  const auto built = alone({}, [&] {
    return shared_.database->create_indexes(collection_name(collection), std::span(&*spec, 1));
  });
  if (built.has_value()) {
    // Else it was there, or another one built it: after what an error had left was dropped,
    // perhaps.
    if (shared_.defining[life_.scheduler.running()].commits < 2) return;
    ++life_.tally.indexes_built;
    shared_.indexes.add(position_, collection, index, IndexLog::State::kReady);
    life_.oracle.acknowledge(position_);
    return;
  }
  const std::int32_t number = built.error().number();
  if (number == kDuplicateKey || number == kIndexBuildAborted) return;
  if (built.error().code() == Code::kNotFound) return;  // the collection was dropped meanwhile
  accept(built.error(), "building an index");
}

void DocumentSession::drop_index(std::uint32_t collection, std::size_t index) {
  shared_.defining[life_.scheduler.running()] = {.collection = collection, .index = index};
  const auto dropped = alone({}, [&] {
    return shared_.database->drop_index(collection_name(collection), kIndexNames[index]);
  });
  if (dropped.has_value()) {
    life_.oracle.acknowledge(position_);
  } else if (dropped.error().code() != Code::kNotFound) {
    accept(dropped.error(), "dropping an index");
  }
}

void DocumentSession::drop_collection(std::uint32_t collection) {
  shared_.defining[life_.scheduler.running()] = {.collection = collection, .is_all = true};
  const std::vector<Change> all{{TableId{collection}, "", std::nullopt}};
  const auto dropped =
      alone(all, [&] { return shared_.database->drop_collection(collection_name(collection)); });
  if (dropped.has_value()) {
    life_.oracle.acknowledge(position_);
  } else {
    accept(dropped.error(), "dropping a collection");
  }
}

}  // namespace nacre::sim
