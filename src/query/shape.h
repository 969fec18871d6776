// The operators above the tables: those that filter, order, cut and change the rows of another.
//
// Errors:  Sort: 292 when its rows take more than kStageBytesMax.
// Threads: one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "match/filter.h"
#include "query/cursor.h"
#include "query/operator.h"
#include "query/projection.h"
#include "query/sort_key.h"

namespace nacre::query {

// The rows a filter takes (MATCH); for pipelines, whose rows need not be documents of a collection.
class Match final : public Stage {
 public:
  Match(std::unique_ptr<Operator> input, match::Filter filter)
      : Stage(std::move(input)), filter_(std::move(filter)) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "MATCH"; }
  void describe(bson::Builder& to) const override { to.append("filter", filter_.source()); }

 private:
  match::Filter filter_;
};

// All rows in order, or the first `limit` of them (SORT). Equal rows keep the order they came in.
class Sort final : public Stage {
 public:
  // limit 0: all.
  Sort(std::unique_ptr<Operator> input, SortPattern pattern, bson::Document specification,
       std::size_t limit)
      : Stage(std::move(input)),
        pattern_(std::move(pattern)),
        specification_(std::move(specification)),
        limit_(limit) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "SORT"; }
  void describe(bson::Builder& to) const override;

 private:
  struct Kept {
    std::string key;  // its order; then the number of the row, big-endian, so that no two are equal
    std::string document;
    std::string row_key;
    double text_score;
  };

  [[nodiscard]] Result<> collect();
  [[nodiscard]] Result<> keep(std::string key, const Row& row);

  SortPattern pattern_;
  bson::Document specification_;
  std::size_t limit_;
  bool collected_ = false;
  std::vector<Kept> kept_;  // a heap with the last one in front while collecting, if limited
  std::size_t kept_bytes_ = 0;
  std::size_t at_ = 0;
};

class Skip final : public Stage {
 public:
  Skip(std::unique_ptr<Operator> input, std::int64_t count)
      : Stage(std::move(input)), count_(count), left_(count) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "SKIP"; }
  void describe(bson::Builder& to) const override { to.append_number("skipAmount", count_); }

 private:
  std::int64_t count_;
  std::int64_t left_;
};

class Limit final : public Stage {
 public:
  Limit(std::unique_ptr<Operator> input, std::int64_t count)
      : Stage(std::move(input)), count_(count), left_(count) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "LIMIT"; }
  void describe(bson::Builder& to) const override { to.append_number("limitAmount", count_); }

 private:
  std::int64_t count_;
  std::int64_t left_;
};

// The rows cut to the fields of a projection (PROJECTION_DEFAULT).
class Project final : public Stage {
 public:
  // The environment outlives the operator; without one it has its own.
  Project(std::unique_ptr<Operator> input, Projection projection, bson::Document specification,
          expression::Environment* environment = nullptr)
      : Stage(std::move(input)),
        projection_(std::move(projection)),
        specification_(std::move(specification)),
        environment_(environment == nullptr ? &own_environment_ : environment) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "PROJECTION_DEFAULT"; }
  void describe(bson::Builder& to) const override { to.append("transformBy", specification_); }

 private:
  Projection projection_;
  bson::Document specification_;
  expression::Environment own_environment_;
  expression::Environment* environment_;
  bson::Document row_;
};

// The rows with a field $recordId behind the others (SHOW_RECORD_ID): a number made of _id, since
// documents are stored by that.
class ShowRecordId final : public Stage {
 public:
  explicit ShowRecordId(std::unique_ptr<Operator> input) : Stage(std::move(input)) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "SHOW_RECORD_ID"; }

 private:
  bson::Document row_;
};

}  // namespace nacre::query
