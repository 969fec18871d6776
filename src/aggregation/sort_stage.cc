#include "aggregation/sort_stage.h"

#include <utility>

#include "aggregation/match_stage.h"
#include "aggregation/stages.h"

namespace nacre::aggregation {
namespace {

class SortRows final : public query::Stage {
 public:
  SortRows(OperatorPtr input, const SortStage& spec, Context& context)
      : query::Stage(std::move(input)), spec_(spec), sorter_(context, "Sort", spec.limit()) {}

  Result<std::optional<query::Row>> next() override {
    if (!collected_) NACRE_TRY(collect());
    const auto row = NACRE_TRY(sorter_.next());
    if (!row) return std::nullopt;
    ++counters_.returned;
    return has_scores_ ? without_score(*row) : query::Row{.key = {}, .document = *row};
  }
  [[nodiscard]] std::string_view stage() const override { return "SORT"; }
  void describe(bson::Builder& to) const override {
    to.append("sortPattern", spec_.specification());
    to.append("memLimit", static_cast<std::int64_t>(query::kStageBytesMax));
    if (spec_.limit() != 0) {
      to.append_number("limitAmount", static_cast<std::int64_t>(spec_.limit()));
    }
    to.append("type", "simple");
    if (collected_) to.append("usedDisk", sorter_.used_disk());
  }

 private:
  Result<> collect() {
    std::string key;
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) break;
      key.clear();
      NACRE_TRY(spec_.pattern().append_key(key, row->document, row->text_score));
      if (row->text_score == 0) {
        NACRE_TRY(sorter_.add(key, row->document));
        continue;
      }
      has_scores_ = true;
      bson::Builder scored;
      scored.append_all(row->document).append(kScore, row->text_score);
      NACRE_TRY(sorter_.add(key, scored.finish()));
    }
    collected_ = true;
    return sorter_.finish();
  }

  // Takes off what was put behind the document's own fields.
  query::Row without_score(const bson::View& scored) {
    bson::Builder document;
    auto field = scored.begin();
    bson::Element last = *field;
    for (++field; field != scored.end(); ++field) {
      document.append(last);
      last = *field;
    }
    const bool is_score = last.name() == kScore && last.is(bson::Type::kDouble);
    if (!is_score) return {.key = {}, .document = scored};  // a row without one among others
    row_ = document.finish();
    return {.key = {}, .document = row_.view(), .text_score = last.number_double()};
  }

  // The score of a text query goes through the sort behind the document's own fields, under a name
  // that UTF-8 does not know.
  static constexpr std::string_view kScore = "\xfftextScore";

  const SortStage& spec_;
  Sorter sorter_;
  bool collected_ = false;
  bool has_scores_ = false;
  bson::Document row_;  // has_scores_: the one at hand
};

}  // namespace

Result<OperatorPtr> SortStage::open(OperatorPtr input, Context& context) const {
  return std::make_unique<SortRows>(std::move(input), *this, context);
}

Result<StagePtr> parse_sort(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 15973, "the $sort key specification must be an object");
  }
  if (stage.document().empty()) {
    return fail(Code::kInvalid, 15976, "$sort stage must have at least one sort key");
  }
  query::SortPattern pattern =
      NACRE_TRY(query::SortPattern::parse(stage.document(), borrowed(context.collator)));
  return std::make_unique<SortStage>(std::move(pattern), stage.document());
}

}  // namespace nacre::aggregation
