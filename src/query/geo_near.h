// GeoNear: documents by their distance from a point, the nearest first (GEO_NEAR_2DSPHERE,
// GEO_NEAR_2D).
//
// The index is read in rings: a circle around the point grows, and of its cells those are read that
//   were not before. What lies no farther than the circle reaches is given, what lies farther
//   waits. A circle that found little grows faster, one that found much more slowly. Where fields
//   in front of the place are not given, all of their keys are read at once.
// Invariants: each document once, by the nearest of its places, at equal distances by its key.
// Errors:  292 when what waits takes more than a stage may; those of the reader and the filter.
// Cost:    for each ring a cover (tens of us) and a seek for each of its ranges; a document waits
//          as a copy while those that wait take less than kKeptBytesMax, and is read again then.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "bson/path.h"
#include "match/filter.h"
#include "query/index_bounds.h"
#include "query/operator.h"

namespace nacre::query {

class GeoNear final : public Operator {
 public:
  struct Plan {
    const document::CollectionInfo* collection = nullptr;
    const document::IndexInfo* index = nullptr;
    std::size_t field = 0;                   // the index's, that holds the place
    IndexBounds bounds{};                    // of the fields in front
    const match::NearQuery* near = nullptr;  // outlives the operator
    const match::Filter* filter = nullptr;   // null: takes all; outlives the operator
  };
  GeoNear(Execution& execution, Plan plan);

  Result<std::optional<Row>> next() override;
  // Between two rows nothing is open.
  void pause() override {}
  [[nodiscard]] std::string_view stage() const override;
  void describe(bson::Builder& to) const override;

 private:
  static constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;

  struct Found {
    std::string key;
    std::string stored;  // empty: to be read again
    std::size_t point_at = 0;
  };
  // Apart from what was found, as a heap moves each of them about some dozen times.
  struct Waiting {
    double distance = 0;
    std::unique_ptr<Found> found;

    [[nodiscard]] std::size_t bytes() const {
      return sizeof(Waiting) + sizeof(Found) + found->key.size() + found->stored.size();
    }
  };
  // Of a heap with the nearest in front.
  [[nodiscard]] static bool is_behind(const Waiting& a, const Waiting& b) {
    return a.distance > b.distance || (a.distance == b.distance && a.found->key > b.found->key);
  }

  [[nodiscard]] std::optional<Place> nearest(const bson::View& document) const;
  [[nodiscard]] geo::Cover cover(double radius) const;
  [[nodiscard]] std::vector<KeyRange> next_ring();
  [[nodiscard]] Result<> read_ring();
  [[nodiscard]] Result<> keep(const Row& row);
  // Nothing: the reader's own transaction has removed it meanwhile.
  [[nodiscard]] Result<std::optional<Row>> give();

  Execution& execution_;
  Plan plan_;
  bson::Path path_;
  bool may_repeat_;  // several entries may belong to one document
  bool in_rings_;
  double limit_;           // no row is farther
  double whole_;           // a circle that holds all there is
  double step_;            // by which the circle grows
  double reached_ = -1;    // the circle's radius
  bool over_ = false;      // all of it was read
  std::size_t found_ = 0;  // documents in the last ring
  geo::Cover read_;        // cells that were read
  std::unordered_set<std::string> seen_;
  std::vector<Waiting> waiting_;  // a heap
  std::size_t waiting_bytes_ = 0;
  Found current_;  // the one that was given
  Place place_;
};

}  // namespace nacre::query
