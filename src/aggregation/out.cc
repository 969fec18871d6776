// $out: the rows become the whole of a collection, in one step.
//
// They are written to a collection of another name, which gets the indexes and options of the one
// it takes the place of in the end. Whatever fails before, that one stays as it was.
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
  OutRows(OperatorPtr input, const WriteTarget& target, Context& context)
      : WriteRows(std::move(input), context),
        target_(target),
        temporary_(format("{}{}", document::kTemporaryOut, bson::to_hex(bson::new_object_id()))) {}
  [[nodiscard]] std::string_view stage() const override { return "OUT"; }

 private:
  Result<> start() override {
    const document::Snapshot now = NACRE_TRY(target_.database->snapshot());
    const document::CollectionInfo* info = now.catalog().find(target_.collection);
    bson::Document options;
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
    for (const bson::Document& index : indexes_) {
      specs.push_back(NACRE_TRY(document::parse_index_spec(index)));
    }
    if (!specs.empty()) NACRE_TRY(target_.database->create_indexes(temporary_, specs));
    return {};
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
  std::string temporary_;
  std::vector<bson::Document> indexes_;
  bool created_ = false;
};

class OutStage final : public StageSpec {
 public:
  explicit OutStage(WriteTarget target) : target_(std::move(target)) {}
  [[nodiscard]] std::string_view name() const override { return "$out"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return std::make_unique<OutRows>(std::move(input), target_, context);
  }
  [[nodiscard]] bool writes() const override { return true; }

 private:
  WriteTarget target_;
};

}  // namespace

Result<StagePtr> parse_out(const bson::Element& stage, ParseContext& context) {
  TargetNames names;
  if (stage.is(bson::Type::kString)) {
    names.collection = stage.string();
  } else if (stage.is(bson::Type::kDocument)) {
    for (const bson::Element& field : stage.document()) {
      if (field.name() == "timeseries") {
        return fail(Code::kUnsupported, 115, "$out to a time series is not carried out here");
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
  return std::make_unique<OutStage>(std::move(target));
}

}  // namespace nacre::aggregation
