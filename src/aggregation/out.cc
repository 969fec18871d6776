// $out: the rows become the whole of a collection, in one step.
//
// They are written to a collection of another name, which gets the indexes and options of the one
// it takes the place of in the end. Whatever fails before, that one stays as it was.
#include <optional>
#include <utility>

#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "aggregation/write_target.h"
#include "base/text.h"
#include "document/capped.h"
#include "document/index_spec.h"

namespace nacre::aggregation {
namespace {

class OutRows final : public WriteRows {
 public:
  OutRows(OperatorPtr input, const WriteTarget& target,
          const std::optional<document::TimeSeries>& series, Context& context)
      : WriteRows(std::move(input), context),
        target_(target),
        series_(series),
        temporary_(format("{}{}", document::kTemporaryOut, bson::to_hex(bson::new_object_id()))) {}
  [[nodiscard]] std::string_view stage() const override { return "OUT"; }

 private:
  Result<> start() override {
    const document::Snapshot now = NACRE_TRY(target_.database->snapshot());
    const document::CollectionInfo* info = now.catalog().find(target_.collection);
    bson::Document options;
    if (series_) {
      NACRE_TRY(check_series(info));
      options = bson::Builder().append("timeseries", series_->describe()).finish();
    }
    if (info != nullptr) {
      options = info->options;
      for (const document::IndexInfo& index : info->indexes) {
        indexes_.push_back(index.specification);
      }
      if (options.find("capped").truthy()) {
        return fail(
            Code::kInvalid, 17152,
            format("namespace '{}' is capped so it can't be used for $out", target_.collection));
      }
    }
    NACRE_TRY(target_.database->create_collection(temporary_, options));
    created_ = true;
    std::vector<document::IndexSpec> specs;
    specs.reserve(indexes_.size());
    for (const bson::Document& index : indexes_) {
      specs.push_back(NACRE_TRY(document::parse_index_spec(index)));
    }
    if (!specs.empty()) NACRE_TRY(target_.database->create_indexes(temporary_, specs));
    return {};
  }

  // What is there must be the same time series.
  Result<> check_series(const document::CollectionInfo* info) const {
    if (info == nullptr) return {};
    if (!info->settings.series) {
      return fail(Code::kInvalid, 7268700,
                  "Cannot create a time-series collection from a non time-series collection or "
                  "view.");
    }
    if (*info->settings.series == *series_) return {};
    return fail(Code::kInvalid, 7406103,
                "Time-series options inputted must match the existing time-series collection");
  }

  Result<> write(std::vector<bson::Document> rows) override {
    const std::vector<bson::View> views(rows.begin(), rows.end());
    const query::Scope scope{.database = *target_.database};
    query::InsertResult result =
        NACRE_TRY(query::insert(scope, {.collection = temporary_,
                                        .documents = views,
                                        .bypass_validation = target_.bypass_validation}));
    if (result.errors.empty()) return {};
    return std::unexpected(std::move(result.errors.front().error));
  }

  Result<> finish() override {
    const auto body = [this](document::Transaction& transaction) {
      return transaction.replace_collection(temporary_, target_.collection);
    };
    NACRE_TRY(target_.database->transact(body));
    created_ = false;
    return {};
  }

  void abandon() override {
    if (created_) static_cast<void>(target_.database->drop_collection(temporary_));
  }

  const WriteTarget& target_;
  const std::optional<document::TimeSeries>& series_;  // as the stage asks for; or what is there
  std::string temporary_;
  std::vector<bson::Document> indexes_;
  bool created_ = false;
};

class OutStage final : public StageSpec {
 public:
  OutStage(WriteTarget target, std::optional<document::TimeSeries> series)
      : target_(std::move(target)), series_(std::move(series)) {}
  [[nodiscard]] std::string_view name() const override { return "$out"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return std::make_unique<OutRows>(std::move(input), target_, series_, context);
  }
  [[nodiscard]] bool writes() const override { return true; }

 private:
  WriteTarget target_;
  std::optional<document::TimeSeries> series_;
};

}  // namespace

Result<StagePtr> parse_out(const bson::Element& stage, ParseContext& context) {
  TargetNames names;
  std::optional<document::TimeSeries> series;
  if (stage.is(bson::Type::kString)) {
    names.collection = stage.string();
  } else if (stage.is(bson::Type::kDocument)) {
    for (const bson::Element& field : stage.document()) {
      if (field.name() == "timeseries") {
        series = NACRE_TRY(document::TimeSeries::parse(field));
        continue;
      }
      if (field.name() != "db" && field.name() != "coll") return unknown_field("$out", field);
      if (!field.is(bson::Type::kString)) return wrong_type("$out", field, "string");
      (field.name() == "db" ? names.database : names.collection) = field.string();
    }
    if (!stage.document().find("coll")) return missing_field("$out", "coll");
    if (!stage.document().find("db")) return missing_field("$out", "db");
  } else {
    return fail(Code::kInvalid, 16990,
                format("$out only supports a string or object argument, but found {}",
                       bson::name(stage.type())));
  }
  WriteTarget target = NACRE_TRY(open_target("$out", names, context));
  return std::make_unique<OutStage>(std::move(target), std::move(series));
}

}  // namespace nacre::aggregation
