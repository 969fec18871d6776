// A document database as the benchmark sees it: what each row of the table asks for.
//
// Each engine is set up as those who know it would: see the .cc of each. A failure ends the
//   process, naming the engine: a benchmark has nobody to recover for.
// Threads: an Engine: one thread at a time. Sessions: one thread at a time each, any number beside
//   each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "documents/dataset.h"

namespace nacre::bench {

// What one writer or reader holds: a connection, where the engine has such a thing.
class Session {
 public:
  virtual ~Session() = default;
  // Durable when it returns.
  virtual void insert(const std::string& json) = 0;
  // Adds 1 to `counter`; durable when it returns.
  virtual void increment(std::int64_t id) = 0;
  // Bytes of the document; 0: none.
  virtual std::size_t get(std::int64_t id) = 0;
  // Each returns how many documents or groups came back, having looked at every one.
  virtual std::size_t by_city(const std::string& city) = 0;
  // Of the country, with a score up to `score`, the 20 highest scores.
  virtual std::size_t best_scores(const std::string& country, double score) = 0;
  virtual std::size_t filter(std::int64_t age, std::string_view street_ending) = 0;
  virtual std::size_t count() = 0;
  virtual std::size_t group() = 0;         // by country: count, average score, highest age
  virtual std::size_t unwind_group() = 0;  // by each of the tags: count
  virtual std::size_t search(const std::string& words) = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // All documents, with the indexes on city and on country and score in place.
  virtual void load(const Dataset& dataset) = 0;
  virtual std::unique_ptr<Session> session() = 0;
  // Over `bio`; false when the engine has none.
  virtual bool create_text_index() = 0;
  [[nodiscard]] virtual std::uint64_t disk_bytes() = 0;
  // The same once it has given back what it can, keeping no past; 0: there is no such thing.
  [[nodiscard]] virtual std::uint64_t compacted_bytes() { return 0; }
  // Of the engine's processes, this one included where it runs in it.
  [[nodiscard]] virtual std::uint64_t peak_memory_bytes() = 0;
};

// `directory` is empty, and the engine's own. Null: not built in.
[[nodiscard]] std::unique_ptr<Engine> open_nacre(const std::string& directory);
[[nodiscard]] std::unique_ptr<Engine> open_sqlite(const std::string& directory);
[[nodiscard]] std::unique_ptr<Engine> open_postgres(const std::string& directory);

[[noreturn]] void give_up(std::string_view engine, std::string_view what);

// Of this process.
[[nodiscard]] std::uint64_t peak_memory_of_process();
[[nodiscard]] std::uint64_t bytes_below(const std::string& directory);

}  // namespace nacre::bench
