// What most commands share: which database, which collection, which documents.
//
// Errors:  open: kNotFound when there is no database in the directory; kConflict when another
//          process has it open.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "bson/builder.h"
#include "cli/arguments.h"
#include "document/database.h"
#include "io/file_system.h"
#include "query/operations.h"

namespace nacre::cli {

struct OpenOptions {
  bool create = false;  // when it is not there
  std::uint64_t checkpoint_log_bytes = txn::Options{}.checkpoint_log_bytes;
};

// A database and the file system under it.
class OpenDatabase {
 public:
  [[nodiscard]] static Result<OpenDatabase> open(const std::string& directory,
                                                 const OpenOptions& options);

  [[nodiscard]] document::Database& operator*() { return *database_; }
  [[nodiscard]] document::Database* operator->() { return database_.get(); }
  // Operations of their own transactions, ended by Ctrl-C.
  [[nodiscard]] query::Scope scope();
  // kNotFound, naming the collections there are, when this one is not among them.
  [[nodiscard]] Result<> require_collection(const std::string& name);

 private:
  std::unique_ptr<io::FileSystem> file_system_;
  std::unique_ptr<document::Database> database_;
};

struct DatabaseFlags {
  std::string directory;

  void declare(Arguments& arguments);
  [[nodiscard]] Result<OpenDatabase> open() const { return open(OpenOptions{}); }
  [[nodiscard]] Result<OpenDatabase> open(const OpenOptions& options) const {
    return OpenDatabase::open(directory, options);
  }
};

struct CollectionFlags : DatabaseFlags {
  std::string collection;

  void declare(Arguments& arguments);
  // Opens the database and makes sure that the collection is there.
  [[nodiscard]] Result<OpenDatabase> open_with_collection() const;
};

// Which documents, in which order, how many.
struct QueryFlags {
  std::string filter = "{}";
  std::string projection = "{}";
  std::string sort = "{}";
  std::string hint;
  std::int64_t skip = 0;
  std::int64_t limit = 0;

  void declare(Arguments& arguments, bool with_projection);
};

// QueryFlags as documents; requests point into it.
struct Query {
  bson::Document filter;
  bson::Document projection;
  bson::Document sort;
  bson::Document hint;
  std::int64_t skip = 0;
  std::int64_t limit = 0;

  // kInvalid names the option whose JSON is not understood.
  [[nodiscard]] static Result<Query> parse(const QueryFlags& flags);
  [[nodiscard]] query::FindRequest find(const std::string& collection) const;
  [[nodiscard]] query::CountRequest count(const std::string& collection) const;
};

// JSON given on the command line. kInvalid names
// `what`, the option it came with.
[[nodiscard]] Result<bson::Document> parse_json(const std::string& what, const std::string& text);

}  // namespace nacre::cli
