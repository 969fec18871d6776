// The databases of one server: a directory each, side by side in the data directory.
//
// Databases are opened when first asked for and stay open. Whoever uses one holds a Lease; dropping
//   a database waits until no lease is out, and new ones wait until the drop is done.
// Format:     the directory of a database is its name; bytes other than A-Z a-z 0-9 _ - are written
//             %xx, so no name can leave the data directory or clash with ours. A dropped database
//             is renamed to "%dropped-<n>" first, in one step; what a crash leaves of such
//             directories is removed at the next start.
// Errors:     kInvalid 73 (InvalidNamespace) for a name MongoDB would not take; errors of opening.
// Threads:    internally locked. A Lease belongs to one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "document/database.h"
#include "io/file_system.h"

namespace nacre::server {

inline constexpr std::size_t kDatabaseNameMax = 63;  // bytes

[[nodiscard]] Result<> check_database_name(std::string_view name);

// Requires a checked name.
[[nodiscard]] std::string database_directory(std::string_view name);
// The name that belongs to a directory, or nothing when no database can have it.
[[nodiscard]] std::optional<std::string> database_of_directory(std::string_view directory);

class Databases {
 private:
  enum class State : std::uint8_t { kOpening, kOpen, kDropping };
  struct Entry {
    State state = State::kOpening;
    std::size_t leases = 0;
    std::unique_ptr<document::Database> database;  // set when kOpen
  };

 public:
  // Keeps a database open and in place as long as it lives.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    // A second lease, which never waits.
    [[nodiscard]] Lease again() const;

    [[nodiscard]] document::Database& operator*() const { return *entry_->database; }
    [[nodiscard]] document::Database* operator->() const { return entry_->database.get(); }

   private:
    friend class Databases;
    Lease(Databases* databases, Entry* entry) : databases_(databases), entry_(entry) {}
    Databases* databases_;  // null after being moved from
    Entry* entry_;
  };

  // Makes the data directory when it is missing and finishes drops that a crash cut short.
  // `engine.file_system` is required; its create_if_missing is of no account here.
  [[nodiscard]] static Result<std::unique_ptr<Databases>> open(std::string_view directory,
                                                               const txn::Options& engine);
  // Requires that no lease is out.
  ~Databases();

  // Nothing when there is no such database.
  [[nodiscard]] Result<std::optional<Lease>> find(std::string_view name);
  [[nodiscard]] Result<Lease> open_or_create(std::string_view name);

  // Names that have a directory, ascending.
  [[nodiscard]] Result<std::vector<std::string>> names();
  [[nodiscard]] std::size_t open_count();

  // Waits until nobody uses the database, calls `when_alone`, closes it and removes its directory.
  // False when there is none.
  [[nodiscard]] Result<bool> drop(std::string_view name, const std::function<void()>& when_alone);

  // Closes every database cleanly; the first error, after trying all. Requires that no lease is
  // out, and that no other call follows.
  [[nodiscard]] Result<> close();

 private:
  Databases(std::string directory, const txn::Options& engine)
      : directory_(std::move(directory)), engine_(engine) {}

  [[nodiscard]] Result<std::optional<Lease>> lease(std::string_view name, bool create);
  [[nodiscard]] Result<> check_case(std::string_view name);
  [[nodiscard]] Result<std::unique_ptr<document::Database>> open_one(std::string_view name,
                                                                     bool create);
  [[nodiscard]] Result<bool> remove_directory(std::string_view name);
  [[nodiscard]] Result<> remove_leftovers();
  [[nodiscard]] std::string path_of(std::string_view directory) const;

  const std::string directory_;
  const txn::Options engine_;
  Mutex mutex_{"server databases", 4};
  Condition changed_;  // an entry's state or its last lease
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_ NACRE_GUARDED_BY(mutex_);
  std::uint64_t drop_count_ NACRE_GUARDED_BY(mutex_) = 0;
};

}  // namespace nacre::server
