#include "query/sorter.h"

#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::query {

Result<> Sorter::add(std::string_view key, std::string_view record) {
  const std::uint64_t offset = data_.size();
  data_.append(key);
  append_be(data_, number_++);
  const auto key_size = static_cast<std::uint32_t>(data_.size() - offset);
  const Place place{.offset = offset,
                    .key_size = key_size,
                    .record_size = static_cast<std::uint32_t>(record.size())};
  const auto less = [this](const Place& a, const Place& b) { return before(a, b); };
  if (limit_ != 0 && places_.size() == limit_) {
    if (!before(place, places_.front())) {
      data_.resize(offset);
      return {};
    }
    std::ranges::pop_heap(places_, less);
    garbage_ += places_.back().key_size + places_.back().record_size;
    places_.pop_back();
  }
  data_.append(record);
  places_.push_back(place);
  if (limit_ != 0) std::ranges::push_heap(places_, less);
  if (garbage_ > data_.size() / 2 && garbage_ > (std::size_t{1} << 20)) compact();
  if (bytes() > memory_.bytes_max) return spill();
  return {};
}

void Sorter::compact() {
  std::string kept;
  kept.reserve(data_.size() - garbage_);
  for (Place& place : places_) {
    const std::uint64_t offset = kept.size();
    kept.append(std::string_view(data_).substr(place.offset, place.key_size + place.record_size));
    place.offset = offset;
  }
  data_ = std::move(kept);
  garbage_ = 0;
}

Result<> Sorter::spill() {
  if (!memory_.allow_disk_use) {
    return fail(Code::kFull, error_codes::kQueryExceededMemoryLimitNoDiskUseAllowed,
                format("{} exceeded memory limit of {} bytes, but did not opt in to external "
                       "sorting. Aborting operation. Pass allowDiskUse:true to opt in.",
                       name_, memory_.bytes_max));
  }
  order();
  RunFile run = NACRE_TRY(RunFile::create(*memory_.files));
  for (const Place& place : places_) NACRE_TRY(run.add(key_at(place), record_at(place)));
  NACRE_TRY(run.finish());
  runs_.add(std::move(run));
  spilled_ = true;
  places_.clear();
  data_.clear();
  garbage_ = 0;
  return {};
}

void Sorter::order() {
  std::ranges::sort(places_, [this](const Place& a, const Place& b) { return before(a, b); });
}

Result<> Sorter::finish() {
  if (spilled_) return places_.empty() ? Result<>() : spill();
  order();
  return {};
}

Result<std::optional<std::string_view>> Sorter::next() {
  if (!spilled_) {
    if (at_ == places_.size()) return std::nullopt;
    return record_at(places_[at_++]);
  }
  if (limit_ != 0 && given_ == limit_) return std::nullopt;
  ++given_;
  const bool on_row = NACRE_TRY(runs_.next());
  if (!on_row) return std::nullopt;
  return runs_.record();
}

}  // namespace nacre::query
