#include "query/parallel_scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "document/envelope.h"
#include "query/parallel.h"

namespace nacre::query {

struct ParallelScan::Part {
  Part(const Execution& outer, KeyRange where)
      : execution{.reader = outer.reader,
                  .limits = outer.limits,
                  .works_left = {},
                  .environment = outer.environment.fork()},
        range(std::move(where)) {}

  struct Found {
    std::size_t key_at;
    std::size_t row_at;
    std::size_t end;
  };
  [[nodiscard]] Bytes piece(std::size_t from, std::size_t to) const {
    return as_bytes(std::string_view(bytes).substr(from, to - from));
  }

  Execution execution;
  KeyRange range;
  std::vector<Found> found;
  std::string bytes;
  std::optional<KeyRange> rest{};  // there was no more room
  Result<> outcome{};
  std::int64_t looked_at = 0;
};

ParallelScan::ParallelScan(Execution& execution, const CollectionScan::Plan& plan,
                           std::vector<KeyRange> parts)
    : execution_(execution), plan_(plan), ranges_(std::move(parts)) {}
ParallelScan::~ParallelScan() = default;

std::unique_ptr<CollectionScan> ParallelScan::scan_of(Execution& execution, KeyRange range) const {
  return std::make_unique<CollectionScan>(
      execution,
      CollectionScan::Plan{
          .collection = plan_.collection, .ranges = {std::move(range)}, .filter = plan_.filter});
}

void ParallelScan::scan(Part& part) const {
  const auto rows = scan_of(part.execution, part.range);
  part.outcome = [&]() -> Result<> {
    while (true) {
      const auto row = NACRE_TRY(rows->next());
      if (!row) return {};
      const std::size_t at = part.bytes.size();
      part.bytes.append(as_text(row->key)).append(as_text(row->stored));
      part.found.push_back(
          {.key_at = at, .row_at = at + row->key.size(), .end = part.bytes.size()});
      if (part.bytes.size() < kBytesMax) continue;
      part.rest = KeyRange{.begin = to_string(row->key) + '\0', .end = part.range.end};
      return {};
    }
  }();
  part.looked_at = rows->counters().documents;
}

void ParallelScan::scan_some() {
  parts_.clear();
  part_ = 0;
  const std::size_t count =
      std::min(ranges_.size() - next_range_, scan_threads() * kPartsPerThread);
  for (std::size_t i = 0; i < count; ++i) {
    parts_.push_back(std::make_unique<Part>(execution_, ranges_[next_range_++]));
  }
  run_parts(count, scan_threads(), [this](std::size_t i) { scan(*parts_[i]); });
  for (const auto& part : parts_) looked_at_ += part->looked_at;
}

Result<std::optional<Row>> ParallelScan::next() {
  while (true) {
    if (part_ == parts_.size()) {
      if (next_range_ == ranges_.size()) return std::nullopt;
      scan_some();
    }
    Part& part = *parts_[part_];
    if (row_ < part.found.size()) {
      const Part::Found& found = part.found[row_++];
      const Bytes stored = part.piece(found.row_at, found.end);
      const bson::View document = NACRE_TRY(document::decode_bson(stored));
      return Row{
          .key = part.piece(found.key_at, found.row_at), .document = document, .stored = stored};
    }
    NACRE_TRY(std::move(part.outcome));
    if (part.rest && rest_ == nullptr) rest_ = scan_of(execution_, *part.rest);
    if (rest_ != nullptr) {
      auto row = NACRE_TRY(rest_->next());
      looked_at_ +=
          rest_->counters().documents - std::exchange(rest_seen_, rest_->counters().documents);
      if (row) return row;
      rest_.reset();
      rest_seen_ = 0;
    }
    row_ = 0;
    ++part_;
  }
}

void ParallelScan::pause() {
  if (rest_ != nullptr) rest_->pause();
}

std::int64_t ParallelScan::take_looked_at() { return std::exchange(looked_at_, 0); }

}  // namespace nacre::query
