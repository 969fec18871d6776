#include "query/shape.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/codec.h"
#include "base/text.h"

namespace nacre::query {
namespace {

constexpr std::int32_t kMemoryExceeded = 292;

}  // namespace

Result<std::optional<Row>> Match::next() {
  while (true) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) return std::nullopt;
    const bool taken = NACRE_TRY(filter_.matches(row->document));
    if (!taken) continue;
    ++counters_.returned;
    return row;
  }
}

Result<std::optional<Row>> Sort::next() {
  if (!collected_) NACRE_TRY(collect());
  if (at_ == kept_.size()) return std::nullopt;
  ++counters_.returned;
  const Kept& row = kept_[at_++];
  return Row{.key = as_bytes(row.row_key),
             .document = bson::View::trusted(as_bytes(row.document)),
             .text_score = row.text_score};
}

Result<> Sort::collect() {
  std::uint64_t number = 0;
  std::string key;
  while (true) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) break;
    key.clear();
    NACRE_TRY(pattern_.append_key(key, row->document, row->text_score));
    append_be(key, number++);
    NACRE_TRY(keep(key, *row));
  }
  std::ranges::sort(kept_, {}, &Kept::key);
  collected_ = true;
  return {};
}

Result<> Sort::keep(std::string key, const Row& row) {
  const bson::View& document = row.document;
  if (limit_ != 0 && kept_.size() == limit_) {
    if (key >= kept_.front().key) return {};
    std::ranges::pop_heap(kept_, {}, &Kept::key);
    kept_bytes_ -= kept_.back().key.size() + kept_.back().document.size();
    kept_.pop_back();
  }
  kept_bytes_ += key.size() + document.bytes().size();
  if (kept_bytes_ + kept_.size() * sizeof(Kept) > kStageBytesMax) {
    return fail(
        Code::kFull, kMemoryExceeded,
        format("Sort exceeded memory limit of {} bytes; an index in this order, or a limit, "
               "avoids it",
               kStageBytesMax));
  }
  kept_.push_back({.key = std::move(key),
                   .document = to_string(document.bytes()),
                   .row_key = to_string(row.key),
                   .text_score = row.text_score});
  if (limit_ != 0) std::ranges::push_heap(kept_, {}, &Kept::key);
  return {};
}

void Sort::describe(bson::Builder& to) const {
  to.append("sortPattern", specification_);
  to.append("memLimit", static_cast<std::int64_t>(kStageBytesMax));
  if (limit_ != 0) to.append_number("limitAmount", static_cast<std::int64_t>(limit_));
  to.append("type", "simple");
}

Result<std::optional<Row>> Skip::next() {
  for (; left_ > 0; --left_) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) {
      left_ = 0;
      return std::nullopt;
    }
  }
  auto row = NACRE_TRY(input_->next());
  ++counters_.works;
  if (row) ++counters_.returned;
  return row;
}

Result<std::optional<Row>> Limit::next() {
  if (left_ == 0) return std::nullopt;
  auto row = NACRE_TRY(input_->next());
  ++counters_.works;
  --left_;
  if (row) {
    ++counters_.returned;
  } else {
    left_ = 0;
  }
  return row;
}

Result<std::optional<Row>> ShowRecordId::next() {
  const auto row = NACRE_TRY(input_->next());
  ++counters_.works;
  if (!row) return std::nullopt;
  ++counters_.returned;
  std::uint64_t number = std::hash<std::string_view>()(as_text(row->key));
  number &= std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  bson::Builder builder;
  builder.append_all(row->document).append("$recordId", static_cast<std::int64_t>(number));
  row_ = builder.finish();
  return Row{.key = row->key, .document = row_.view()};
}

Result<std::optional<Row>> Project::next() {
  const auto row = NACRE_TRY(input_->next());
  ++counters_.works;
  if (!row) return std::nullopt;
  ++counters_.returned;
  expression::Metadata metadata;
  if (projection_.needs_text_score()) metadata.text_score = row->text_score;
  environment_->set_metadata(&metadata);
  auto projected = projection_.apply(row->document, *environment_);
  environment_->set_metadata(nullptr);
  row_ = NACRE_TRY(std::move(projected));
  return Row{.key = row->key, .document = row_.view()};
}

}  // namespace nacre::query
