#include "query/geo_near.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "document/envelope.h"
#include "geo/cover_sets.h"
#include "query/cursor.h"
#include "query/scan.h"

namespace nacre::query {
namespace {

constexpr std::int64_t kFirstCell = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLastCell = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kPrefixesMax = 100;  // with more of them all keys are read at once
constexpr std::size_t kFewDocuments = 100;
constexpr std::size_t kManyDocuments = 1'000;
// So that a cover holds what lies on the very edge of its circle, however that was rounded.
constexpr double kEdge = 1 + 1e-9;

}  // namespace

GeoNear::GeoNear(Execution& execution, Plan plan)
    : execution_(execution),
      plan_(std::move(plan)),
      path_(plan_.near->path),
      may_repeat_(std::ranges::any_of(plan_.index->multikey, std::identity())),
      in_rings_(plan_.bounds.point_fields == plan_.field &&
                plan_.bounds.prefixes.size() <= kPrefixesMax),
      whole_(plan_.near->near.whole_radius(plan_.index->options.geo->grid)),
      step_(plan_.near->near.first_radius()) {
  limit_ = std::min(plan_.near->near.max_distance(), whole_);
}

std::optional<Place> GeoNear::nearest(const bson::View& document) const {
  std::optional<Place> best;
  const auto visit = [&](const bson::Element& element, bson::Reached) {
    const bool may_be_place = bson::is_container(element);
    if (!may_be_place) return false;
    const std::optional<double> distance = plan_.near->near.distance(element);
    if (distance && (!best || *distance < best->distance)) {
      best = Place{.distance = *distance, .point = element};
    }
    return false;
  };
  bson::visit_path(document, path_, visit);
  return best;
}

geo::Cover GeoNear::cover(double radius) const {
  if (radius >= whole_) return {{kFirstCell, kLastCell}};
  const bool is_grid = plan_.index->fields[plan_.field].kind == document::FieldKind::kGrid;
  return is_grid ? plan_.near->near.plane_cover(radius * kEdge, plan_.index->options.geo->grid)
                 : plan_.near->near.sphere_cover(radius * kEdge);
}

// Where the documents of the next ring lie; moves reached_ on.
std::vector<KeyRange> GeoNear::next_ring() {
  if (!in_rings_) {
    over_ = true;
    return std::move(plan_.bounds.ranges);
  }
  if (reached_ >= 0) {
    if (found_ == 0) step_ *= 2;
    if (found_ < kFewDocuments) step_ *= 2;
    if (found_ > kManyDocuments) step_ /= 2;
  }
  const double radius = std::max(reached_, 0.0) + step_;
  // A step that is lost in rounding would go on for ever.
  over_ = !(radius < limit_) || radius == reached_;
  reached_ = over_ ? limit_ : radius;
  const geo::Cover cells = cover(std::max(reached_, plan_.near->near.first_radius()));
  const geo::Cover ring = geo::difference(cells, read_);
  std::vector<KeyRange> ranges;
  for (const std::string& prefix : plan_.bounds.prefixes) {
    for (const geo::CellRange& range : ring) ranges.push_back(range_of_cells(prefix, range));
  }
  read_.insert(read_.end(), cells.begin(), cells.end());
  read_ = geo::joined(std::move(read_));
  std::ranges::sort(ranges, {}, &KeyRange::begin);
  return ranges;
}

Result<> GeoNear::read_ring() {
  found_ = 0;
  IndexBounds bounds;
  bounds.ranges = next_ring();
  if (bounds.ranges.empty()) return {};
  auto keys =
      std::make_unique<IndexScan>(execution_, IndexScan::Plan{.collection = plan_.collection,
                                                              .index = plan_.index,
                                                              .bounds = std::move(bounds)});
  Fetch documents(execution_, std::move(keys), *plan_.collection, plan_.filter);
  while (true) {
    const auto row = NACRE_TRY(documents.next());
    if (!row) break;
    NACRE_TRY(keep(*row));
  }
  counters_.keys += documents.input()->counters().keys;
  counters_.documents += documents.counters().documents;
  counters_.works += documents.input()->counters().works;
  return {};
}

Result<> GeoNear::keep(const Row& row) {
  if (may_repeat_ && in_rings_ && !seen_.insert(to_string(row.key)).second) return {};
  ++found_;
  const std::optional<Place> place = nearest(row.document);
  if (!place) return {};
  const bool is_inside = place->distance >= plan_.near->near.min_distance() &&
                         place->distance <= plan_.near->near.max_distance();
  if (!is_inside) return {};
  Waiting waiting{.distance = place->distance, .found = std::make_unique<Found>()};
  waiting.found->key = as_text(row.key);
  if (waiting_bytes_ < kKeptBytesMax) {
    waiting.found->stored = as_text(row.stored);
    waiting.found->point_at =
        static_cast<std::size_t>(place->point.bytes().data() - row.stored.data());
  }
  waiting_bytes_ += waiting.bytes();
  if (waiting_bytes_ > kStageBytesMax) {
    return fail(Code::kFull, error_codes::kQueryExceededMemoryLimitNoDiskUseAllowed,
                format("a search by distance holds more than {} bytes of documents that lie "
                       "farther than those it has found so far",
                       kStageBytesMax));
  }
  waiting_.push_back(std::move(waiting));
  std::ranges::push_heap(waiting_, is_behind);
  return {};
}

Result<std::optional<Row>> GeoNear::next() {
  while (true) {
    NACRE_TRY(execution_.limits.check());
    ++counters_.works;
    const bool is_next = !waiting_.empty() && (over_ || waiting_.front().distance <= reached_);
    if (is_next) {
      auto row = NACRE_TRY(give());
      if (row) return row;
      continue;
    }
    if (over_) return std::nullopt;
    NACRE_TRY(read_ring());
  }
}

Result<std::optional<Row>> GeoNear::give() {
  std::ranges::pop_heap(waiting_, is_behind);
  waiting_bytes_ -= waiting_.back().bytes();
  place_.distance = waiting_.back().distance;
  current_ = std::move(*waiting_.back().found);
  waiting_.pop_back();
  const bool is_read_again = current_.stored.empty();
  if (is_read_again) {
    auto stored = NACRE_TRY(execution_.reader.get(plan_.collection->table, as_bytes(current_.key)));
    if (!stored) return std::nullopt;
    current_.stored = *std::move(stored);
  }
  const bson::View document = NACRE_TRY(document::decode_bson(as_bytes(current_.stored)));
  place_.point = is_read_again
                     ? nearest(document).value_or(Place{}).point
                     : bson::Element(as_bytes(current_.stored).data() + current_.point_at);
  ++counters_.returned;
  return Row{.key = as_bytes(current_.key),
             .document = document,
             .stored = as_bytes(current_.stored),
             .place = &place_};
}

std::string_view GeoNear::stage() const {
  const bool is_grid = plan_.index->fields[plan_.field].kind == document::FieldKind::kGrid;
  return is_grid ? "GEO_NEAR_2D" : "GEO_NEAR_2DSPHERE";
}

void GeoNear::describe(bson::Builder& to) const {
  to.append("keyPattern", plan_.index->specification.find("key"));
  to.append("indexName", plan_.index->name).append("indexVersion", 2);
  if (plan_.filter != nullptr) to.append("filter", plan_.filter->source());
}

}  // namespace nacre::query
