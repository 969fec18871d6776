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
    return has_metadata_ ? without_metadata(*row) : query::Row{.key = {}, .document = *row};
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
      NACRE_TRY(
          spec_.pattern().append_key(key, row->document, row->text_score,
                                     row->place == nullptr ? nullptr : &row->place->distance));
      if (row->text_score == 0 && row->place == nullptr) {
        NACRE_TRY(sorter_.add(key, row->document));
        continue;
      }
      has_metadata_ = true;
      NACRE_TRY(sorter_.add(key, with_metadata(*row)));
    }
    collected_ = true;
    return sorter_.finish();
  }

  static bson::Document with_metadata(const query::Row& row) {
    bson::Builder builder;
    builder.append_all(row.document).begin_document(kMetadata);
    builder.append("score", row.text_score);
    if (row.place != nullptr) {
      builder.append("distance", row.place->distance);
      if (row.place->point) builder.append("point", row.place->point);
    }
    return builder.end().finish();
  }

  // Takes off what was put behind the document's own fields.
  query::Row without_metadata(const bson::View& whole) {
    if (whole.empty()) return {.key = {}, .document = whole};
    bson::Builder document;
    auto field = whole.begin();
    bson::Element last = *field;
    for (++field; field != whole.end(); ++field) {
      document.append(last);
      last = *field;
    }
    const bool is_metadata = last.name() == kMetadata && last.is(bson::Type::kDocument);
    if (!is_metadata) return {.key = {}, .document = whole};  // a row without any among others
    row_ = document.finish();
    const bson::View metadata = last.document();
    query::Row row{.key = {}, .document = row_.view()};
    row.text_score = metadata.find("score").as_double().value_or(0);
    if (const auto distance = metadata.find("distance").as_double()) {
      place_ = {.distance = *distance, .point = metadata.find("point")};
      row.place = &place_;
    }
    return row;
  }

  // The score of a text query, and how far a row is, go through the sort behind the document's own
  // fields, under a name that UTF-8 does not know.
  static constexpr std::string_view kMetadata = "\xffmetadata";

  const SortStage& spec_;
  Sorter sorter_;
  bool collected_ = false;
  bool has_metadata_ = false;
  bson::Document row_;  // has_metadata_: the one at hand
  query::Place place_;
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
