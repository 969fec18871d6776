#include "cli/read_ahead.h"

#include <utility>

namespace nacre::cli {

ReadAhead::ReadAhead(RecordReader& reader, Limits limits)
    : reader_(reader), limits_(limits), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const MutexLock lock(mutex_);
    is_unwanted_ = true;
  }
  changed_.notify_all();
}

std::optional<RecordBatch> ReadAhead::next() {
  const MutexLock lock(mutex_);
  while (ready_.empty() && !is_ended_) changed_.wait(mutex_);
  if (ready_.empty()) return std::nullopt;
  RecordBatch batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return batch;
}

void ReadAhead::run() {
  for (bool more = true; more;) {
    RecordBatch batch;
    more = fill(batch);
    const MutexLock lock(mutex_);
    while (ready_.size() >= kBatchesAhead && !is_unwanted_) changed_.wait(mutex_);
    more = more && !is_unwanted_;
    ready_.push_back(std::move(batch));
    is_ended_ = !more;
    changed_.notify_all();
  }
}

bool ReadAhead::fill(RecordBatch& batch) {
  std::size_t bytes = 0;
  while (batch.records.size() < limits_.records && bytes < limits_.bytes) {
    auto read = reader_.next();
    if (!read) batch.error = std::move(read).error();
    if (!read || !*read) {
      batch.bytes_consumed = reader_.bytes_consumed();
      return false;
    }
    bytes += (*read)->document.bytes().size();
    batch.records.push_back(**std::move(read));
    batch.bytes_consumed = reader_.bytes_consumed();
  }
  return true;
}

}  // namespace nacre::cli
