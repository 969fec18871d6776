#include "query/merge.h"

#include <utility>

#include "base/text.h"
#include "bson/key_encoder.h"
#include "document/index_keys.h"

namespace nacre::query {

PrefixMerge::PrefixMerge(Execution& execution, Plan plan) : plan_(std::move(plan)) {
  streams_.reserve(plan_.bounds.prefixes.size());
  for (const std::string& prefix : plan_.bounds.prefixes) {
    std::vector<KeyRange> range = {
        {.begin = bson::lower_bound_key(prefix), .end = bson::upper_bound_key(prefix)}};
    streams_.push_back(
        {.walk = KeyWalk(execution, plan_.index->table, std::move(range), plan_.backward),
         .prefix_size = prefix.size(),
         .waits = true,
         .ended = false,
         .key = {},
         .id = {}});
  }
}

Result<> PrefixMerge::read(Stream& stream) {
  const bool on_row = NACRE_TRY(stream.walk.next());
  ++counters_.works;
  stream.waits = false;
  stream.ended = !on_row;
  if (!on_row) return {};
  ++counters_.keys;
  const Bytes key = stream.walk.key();
  stream.key = as_text(key).substr(std::min(stream.prefix_size, key.size()));
  stream.id = to_string(NACRE_TRY(document::id_key_of_entry(key, stream.walk.value())));
  return {};
}

PrefixMerge::Stream* PrefixMerge::first() {
  Stream* best = nullptr;
  for (Stream& stream : streams_) {
    if (stream.ended) continue;
    const bool comes_first =
        best == nullptr || (plan_.backward ? stream.key > best->key : stream.key < best->key);
    if (comes_first) best = &stream;
  }
  return best;
}

Result<std::optional<Row>> PrefixMerge::next() {
  while (true) {
    for (Stream& stream : streams_) {
      if (stream.waits) NACRE_TRY(read(stream));
    }
    Stream* stream = first();
    if (stream == nullptr) return std::nullopt;
    stream->waits = true;
    id_ = std::move(stream->id);
    if (!seen_.insert(id_).second) continue;
    ++counters_.returned;
    return Row{.key = as_bytes(id_), .document = {}};
  }
}

void PrefixMerge::pause() {
  for (Stream& stream : streams_) stream.walk.pause();
}

void PrefixMerge::describe(bson::Builder& to) const {
  describe_index(to, *plan_.index, plan_.bounds, plan_.backward);
}

Result<std::optional<Row>> Union::next() {
  while (at_ < inputs_.size()) {
    const auto row = NACRE_TRY(inputs_[at_]->next());
    ++counters_.works;
    if (!row) {
      ++at_;
      continue;
    }
    if (!seen_.insert(to_string(row->key)).second) continue;
    ++counters_.returned;
    return Row{.key = row->key, .document = {}};
  }
  return std::nullopt;
}

void Union::pause() {
  for (const auto& input : inputs_) input->pause();
}

std::vector<const Operator*> Union::inputs() const {
  std::vector<const Operator*> all;
  for (const auto& input : inputs_) all.push_back(input.get());
  return all;
}

Result<std::optional<Row>> KeysOnly::next() {
  const auto row = NACRE_TRY(input_->next());
  if (!row) return std::nullopt;
  return Row{.key = row->key, .document = {}};
}

}  // namespace nacre::query
