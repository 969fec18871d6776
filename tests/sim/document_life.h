// What the sessions of one life of a database of documents share, and which indexes there were.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "document/database.h"
#include "sim/session.h"

namespace nacre::sim {

// Which indexes there are at every position.
class IndexLog {
 public:
  enum class State : std::uint8_t { kGone, kUnsure, kReady };  // kUnsure: being built, perhaps
  void add(std::uint64_t position, std::uint32_t collection, std::size_t index, State state);
  [[nodiscard]] State at(std::uint64_t position, std::uint32_t collection, std::size_t index) const;
  void truncate(std::uint64_t position);

 private:
  std::map<std::pair<std::uint32_t, std::size_t>, std::map<std::uint64_t, State>> events_;
};

// Beside Life, whose `database` is not used.
struct DocumentLife {
  Life& life;
  IndexLog& indexes;
  document::Database* database = nullptr;
  // By fiber: what the statement that it carries out does to indexes, from its first commit on.
  struct Definition {
    std::uint32_t collection = 0;
    std::size_t index = 0;
    IndexLog::State state = IndexLog::State::kGone;
    bool is_all = false;  // of the collection
    std::uint64_t commits = 0;
  };
  std::map<Scheduler::FiberId, Definition> defining{};
  // By fiber: told of the position that its commit was given, before the oracle is.
  std::map<Scheduler::FiberId, std::function<void(std::uint64_t)>> deriving{};

  // Told of every event that the engine notes.
  void note(std::string_view event, std::uint64_t number);
};

}  // namespace nacre::sim
