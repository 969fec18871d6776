// $facet: several pipelines over the same rows, each a field of one document.
#include <utility>

#include "aggregation/stages.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "bson/validate.h"

namespace nacre::aggregation {
namespace {

struct FacetPart {
  std::string name;
  Pipeline pipeline;
};

// The rows of a $facet's input, read again for each of its pipelines.
class Replay final : public query::Operator {
 public:
  explicit Replay(const std::string& rows) : rows_(rows) {}
  Result<std::optional<query::Row>> next() override {
    if (at_ == rows_.size()) return std::nullopt;
    const std::byte* start = as_bytes(rows_).data() + at_;
    const auto size = load_le<std::uint32_t>(start);
    at_ += size;
    ++counters_.returned;
    return query::Row{.key = {}, .document = bson::View::trusted(Bytes(start, size))};
  }
  [[nodiscard]] std::string_view stage() const override { return "QUEUE"; }

 private:
  const std::string& rows_;
  std::size_t at_ = 0;
};

class FacetRows final : public query::Stage {
 public:
  FacetRows(OperatorPtr input, const std::vector<FacetPart>& parts, Context& context)
      : query::Stage(std::move(input)), parts_(parts), context_(context) {}

  Result<std::optional<query::Row>> next() override {
    if (done_) return std::nullopt;
    done_ = true;
    NACRE_TRY(collect());
    bson::Builder all;
    for (const FacetPart& part : parts_) NACRE_TRY(run(part, all));
    row_ = all.finish();
    rows_.clear();
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }
  [[nodiscard]] std::string_view stage() const override { return "FACET"; }

 private:
  Result<> collect() {
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) return {};
      rows_.append(as_text(row->document.bytes()));
      if (rows_.size() > context_.stage_bytes_max) {
        return fail(Code::kFull, error_codes::kExceededMemoryLimit,
                    format("$facet's input takes more than the {} bytes that it may hold",
                           context_.stage_bytes_max));
      }
    }
  }

  Result<> run(const FacetPart& part, bson::Builder& all) {
    Context inside = context_.fork();
    const OperatorPtr root =
        NACRE_TRY(part.pipeline.open(std::make_unique<Replay>(rows_), 0, inside));
    all.begin_array(part.name);
    while (true) {
      const auto row = NACRE_TRY(root->next());
      if (!row) break;
      all.push(row->document);
      if (all.size() > context_.stage_bytes_max) {
        return fail(Code::kFull, 4031700,
                    format("document constructed by $facet is {} bytes, which exceeds the limit of "
                           "{} bytes",
                           all.size(), context_.stage_bytes_max));
      }
    }
    all.end();
    return {};
  }

  const std::vector<FacetPart>& parts_;
  Context& context_;
  std::string rows_;  // documents one after another
  bool done_ = false;
  bson::Document row_;
};

class FacetStage final : public StageSpec {
 public:
  explicit FacetStage(std::vector<FacetPart> parts) : parts_(std::move(parts)) {}
  [[nodiscard]] std::string_view name() const override { return "$facet"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return std::make_unique<FacetRows>(std::move(input), parts_, context);
  }

 private:
  std::vector<FacetPart> parts_;
};

Result<> check_facet_name(std::string_view name) {
  if (name.starts_with('$')) {
    return fail(Code::kInvalid, 16410, "FieldPath field names may not start with '$'.");
  }
  if (name.contains('.')) {
    return fail(Code::kInvalid, 16412, "FieldPath field names may not contain '.'.");
  }
  if (name.empty()) {
    return fail(Code::kInvalid, 15998, "FieldPath field names may not be empty strings.");
  }
  return {};
}

}  // namespace

Result<StagePtr> parse_facet(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument) || stage.document().empty()) {
    return fail(Code::kInvalid, 40169, "the $facet specification must be a non-empty object");
  }
  std::vector<FacetPart> parts;
  for (const bson::Element& field : stage.document()) {
    NACRE_TRY(check_facet_name(field.name()));
    if (!field.is(bson::Type::kArray)) {
      return fail(Code::kInvalid, 40170,
                  format("arguments to $facet must be arrays, {} is type {}", field.name(),
                         bson::name(field.type())));
    }
    for (const bson::Element& inner : field.array()) {
      if (inner.is(bson::Type::kDocument)) continue;
      return fail(Code::kInvalid, 40171,
                  format("elements of arrays in $facet spec must be objects, {} argument contained "
                         "an element of type {}",
                         field.name(), bson::name(inner.type())));
    }
    ParseContext inside = context;
    inside.place = Place::kFacet;
    ++inside.nesting;
    Pipeline pipeline = NACRE_TRY(Pipeline::parse(field.array(), inside));
    optimise(pipeline);
    parts.push_back({.name = std::string(field.name()), .pipeline = std::move(pipeline)});
  }
  return std::make_unique<FacetStage>(std::move(parts));
}

}  // namespace nacre::aggregation
