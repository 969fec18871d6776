// The operators above the tables: those that filter, order, cut and change the rows of another.
//
// Errors:  Sort: those of query/sorter.h.
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
#include "query/sorter.h"

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
       std::size_t limit, const SortMemory& memory)
      : Stage(std::move(input)),
        pattern_(std::move(pattern)),
        specification_(std::move(specification)),
        limit_(limit),
        sorter_(memory, "Sort", limit) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return "SORT"; }
  void describe(bson::Builder& to) const override;

 private:
  [[nodiscard]] Result<> collect();
  [[nodiscard]] Row unpack(std::string_view record);

  SortPattern pattern_;
  bson::Document specification_;
  std::size_t limit_;
  Sorter sorter_;
  bool collected_ = false;
  Place place_;  // of the row at hand
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

// The rows cut to the fields of a projection (PROJECTION_COVERED over an index that tells them,
// PROJECTION_SIMPLE for whole fields at the top, else PROJECTION_DEFAULT).
class Project final : public Stage {
 public:
  // The environment outlives the operator; without one it has its own.
  Project(std::unique_ptr<Operator> input, Projection projection, bson::Document specification,
          expression::Environment* environment = nullptr)
      : Stage(std::move(input)),
        stage_(stage_of(*input_, projection, specification)),
        projection_(std::move(projection)),
        specification_(std::move(specification)),
        environment_(environment == nullptr ? &own_environment_ : environment) {}
  Result<std::optional<Row>> next() override;
  [[nodiscard]] std::string_view stage() const override { return stage_; }
  void describe(bson::Builder& to) const override { to.append("transformBy", specification_); }

 private:
  static std::string_view stage_of(const Operator& input, const Projection& projection,
                                   const bson::View& specification);

  std::string_view stage_;
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
