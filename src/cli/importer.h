// Importer: puts the documents of a file into a collection, a batch per commit.
//
// Records are read on a thread of their own (cli/read_ahead.h) while those before are written.
// Batches are commits in the order of the file, as durable as the scope says: whatever ends the
//   import (a bad document, Ctrl-C, a power cut), what is kept are whole batches without a gap.
// Errors:  those of the input and of the database; bad documents are no errors, they go to
//          `on_problem` with their place.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/document_reader.h"
#include "cli/record_reader.h"
#include "query/operations.h"

namespace nacre::cli {

struct ImportOptions {
  std::string collection = {};
  bool skip_bad = false;  // go on behind a bad document
  std::size_t batch_documents = 5000;
  // Of BSON; a batch ends when it is reached. What a larger commit takes comes from the system page
  // fault by page fault (decision 27).
  std::size_t batch_bytes = std::size_t{256} << 10;
  std::uint64_t skip_records = 0;  // at the beginning: they are there already
  // Replaces the document whose values at these paths are the same, or inserts; empty: inserts.
  std::vector<std::string> upsert_fields = {};
  std::function<void(Place, const std::string& reason)> on_problem = {};
  std::function<void(std::uint64_t documents, std::uint64_t bytes)> on_batch = {};
  std::function<bool()> stop_wanted = {};  // asked between batches
};

struct ImportResult {
  std::uint64_t imported = 0;
  std::uint64_t bad = 0;
  std::uint64_t records = 0;  // dealt with in all, skipped and bad ones included
  std::uint64_t bytes = 0;    // of the file
  bool stopped = false;       // at a bad document
  bool interrupted = false;
};

[[nodiscard]] Result<ImportResult> import_records(const query::Scope& scope, RecordReader& reader,
                                                  const ImportOptions& options);

// The same for a file of JSON.
[[nodiscard]] Result<ImportResult> import_documents(const query::Scope& scope, Input& input,
                                                    const ImportOptions& options);

}  // namespace nacre::cli
