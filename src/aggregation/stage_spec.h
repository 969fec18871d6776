// StageSpec: one stage of a pipeline, parsed; and Pipeline, several of them.
//
// A spec is parsed once and opened as often as its pipeline runs (a $lookup runs its own for each
// row). The operators it opens look into it: it outlives them.
// Errors:  parse: MongoDB's numbers, 40323 (a stage with other than one field), 40324 (no such
//          stage), 40600-40603 (a stage where it may not be), 7749501 (too many stages).
// Threads: immutable once parsed; not while the optimiser works.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregation/context.h"
#include "base/result.h"
#include "bson/value.h"
#include "query/operator.h"

namespace nacre::aggregation {

using OperatorPtr = std::unique_ptr<query::Operator>;

inline constexpr std::size_t kStagesMax = 1000;

// What a stage does to the rows that pass it, for the optimiser.
struct Effect {
  // Each row in gives at most one row out (or several equal but for the written paths), and what
  // comes out depends on nothing but that row.
  bool row_by_row = false;
  std::vector<std::string> written{};  // paths whose values may differ behind it
  // An inclusion: what is neither one of these paths nor inside one is gone.
  std::optional<std::vector<std::string>> only{};
};

class StageSpec {
 public:
  virtual ~StageSpec() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Result<OperatorPtr> open(OperatorPtr input, Context& context) const = 0;

  [[nodiscard]] virtual Effect effect() const { return {}; }
  // The top-level fields of its input that it looks at, when what comes out has nothing of any
  // other; nothing when it may need them all.
  [[nodiscard]] virtual std::optional<std::vector<std::string>> needs() const {
    return std::nullopt;
  }
  // What it counts is all that its input is needed for.
  [[nodiscard]] virtual bool only_counts() const { return false; }
  // Makes rows of its own: nothing is read of the collection.
  [[nodiscard]] virtual bool is_source() const { return false; }
  // Writes to a collection: there are no rows behind it.
  [[nodiscard]] virtual bool writes() const { return false; }

  // As the client wrote it.
  [[nodiscard]] bson::Element source() const { return *source_.view().begin(); }
  void set_source(const bson::Element& stage) { source_ = bson::Builder().append(stage).finish(); }

 private:
  bson::Document source_;
};

using StagePtr = std::unique_ptr<StageSpec>;

class Pipeline {
 public:
  [[nodiscard]] static Result<Pipeline> parse(const bson::View& stages, ParseContext& context);

  [[nodiscard]] bool empty() const { return stages.empty(); }
  [[nodiscard]] bool writes() const { return !stages.empty() && stages.back()->writes(); }
  [[nodiscard]] bool has_source() const { return !stages.empty() && stages.front()->is_source(); }
  // The operators of the stages from `first` on, over `input`.
  [[nodiscard]] Result<OperatorPtr> open(OperatorPtr input, std::size_t first,
                                         Context& context) const;

  std::vector<StagePtr> stages;
};

// Whether plans are made better where results stay the same; tests compare both.
enum class Optimise : bool { kNo, kYes };

// Reorders and joins stages where that changes no result.
void optimise(Pipeline& pipeline);

// A pipeline over the documents of a collection: the plan that finds them and what it looks into.
struct Source {
  std::unique_ptr<const match::Filter> filter;
  std::unique_ptr<const match::NearQuery> near{};  // of a $geoNear
  OperatorPtr root;                                // dies first
};
[[nodiscard]] Result<Source> open_pipeline(const Pipeline& pipeline, std::string_view collection,
                                           const bson::Element& hint, Context& context,
                                           Optimise optimise = Optimise::kYes);

// Rows that an operator above puts here one at a time: the bottom of a pipeline inside another.
class Feed final : public query::Operator {
 public:
  // The view lives until it is taken.
  void put(const bson::View& row) { row_ = row; }
  Result<std::optional<query::Row>> next() override {
    if (!row_) return std::nullopt;
    const query::Row row{.key = {}, .document = *row_};
    row_.reset();
    return row;
  }
  [[nodiscard]] std::string_view stage() const override { return "QUEUE"; }

 private:
  std::optional<bson::View> row_;
};

}  // namespace nacre::aggregation
