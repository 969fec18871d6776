// A database of documents: one txn::Database, its catalog, and what changes the catalog.
//
// Reading and writing documents is query/operations.h; this is what it stands on.
// Collections come into being with their first insert or by create_collection; both in the commit
//   of the transaction that needs them.
// Invariants: every write of a collection requires its catalog row unchanged since the snapshot; an
//   index that is kReady holds exactly the keys of the documents of its snapshot.
// Errors:  kInvalid 166 (CommandNotSupportedOnView) for a write to a view, and where a time series
//          is to be renamed;
//          kNotFound 26 (NamespaceNotFound), 27 (IndexNotFound); kExists 48 (NamespaceExists);
//          276 (IndexBuildAborted), 12587 (an index is being built); kInvalid 73
//          (InvalidNamespace), 85/86 (an index of that name or key exists and differs), 72
//          (InvalidOptions, cannot drop _id); kConflict 112 (WriteConflict) only from a caller's
//          own transaction: what Database does by itself is retried inside.
// Threads: Database: internally locked. Snapshot: immutable. Transaction: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.h"
#include "base/result.h"
#include "bson/builder.h"
#include "document/catalog.h"
#include "document/index_spec.h"
#include "document/plan_memory.h"
#include "document/temporary_files.h"
#include "document/text_totals.h"
#include "txn/database.h"

namespace nacre::document {

// A place on the timeline with the catalog of that place.
class Snapshot {
 public:
  Snapshot(txn::Snapshot rows, std::shared_ptr<const Catalog> catalog)
      : rows_(std::move(rows)), catalog_(std::move(catalog)) {}

  [[nodiscard]] const txn::Snapshot& rows() const { return rows_; }
  [[nodiscard]] const Catalog& catalog() const { return *catalog_; }
  [[nodiscard]] Position position() const { return rows_.position(); }

 private:
  txn::Snapshot rows_;
  std::shared_ptr<const Catalog> catalog_;  // shared with the database and other snapshots
};

// A transaction over documents of any number of collections. Destroyed without commit, it leaves
// no trace. Operations run in it by query::Scope.
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  [[nodiscard]] txn::Transaction& rows() { return rows_; }
  [[nodiscard]] const txn::Transaction& rows() const { return rows_; }
  // Of its snapshot, and of what the transaction itself changed. What it shows of a collection
  // stays readable as long as the transaction, if out of date after a change.
  [[nodiscard]] const Catalog& catalog() const { return *catalog_; }
  // The same, to be kept.
  [[nodiscard]] std::shared_ptr<const Catalog> share_catalog() const { return catalog_; }

  // The collection, created when it is not there, its catalog row required unchanged.
  [[nodiscard]] Result<const CollectionInfo*> open_for_write(std::string_view collection);
  // The same, null when it is not there.
  [[nodiscard]] Result<const CollectionInfo*> find_for_write(std::string_view collection);
  // The same, kNotFound (26) when it is not there.
  [[nodiscard]] Result<const CollectionInfo*> require_for_write(std::string_view collection);

  [[nodiscard]] Result<> create_collection(std::string_view collection, bson::View options);
  // False: there was none.
  [[nodiscard]] Result<bool> drop_collection(std::string_view collection);
  // Gives `source` the name `target`, in place of the collection that has it, which is dropped.
  // kNotFound 26 when there is no `source`.
  [[nodiscard]] Result<> replace_collection(std::string_view source, std::string_view target);
  // Its documents and indexes stay as they are. kNotFound 26; kExists 48 when there is one of the
  // new name and it is not to be dropped; kInvalid 20 (IllegalOperation) for one name twice;
  // kConflict 12587 (BackgroundOperationInProgressForNamespace) while an index of either is built.
  [[nodiscard]] Result<> rename_collection(std::string_view from, std::string_view to,
                                           bool drop_target);
  // Of a collection or a view; documents are not looked at.
  [[nodiscard]] Result<> change_options(std::string_view collection, bson::View options);

  // Adds an index in state kBuilding. kExists 85 or 86 when one of that name or those fields
  // differs; false when it is there already.
  [[nodiscard]] Result<bool> add_index(std::string_view collection, const IndexSpec& spec);
  [[nodiscard]] Result<> make_index_ready(std::string_view collection, std::string_view index);
  // "*": all but _id_.
  [[nodiscard]] Result<> drop_index(std::string_view collection, std::string_view index);
  // Sets what is set in `traits` and not yet in the catalog. Called by whoever writes entries.
  // True: something was new.
  [[nodiscard]] Result<bool> mark_index(std::string_view collection, const IndexInfo& index,
                                        const EntryTraits& traits);
  [[nodiscard]] Result<> mark_shortened_ids(std::string_view collection);
  // What an index may change into without being built again. kNotFound 27; kInvalid 2 and 72 for
  // that on _id and for what cannot have a life or be unique; 359 (CannotConvertIndexToUnique)
  // with {violations: [{ids: [...]}]} where documents have one value.
  struct IndexChange {
    std::optional<bool> hidden{};
    std::optional<std::int64_t> expire_after_seconds{};
    std::optional<bool> prepare_unique{};
    bool unique = false;   // of one that was prepared
    bool dry_run = false;  // only says whether it could be
  };
  [[nodiscard]] Result<> change_index(std::string_view collection, std::string_view index,
                                      const IndexChange& change);
  // What the transaction changes in the totals of a text index, once it is committed.
  void count_text(TableId table, const TextTotals& change) { text_changes_.add(table, change); }

  // kConflict (112): another transaction won; begin again. After any answer it is over.
  [[nodiscard]] Result<Position> commit(txn::Durability durability = txn::Durability::kSync);

 private:
  friend class Database;
  Transaction(class Database* database, txn::Transaction rows,
              std::shared_ptr<const Catalog> catalog);

  // The first half of commit, as txn::Transaction has it.
  [[nodiscard]] Result<txn::Submitted> submit();
  // `commit` ends the transaction of the rows; here is what comes before and after it.
  template <class Commit>
  [[nodiscard]] std::invoke_result_t<Commit> end(const Commit& commit);
  // Makes `info` (null: its absence) the collection's state, here and in table 1.
  [[nodiscard]] Result<> store(std::string_view collection,
                               std::shared_ptr<const CollectionInfo> info);
  [[nodiscard]] Result<> require_row(std::string_view collection);
  [[nodiscard]] TableId new_table();
  [[nodiscard]] Catalog& own_catalog();

  Database* database_;
  txn::Transaction rows_;
  std::shared_ptr<const Catalog> catalog_;  // shared with the database until the first change
  std::shared_ptr<Catalog> own_;            // what catalog_ points to after the first change
  std::vector<std::string> required_;       // collections whose row is required unchanged already
  TextChanges text_changes_;
  // Earlier states of collections this transaction changed: writers may still look at them.
  std::vector<std::shared_ptr<const CollectionInfo>> kept_;
};

struct Options {
  txn::Options engine;  // engine.file_system is required
  std::string name;     // as clients see it in namespaces; empty: the last part of the path
  // How long between two looks for documents whose time is over (TTL indexes). They are taken on
  // the engine's background threads, and only where something has a life.
  std::int64_t expiry_interval_ms = 60'000;
};

// An index build that is under way.
struct IndexBuildProgress {
  std::string collection;
  std::vector<std::string> indexes;
  std::uint64_t documents_done = 0;
  std::uint64_t documents_total = 0;  // when it began; writers may have added more
};
// Called between the steps of a build, on the thread that builds. False ends it (276,
// IndexBuildAborted), and nothing is left of it.
using IndexBuildWatch = std::function<bool(const IndexBuildProgress&)>;

struct CreateIndexesResult {
  std::size_t count_before = 0;  // indexes of the collection, _id_ included
  std::size_t count_after = 0;
  bool collection_created = false;
};

struct DatabaseVerifyReport {
  txn::VerifyReport engine;
  std::uint64_t collections_checked = 0;
  std::uint64_t documents_checked = 0;
  std::uint64_t index_entries_checked = 0;
  std::vector<std::string> problems;  // the engine's, then those between documents and indexes

  [[nodiscard]] bool clean() const { return problems.empty(); }
};

class Database {
 public:
  // As txn::Database::open; then removes what an index build, a $out or a convertToCapped left that
  // a crash cut short.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(std::string_view path,
                                                              const Options& options);
  ~Database();

  [[nodiscard]] const std::string& name() const { return name_; }

  // Reads of the newest state that take no snapshot, by far the cheapest; each sees every commit
  // before it. visit shows the row of a document in place: `seen` must be brief and not call back
  // into the database; returns whether it is there. count: how many documents there are. Nothing
  // where only a snapshot can tell.
  using SeenRow = txn::Database::SeenValue;
  [[nodiscard]] Result<std::optional<bool>> visit(std::string_view collection, Bytes id_key,
                                                  const SeenRow& seen);
  [[nodiscard]] Result<std::optional<std::uint64_t>> count(std::string_view collection);

  [[nodiscard]] Result<Snapshot> snapshot();
  // The database as it was at `position`, or as the last commit not after `time` left it, with the
  // collections and indexes of then. kTooOld, naming the horizon, before that; kInvalid after the
  // newest position.
  [[nodiscard]] Result<Snapshot> snapshot_at(Position position);
  [[nodiscard]] Result<Snapshot> snapshot_at_time(Time time);
  // The oldest position that can be read.
  [[nodiscard]] Position horizon() const;
  // Every commit after `after` as the engine has it, live; document/changes.h reads it as changes
  // of documents.
  [[nodiscard]] Result<txn::Follower> follow(Position after);
  [[nodiscard]] Result<Transaction> begin();
  // Runs `body` in a transaction and commits it, again from the start when another one won
  // (WriteConflict, 112), up to a bound. `body` may run several times: it must set its results anew
  // each time. `hot_key` names what writers contend for, so that those that lost several times line
  // up instead of racing.
  [[nodiscard]] Result<Position> transact(const std::function<Result<>(Transaction&)>& body,
                                          txn::Durability durability = txn::Durability::kSync,
                                          std::size_t hot_key = 0);

  // `options` as in MongoDB's create command without its name, see document/collection_options.h.
  [[nodiscard]] Result<> create_collection(std::string_view collection, bson::View options);
  [[nodiscard]] Result<bool> drop_collection(std::string_view collection);  // false: none there
  [[nodiscard]] Result<> drop_all();  // every collection, in one commit

  // Builds the indexes over what is there, beside readers and writers, and returns when they are
  // ready, those that others build by then, too. One that exists with the same keys and options is
  // left alone. kExists 11000: the documents break a unique index; nothing is left of the build.
  [[nodiscard]] Result<CreateIndexesResult> create_indexes(
      std::string_view collection, std::span<const IndexSpec> specs,
      txn::Durability durability = txn::Durability::kSync, const IndexBuildWatch& watch = {});
  // Those under way now. Dropping an index that is being built ends its build.
  [[nodiscard]] std::vector<IndexBuildProgress> index_builds() const;
  // "*": all but _id_.
  [[nodiscard]] Result<> drop_index(std::string_view collection, std::string_view index);
  // By key pattern, {a: 1, b: -1}.
  [[nodiscard]] Result<> drop_index(std::string_view collection, bson::View key);

  // Removes the documents whose time is over at `now` by a TTL index, or by expireAfterSeconds of
  // a time series or a clustered collection, in commits of a few; a
  // document whose life a writer extends meanwhile stays. Returns how many went. Done on its own
  // every Options::expiry_interval_ms where there is a background thread.
  [[nodiscard]] Result<std::uint64_t> remove_expired(Time now);

  // How many documents a text index holds, and words in them: what BM25 weighs by. Of the newest
  // commit, or nearly; the first call after an opening reads a row for each document.
  [[nodiscard]] Result<TextTotals> text_totals(const IndexInfo& index);

  // What won for queries of each shape.
  [[nodiscard]] PlanMemory& plans();

  // Rows, pages and references (txn verify), then each index entry against its document and each
  // document against its index entries.
  [[nodiscard]] Result<DatabaseVerifyReport> verify();

  // Makes the file as short as its documents allow; see txn/database.h.
  [[nodiscard]] Result<txn::CompactReport> compact(const txn::CompactOptions& options);

  [[nodiscard]] Result<> sync();
  [[nodiscard]] Result<> checkpoint();
  [[nodiscard]] txn::Stats stats() const;
  [[nodiscard]] Result<> close();

  [[nodiscard]] Time now() const;  // by the engine's clock; for envelopes

  // For what an operation cannot hold in memory.
  [[nodiscard]] TemporaryFiles& temporary_files();

 private:
  friend class Transaction;
  friend class IndexBuildEntry;
  class Rep;
  Database(std::string name, std::unique_ptr<Rep> rep);
  std::string name_;
  std::unique_ptr<Rep> rep_;
};

}  // namespace nacre::document
