// Sorter: records in the order of their keys, those that memory does not hold from disk.
//
// Records of equal keys keep the order they came in.
// Errors:  292 when the records take more than they may and disk use is not allowed; those of
//          query/spill.h.
// Cost:    add copies key and record; with a limit, only those among the first so far.
// Threads: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/temporary_files.h"
#include "query/spill.h"

namespace nacre::query {

// What a sort may take.
struct SortMemory {
  document::TemporaryFiles* files = nullptr;  // where runs go; outlives the sort
  std::size_t bytes_max = 0;
  bool allow_disk_use = true;
};

class Sorter {
 public:
  // `name` is for error texts. limit 0: all.
  Sorter(SortMemory memory, std::string_view name, std::uint64_t limit)
      : memory_(memory), name_(name), limit_(limit) {}

  [[nodiscard]] Result<> add(std::string_view key, std::string_view record);
  // After the last add.
  [[nodiscard]] Result<> finish();
  // The next record, valid until the next call.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  [[nodiscard]] bool used_disk() const { return spilled_; }

 private:
  struct Place {
    std::uint64_t offset;
    std::uint32_t key_size;  // the record's number included
    std::uint32_t record_size;
  };

  [[nodiscard]] std::string_view key_at(const Place& place) const {
    return std::string_view(data_).substr(place.offset, place.key_size);
  }
  [[nodiscard]] std::string_view record_at(const Place& place) const {
    return std::string_view(data_).substr(place.offset + place.key_size, place.record_size);
  }
  [[nodiscard]] bool before(const Place& a, const Place& b) const { return key_at(a) < key_at(b); }
  void order();
  void compact();
  [[nodiscard]] Result<> spill();
  [[nodiscard]] std::size_t bytes() const { return data_.size() + places_.size() * sizeof(Place); }

  SortMemory memory_;
  std::string_view name_;
  std::uint64_t limit_;
  std::string data_;
  std::vector<Place> places_;  // a heap with the last one in front when there is a limit
  std::size_t garbage_ = 0;    // of data_
  std::uint64_t number_ = 0;
  std::size_t at_ = 0;
  RunMerge runs_;
  bool spilled_ = false;
  std::uint64_t given_ = 0;
};

}  // namespace nacre::query
