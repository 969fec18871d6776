// RowMap: an operator that makes each row into another, or drops it.
//
// Threads: one thread at a time.
#pragma once

#include <concepts>
#include <optional>
#include <string_view>
#include <utility>

#include "aggregation/stage_spec.h"

namespace nacre::aggregation {

// `make(row)` gives Result<std::optional<bson::Document>>; nothing drops the row.
template <class Make>
class RowMap final : public query::Stage {
 public:
  RowMap(OperatorPtr input, std::string_view name, Context& context, Make make)
      : query::Stage(std::move(input)), name_(name), context_(context), make_(std::move(make)) {}

  Result<std::optional<query::Row>> next() override {
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) return std::nullopt;
      const ScratchFrame frame(context_);
      std::optional<bson::Document> made = NACRE_TRY(make(*row));
      if (!made) continue;
      row_ = *std::move(made);
      ++counters_.returned;
      return query::Row{
          .key = {}, .document = row_.view(), .text_score = row->text_score, .place = row->place};
    }
  }
  [[nodiscard]] std::string_view stage() const override { return name_; }

 private:
  // Expressions may ask for the score of the row's text query, and for its place, where there are.
  Result<std::optional<bson::Document>> make(const query::Row& row) {
    if (row.text_score == 0 && row.place == nullptr) return make_(row.document);
    const expression::Metadata metadata = query::metadata_of(row);
    context_.environment.set_metadata(&metadata);
    auto made = make_(row.document);
    context_.environment.set_metadata(nullptr);
    return made;
  }

  std::string_view name_;
  Context& context_;
  Make make_;
  bson::Document row_;
};

template <class Make>
[[nodiscard]] OperatorPtr map_rows(OperatorPtr input, std::string_view name, Context& context,
                                   Make make) {
  return std::make_unique<RowMap<Make>>(std::move(input), name, context, std::move(make));
}

}  // namespace nacre::aggregation
