// $documents: rows that the pipeline itself brings.
#include <utility>

#include "aggregation/operand.h"
#include "aggregation/stages.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

class DocumentRows final : public query::Operator {
 public:
  DocumentRows(const Operand& documents, Context& context)
      : documents_(documents), context_(context) {}

  Result<std::optional<query::Row>> next() override {
    if (!started_) NACRE_TRY(start());
    if (at_ == std::default_sentinel) return std::nullopt;
    if (!at_->is(bson::Type::kDocument)) {
      return fail(Code::kInvalid, 40228,
                  format("each element of $documents must be an object, found {}",
                         bson::name(at_->type())));
    }
    ++counters_.returned;
    return query::Row{.key = {}, .document = (at_++)->document()};
  }
  [[nodiscard]] std::string_view stage() const override { return "QUEUE"; }

 private:
  Result<> start() {
    started_ = true;
    const ScratchFrame frame(context_);
    const bson::Element array = NACRE_TRY(documents_.evaluate(bson::View(), context_));
    if (!array.is(bson::Type::kArray)) {
      return fail(Code::kInvalid, 5858203,
                  format("expected the $documents expression to evaluate to an array, found {}",
                         bson::name(array.type())));
    }
    array_ = bson::Document(array.array());
    at_ = array_.view().begin();
    return {};
  }

  const Operand& documents_;
  Context& context_;
  bool started_ = false;
  bson::Document array_;
  bson::View::Iterator at_;
};

class DocumentsStage final : public StageSpec {
 public:
  explicit DocumentsStage(Operand documents) : documents_(std::move(documents)) {}
  [[nodiscard]] std::string_view name() const override { return "$documents"; }
  Result<OperatorPtr> open(OperatorPtr, Context& context) const override {
    return std::make_unique<DocumentRows>(documents_, context);
  }
  [[nodiscard]] bool is_source() const override { return true; }

 private:
  Operand documents_;
};

}  // namespace

Result<StagePtr> parse_documents(const bson::Element& stage, ParseContext& context) {
  if (!context.collection.empty()) {
    return fail(Code::kInvalid, error_codes::kInvalidNamespace,
                "'$documents' is only valid when the pipeline is of no collection: {aggregate: 1}");
  }
  Operand documents = NACRE_TRY(Operand::parse(stage, context));
  return std::make_unique<DocumentsStage>(std::move(documents));
}

}  // namespace nacre::aggregation
