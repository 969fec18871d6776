#include "query/shape.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <utility>

#include "base/codec.h"

namespace nacre::query {
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

namespace {

// A row among those to be sorted: u32 size of its key, f64 score, u32 size of its place; the place,
// if any, as {distance, point}, the key, the document.
constexpr std::size_t kRecordHeader = 2 * sizeof(std::uint32_t) + sizeof(double);

void pack(const Row& row, std::string& to) {
  bson::Document place;
  if (row.place != nullptr) {
    bson::Builder builder;
    builder.append("distance", row.place->distance);
    if (row.place->point) builder.append("point", row.place->point);
    place = builder.finish();
  }
  const std::size_t place_size = row.place == nullptr ? 0 : place.bytes().size();
  to.clear();
  append_le(to, static_cast<std::uint32_t>(row.key.size()));
  append_le(to, std::bit_cast<std::uint64_t>(row.text_score));
  append_le(to, static_cast<std::uint32_t>(place_size));
  if (place_size > 0) to.append(place.bytes());
  append_bytes(to, row.key);
  append_bytes(to, row.document.bytes());
}

}  // namespace

Row Sort::unpack(std::string_view record) {
  const std::byte* at = as_bytes(record).data();
  const auto key_size = load_le<std::uint32_t>(at);
  const auto score = load_le<std::uint64_t>(at + sizeof(std::uint32_t));
  const auto place_size =
      load_le<std::uint32_t>(at + sizeof(std::uint32_t) + sizeof(std::uint64_t));
  Bytes rest = as_bytes(record).subspan(kRecordHeader);
  const bool has_place = place_size > 0;
  if (has_place) {
    const bson::View place = bson::View::trusted(rest.first(place_size));
    place_ = {.distance = place.find("distance").as_double().value_or(0),
              .point = place.find("point")};
    rest = rest.subspan(place_size);
  }
  return Row{.key = rest.first(key_size),
             .document = bson::View::trusted(rest.subspan(key_size)),
             .text_score = std::bit_cast<double>(score),
             .place = has_place ? &place_ : nullptr};
}

Result<std::optional<Row>> Sort::next() {
  if (!collected_) NACRE_TRY(collect());
  const auto record = NACRE_TRY(sorter_.next());
  if (!record) return std::nullopt;
  ++counters_.returned;
  return unpack(*record);
}

Result<> Sort::collect() {
  std::string key;
  std::string record;
  while (true) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) break;
    key.clear();
    NACRE_TRY(pattern_.append_key(key, row->document, row->text_score,
                                  row->place == nullptr ? nullptr : &row->place->distance));
    pack(*row, record);
    NACRE_TRY(sorter_.add(key, record));
  }
  collected_ = true;
  return sorter_.finish();
}

void Sort::describe(bson::Builder& to) const {
  to.append("sortPattern", specification_);
  to.append("memLimit", static_cast<std::int64_t>(kStageBytesMax));
  if (limit_ != 0) to.append_number("limitAmount", static_cast<std::int64_t>(limit_));
  to.append("type", "simple");
  if (collected_) to.append("usedDisk", sorter_.used_disk());
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
  auto row = input_->next();  // given on as it is
  if (!row) return row;
  ++counters_.works;
  --left_;
  if (*row) {
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

std::string_view Project::stage_of(const Operator& input, const Projection& projection,
                                   const bson::View& specification) {
  bool reads_index = false;
  bool fetches = false;
  for (const Operator* stage = &input; stage != nullptr; stage = stage->input()) {
    reads_index = reads_index || stage->stage() == "IXSCAN";
    fetches = fetches || stage->stage() == "FETCH";
  }
  if (!projection.is_plain()) return "PROJECTION_DEFAULT";
  if (reads_index && !fetches) return "PROJECTION_COVERED";
  const bool at_top = std::ranges::none_of(specification, [](const bson::Element& field) {
    return field.name().find('.') != std::string_view::npos || field.is(bson::Type::kDocument);
  });
  return at_top ? "PROJECTION_SIMPLE" : "PROJECTION_DEFAULT";
}

Result<std::optional<Row>> Project::next() {
  const auto row = NACRE_TRY(input_->next());
  ++counters_.works;
  if (!row) return std::nullopt;
  ++counters_.returned;
  expression::Metadata metadata = metadata_of(*row);
  if (projection_.needs_text_score()) metadata.text_score = row->text_score;
  environment_->set_metadata(&metadata);
  auto projected = projection_.apply(row->document, *environment_);
  environment_->set_metadata(nullptr);
  row_ = NACRE_TRY(std::move(projected));
  return Row{.key = row->key, .document = row_.view()};
}

}  // namespace nacre::query
