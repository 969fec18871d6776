// Environment: what an expression may ask for beside the document it is evaluated on.
//
// One is made for each command (or pipeline) and used for all its expressions and documents: the
// moment that $$NOW shows, the values of variables, the collation, limits, and the memory that
// intermediate results live in.
// Cost:    making one allocates nothing, and reads no clock before $$NOW is asked for.
// Threads: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "bson/builder.h"
#include "bson/value.h"
#include "expression/scope.h"
#include "expression/scratch.h"

namespace nacre::text {
class Collator;
}  // namespace nacre::text

namespace nacre::expression {

// What $meta shows of the row at hand; what is absent is missing.
struct Metadata {
  std::optional<double> text_score;
  std::optional<double> distance;  // of a $near or $geoNear
  bson::Element point;             // the place that is so far
  bson::Element index_key;         // a document
  bson::Element sort_key;
  bson::Element record_id;
};

struct Limits {
  std::size_t memory_bytes_max = std::size_t{100} * 1024 * 1024;  // of intermediate results
};

class Environment {
 public:
  explicit Environment(bson::Date now = {}, std::optional<bson::Timestamp> cluster_time = {});
  // The same, by a clock that is read once, when $$NOW or $$CLUSTER_TIME is first asked for.
  struct Moment {
    bson::Date now;
    std::optional<bson::Timestamp> cluster_time;
  };
  using Clock = Moment (*)();
  explicit Environment(Clock clock) : clock_(clock) {}

  // A variable of the scope that expressions were parsed in. A missing value is allowed.
  void set(VariableId variable, bson::Value value);
  // The same without a copy: `value` outlives its use.
  void set_view(VariableId variable, const bson::Element& value) {
    const auto index = static_cast<std::size_t>(variable);
    if (index >= variables_.size()) variables_.resize(index + 1);
    variables_[index] = value;
  }
  [[nodiscard]] bson::Element variable(VariableId variable) const {
    const auto index = static_cast<std::size_t>(variable);
    return index < variables_.size() ? variables_[index] : bson::Element();
  }

  // Another one with the same settings and variables and memory of its own, for a pipeline inside a
  // pipeline. Values given to set_view are shared.
  [[nodiscard]] Environment fork() const;

  // Valid as long as the environment stays where it is.
  [[nodiscard]] bson::Element now() const {
    read_clock();
    return bson::Element(now_.data());
  }
  // Missing when there is none.
  [[nodiscard]] bson::Element cluster_time() const {
    read_clock();
    return has_cluster_time_ ? bson::Element(cluster_time_.data()) : bson::Element();
  }

  // nullptr: binary comparison. Not owned.
  void set_collator(const text::Collator* collator) { collator_ = collator; }
  [[nodiscard]] const text::Collator* collator() const { return collator_; }

  // Of the row whose expressions are evaluated next; nullptr: none. Not owned.
  void set_metadata(const Metadata* metadata) { metadata_ = metadata; }
  [[nodiscard]] const Metadata* metadata() const { return metadata_; }

  void set_limits(const Limits& limits) { limits_ = limits; }
  [[nodiscard]] const Limits& limits() const { return limits_; }

  // The memory of evaluate_view's results; release() it when a row is done with.
  [[nodiscard]] Scratch& scratch() { return scratch_; }
  void release() { scratch_.release(); }

 private:
  // A type byte, an empty name and eight bytes of value.
  using Stored = std::array<std::byte, 10>;

  void read_clock() const {
    if (clock_ != nullptr) set_moment(std::exchange(clock_, nullptr)());
  }
  void set_moment(const Moment& moment) const;

  mutable Clock clock_ = nullptr;  // not read yet; then what follows is not set
  mutable Stored now_{};
  mutable Stored cluster_time_{};
  mutable bool has_cluster_time_ = false;
  std::vector<bson::Element> variables_;  // by number
  std::vector<std::shared_ptr<const bson::Value>> owned_;
  const text::Collator* collator_ = nullptr;
  const Metadata* metadata_ = nullptr;
  Limits limits_;
  Scratch scratch_;
};

}  // namespace nacre::expression
