// DocumentSession: one user of a simulated database of documents; all that is read and written is
// held against the model (sim/documents.h) and the oracle.
//
// Statements run in transactions of several, whose effects are known from their snapshot, and
//   alone, where the database runs them again when another one won; of those by _id the effect is
//   known from the state before the position they get.
// Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/database.h"
#include "query/operations.h"
#include "sim/document_life.h"
#include "sim/documents.h"

namespace nacre::sim {

inline constexpr std::int32_t kDuplicateKey = 11000;
inline constexpr std::int32_t kIndexBuildAborted = 276;

class DocumentSession {
 public:
  DocumentSession(DocumentLife& shared, std::uint64_t seed)
      : shared_(shared), life_(shared.life), random_(seed) {}
  // Until the life is over or its operations are used up.
  void run();

 private:
  // A transaction and what it shows by the model.
  struct Writing {
    document::Transaction transaction;
    Rows rows;
    std::vector<Change> changes{};
  };

  void operate();
  // Errors that are to be expected, or the end of this life.
  void accept(const Error& error, std::string_view doing);
  bool give_up(const Error& error, std::string_view doing) {
    accept(error, doing);
    return false;
  }
  bool wrong(const std::string& what) {
    life_.fail(what);
    return false;
  }
  [[nodiscard]] Doc draw_doc();
  // Null: none that asks for an index.
  [[nodiscard]] Filter draw_filter(const document::Catalog* indexes_of);
  [[nodiscard]] txn::Durability draw_durability();
  void upkeep();

  // In a transaction: each returns whether it can go on.
  void write();
  bool state(Writing& writing);
  bool insert(Writing& writing);
  bool insert_some(Writing& writing);
  bool update_many(Writing& writing);
  bool update_one(Writing& writing);
  bool replace(Writing& writing);
  bool remove_many(Writing& writing);
  bool take(Writing& writing);
  // Whether an answer is one that the unique index allows.
  bool judge_unique(const Writing& writing, const Rows& wanted, bool is_certain, bool refused);
  void commit(Writing writing);
  void set(Writing& writing, const Doc& doc);
  void erase(Writing& writing, std::int32_t id);
  [[nodiscard]] query::Scope in(Writing& writing) {
    return {.database = *shared_.database, .transaction = &writing.transaction};
  }

  // Alone. `position_` is then the position of its last commit, 0 without one.
  template <class Statement>
  auto alone(const std::vector<Change>& changes, const Statement& statement);
  void write_alone();
  void insert_alone();
  void replace_alone();
  void change_alone();
  void take_alone();
  void finish_alone(txn::Durability durability);
  // Whether in some state since position `first` a document could not be what `made` makes of it
  // there (nothing: it is not there), because its key is another's.
  using Made = std::function<std::optional<Doc>(std::uint64_t at)>;
  [[nodiscard]] bool is_refusable(std::uint64_t first, const Made& made) const;
  [[nodiscard]] const std::string* value_at(std::uint64_t position, std::int32_t id) const {
    return life_.oracle.value_at(position, row_of(collection_, id));
  }
  // Whether `holds` does of some position from `first` to the newest.
  template <class Holds>
  [[nodiscard]] bool at_some_position(std::uint64_t first, const Holds& holds) const;
  void check_unique(std::uint64_t position);

  void read();
  void read_at(const document::Snapshot& snapshot);
  // Without a snapshot of ours.
  void read_newest();
  void find_newest(std::uint64_t first);
  void count_newest(std::uint64_t first);
  void visit_newest(std::uint64_t first);

  void define();
  void create_index(std::uint32_t collection, std::size_t index);
  void drop_index(std::uint32_t collection, std::size_t index);
  void drop_collection(std::uint32_t collection);

  DocumentLife& shared_;
  Life& life_;
  io::Random random_;
  std::uint32_t collection_ = 1;  // of the statement
  std::uint64_t position_ = 0;
};

template <class Statement>
auto DocumentSession::alone(const std::vector<Change>& changes, const Statement& statement) {
  const Scheduler::FiberId fiber = life_.scheduler.running();
  // Visible, in line with others, before it is durable.
  life_.committing[fiber] = {.changes = &changes, .is_sync = false};
  life_.oracle.begin_commit();
  auto answer = statement();
  life_.oracle.end_commit();
  position_ = life_.committing[fiber].position;
  life_.committing.erase(fiber);
  return answer;
}

template <class Holds>
bool DocumentSession::at_some_position(std::uint64_t first, const Holds& holds) const {
  for (std::uint64_t at = first; at <= life_.oracle.submitted(); ++at) {
    if (holds(at)) return true;
  }
  return false;
}

[[nodiscard]] const document::IndexInfo* find_index(const document::Catalog& catalog,
                                                    std::uint32_t collection, std::size_t index);
[[nodiscard]] bool is_ready(const document::IndexInfo* index);  // null: it is not there

// What is wrong with what `snapshot` shows, which is to be the documents of `position`; empty when
// nothing is.
[[nodiscard]] std::string check_documents(document::Database& database,
                                          const document::Snapshot& snapshot, const Oracle& oracle,
                                          std::uint64_t position);

}  // namespace nacre::sim
