// Operators: the nodes of a plan that runs. Each pulls rows from the one below it.
//
// Invariants: a row is valid until the next call on the operator that gave it; pause() may be
//             called between any two rows and changes nothing about those to come.
// Cost:    a virtual call for each row and operator; operators keep their buffers.
// Threads: one thread at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bson/builder.h"
#include "expression/environment.h"
#include "query/reader.h"

namespace nacre::query {

// Where a row was found near a point: what geoNearDistance and geoNearPoint show.
struct Place {
  double distance = 0;
  bson::Element point;  // as the document has it
};

struct Row {
  Bytes key;  // of the document in its collection; empty for rows that are not documents
  bson::View document;
  Bytes stored{};         // the document's row, envelope included; empty where that is not at hand
  double text_score = 0;  // of the query's $text
  const Place* place = nullptr;  // of a $near or $geoNear; valid as long as the row
};

// What $meta shows of a row.
[[nodiscard]] inline expression::Metadata metadata_of(const Row& row) {
  expression::Metadata metadata;
  if (row.text_score != 0) metadata.text_score = row.text_score;
  if (row.place != nullptr) {
    metadata.distance = row.place->distance;
    metadata.point = row.place->point;
  }
  return metadata;
}

// The keys of some rows, for those who need no more of them.
class RowKeys {
 public:
  void clear() {
    bytes_.clear();
    keys_.clear();
  }
  void reserve(std::size_t keys) {
    constexpr std::size_t kKeyBytes = 16;  // nearly all have no more
    keys_.reserve(keys);
    bytes_.reserve(keys * kKeyBytes);
  }
  void add(Bytes key, double text_score = 0) {
    keys_.push_back({.at = bytes_.size(), .size = key.size(), .text_score = text_score});
    bytes_.append(as_text(key));
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] Bytes operator[](std::size_t i) const {
    return as_bytes(std::string_view(bytes_).substr(keys_[i].at, keys_[i].size));
  }
  [[nodiscard]] double text_score(std::size_t i) const { return keys_[i].text_score; }

 private:
  struct Key {
    std::size_t at;
    std::size_t size;
    double text_score;
  };
  std::string bytes_;
  std::vector<Key> keys_;
};

// When an operation has to stop.
class Limits {
 public:
  Limits(std::int64_t max_time_ms, const std::atomic<bool>* interrupted)
      : interrupted_(interrupted) {
    set_time_limit(max_time_ms);
  }
  void set_time_limit(std::int64_t milliseconds);

  // Called for each row read; looks at the clock now and then. Errors 50 and 11601.
  [[nodiscard]] Result<> check() {
    if (++calls_ % kCallsPerLook != 0) [[likely]]
      return {};
    return look();
  }

 private:
  static constexpr std::uint32_t kCallsPerLook = 64;
  [[nodiscard]] Result<> look() const;

  const std::atomic<bool>* interrupted_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::uint32_t calls_ = 0;
};

// What the operators of one plan share.
struct Execution {
  Reader reader;
  Limits limits;
  // While plans race: how many keys the one on trial may still look at. Nothing: as many as it
  // likes.
  std::optional<std::int64_t> works_left{};

  // For each key that an operator is about to look at; on any error it must be able to go on later
  // as if it had not been called.
  [[nodiscard]] Result<> step() {
    if (works_left) [[unlikely]]
      return step_on_trial();
    return limits.check();
  }
  expression::Environment environment{};

 private:
  [[nodiscard]] Result<> step_on_trial();
};

// The error of step() that only means "not now"; it never leaves query/race.h.
inline constexpr std::int32_t kOutOfWorks = -1;

// What an operator did, for explain.
struct Counters {
  std::int64_t works = 0;
  std::int64_t returned = 0;
  std::int64_t keys = 0;       // index keys looked at
  std::int64_t documents = 0;  // documents looked at
};

class Operator {
 public:
  virtual ~Operator() = default;
  // Nothing: the end, for good.
  [[nodiscard]] virtual Result<std::optional<Row>> next() = 0;
  // Adds the keys of the next rows to `into` until it has `wanted`, or they end. An error that
  // comes behind some keys may wait for the next call.
  [[nodiscard]] virtual Result<> next_keys(std::size_t wanted, RowKeys& into);
  virtual void pause() {
    if (input() != nullptr) input()->pause();
  }

  // MongoDB's name of the stage.
  [[nodiscard]] virtual std::string_view stage() const = 0;
  // The fields of the plan beside stage and inputStage.
  virtual void describe(bson::Builder& to) const { (void)to; }
  [[nodiscard]] virtual Operator* input() const { return nullptr; }
  // All of them, for those that have several.
  [[nodiscard]] virtual std::vector<const Operator*> inputs() const {
    if (input() == nullptr) return {};
    return {input()};
  }
  // A part of the machinery that explain does not show.
  [[nodiscard]] virtual bool is_hidden() const { return false; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 protected:
  Counters counters_;
};

// An operator over one other.
class Stage : public Operator {
 public:
  explicit Stage(std::unique_ptr<Operator> input) : input_(std::move(input)) {}
  [[nodiscard]] Operator* input() const override { return input_.get(); }

 protected:
  std::unique_ptr<Operator> input_;
};

}  // namespace nacre::query
