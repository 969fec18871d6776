// ReadAhead: reads records on a thread of its own, batches ahead of whoever writes them.
//
// Why: parsing and committing take about the same time each, and a machine has two cores.
// Invariants: batches come in the order of the file; a batch is whole records.
// Cost:    memory for kBatchesAhead batches.
// Threads: next and the destructor: one thread at a time. The reader belongs to the thread inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "cli/record_reader.h"

namespace nacre::cli {

struct RecordBatch {
  std::vector<ReadDocument> records;
  std::uint64_t bytes_consumed = 0;  // of the file, behind the last of them
  std::optional<Error> error;        // what ended the reading; nothing comes after it
};

class ReadAhead {
 public:
  struct Limits {
    std::size_t records = 1000;
    std::size_t bytes = std::size_t{1} << 20;  // of BSON
  };

  // `reader` outlives it.
  ReadAhead(RecordReader& reader, Limits limits);
  ~ReadAhead();  // waits for the record being read
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next batch, the last of which may have no records; nothing at the end.
  [[nodiscard]] std::optional<RecordBatch> next();

 private:
  static constexpr std::size_t kBatchesAhead = 4;

  void run();
  // One batch more; false at the end.
  [[nodiscard]] bool fill(RecordBatch& batch);

  RecordReader& reader_;
  Limits limits_;
  Mutex mutex_{"cli::ReadAhead", 1};
  Condition changed_;
  std::deque<RecordBatch> ready_ NACRE_GUARDED_BY(mutex_);
  bool is_ended_ NACRE_GUARDED_BY(mutex_) = false;  // nothing comes behind `ready_`
  bool is_unwanted_ NACRE_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace nacre::cli
