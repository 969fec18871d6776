#include "sim/document_life.h"

#include <iterator>

#include "sim/documents.h"

namespace nacre::sim {

void IndexLog::add(std::uint64_t position, std::uint32_t collection, std::size_t index,
                   State state) {
  events_[{collection, index}][position] = state;
}

IndexLog::State IndexLog::at(std::uint64_t position, std::uint32_t collection,
                             std::size_t index) const {
  const auto events = events_.find({collection, index});
  if (events == events_.end()) return State::kGone;
  const auto after = events->second.upper_bound(position);
  return after == events->second.begin() ? State::kGone : std::prev(after)->second;
}

void IndexLog::truncate(std::uint64_t position) {
  for (auto& [index, events] : events_) events.erase(events.upper_bound(position), events.end());
}

void DocumentLife::note(std::string_view event, std::uint64_t number) {
  const Scheduler::FiberId fiber = life.scheduler.running();
  const bool is_commit = event == "txn.sequenced";
  if (is_commit) {
    if (const auto mine = deriving.find(fiber); mine != deriving.end()) mine->second(number);
  }
  life.note(event, number);
  if (!is_commit) return;
  const auto mine = defining.find(fiber);
  if (mine == defining.end() || mine->second.commits++ > 0) return;
  const Definition& definition = mine->second;
  for (std::size_t index = 0; index < kIndexes.size(); ++index) {
    if (!definition.is_all && index != definition.index) continue;
    indexes.add(number, definition.collection, index, definition.state);
  }
}

}  // namespace nacre::sim
