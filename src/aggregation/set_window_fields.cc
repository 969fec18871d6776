// $setWindowFields: to each row, values of functions over the rows around it.
#include <utility>

#include "aggregation/order.h"
#include "aggregation/path_edit.h"
#include "aggregation/rows_stage.h"
#include "aggregation/sort_stage.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "aggregation/window.h"
#include "aggregation/window_internal.h"
#include "base/codec.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

struct WindowField {
  std::vector<std::string> path;
  WindowFunctionPtr function;
};

struct WindowSpec {
  std::optional<Operand> partition_by;
  std::optional<query::SortPattern> sort;
  std::vector<WindowField> output;
};

class WindowRows final : public query::Stage {
 public:
  WindowRows(OperatorPtr input, const WindowSpec& spec, Context& context)
      : query::Stage(std::move(input)),
        spec_(spec),
        context_(context),
        sorter_(context, "$setWindowFields", 0) {}

  Result<std::optional<query::Row>> next() override {
    if (!collected_) NACRE_TRY(collect());
    if (at_ == rows_.size()) NACRE_TRY(read_partition());
    if (at_ == rows_.size()) return std::nullopt;
    bson::Document row = rows_[at_];
    for (std::size_t i = 0; i < spec_.output.size(); ++i) {
      bson::Builder builder;
      set_path(builder, row, spec_.output[i].path, values_[i][at_].element());
      row = builder.finish();
    }
    ++at_;
    row_ = std::move(row);
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }
  [[nodiscard]] std::string_view stage() const override { return "SET_WINDOW_FIELDS"; }

 private:
  // The sorter's rows are {p: key of the partition, k: key of the sort, d: row}.
  Result<> collect() {
    collected_ = true;
    while (true) {
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) break;
      const ScratchFrame frame(context_);
      std::string partition;
      if (spec_.partition_by) {
        const bson::Element value =
            NACRE_TRY(spec_.partition_by->evaluate(row->document, context_));
        if (value.is(bson::Type::kArray)) {
          return fail(Code::kInvalid, error_codes::kTypeMismatch,
                      "An expression used to partition cannot evaluate to value of type array");
        }
        const bson::Value null(bson::Null{});
        append_group_key(partition, value ? value : null.element(), context_.collator);
      }
      std::string sort;
      if (spec_.sort) NACRE_TRY(spec_.sort->append_key(sort, row->document));
      bson::Builder holder;
      holder.append("p", bson::Binary{.subtype = 0, .bytes = as_bytes(partition)});
      holder.append("k", bson::Binary{.subtype = 0, .bytes = as_bytes(sort)});
      holder.append("d", row->document);
      NACRE_TRY(sorter_.add(partition + sort, holder.finish()));
    }
    NACRE_TRY(sorter_.finish());
    return advance();
  }

  Result<> advance() {
    ahead_ = NACRE_TRY(sorter_.next_copy());
    return {};
  }

  static std::string_view bytes_of(const bson::Document& holder, std::string_view field) {
    return as_text(holder.find(field).binary().bytes);
  }

  Result<> read_partition() {
    rows_.clear();
    keys_.clear();
    values_.clear();
    at_ = 0;
    if (!ahead_) return {};
    const std::string partition(bytes_of(*ahead_, "p"));
    std::size_t bytes = 0;
    while (ahead_ && bytes_of(*ahead_, "p") == partition) {
      rows_.emplace_back(ahead_->find("d").document());
      keys_.emplace_back(bytes_of(*ahead_, "k"));
      bytes += rows_.back().bytes().size() + keys_.back().size() + 2 * sizeof(std::string);
      if (bytes > context_.stage_bytes_max) {
        return fail(Code::kFull, 5414201,
                    format("Exceeded memory limit in DocumentSourceSetWindowFields, used {} bytes "
                           "but max allowed is {}",
                           bytes, context_.stage_bytes_max));
      }
      NACRE_TRY(advance());
    }
    const Partition whole{
        .rows = rows_, .keys = keys_, .sort = spec_.sort ? &*spec_.sort : nullptr};
    for (const WindowField& field : spec_.output) {
      values_.push_back(NACRE_TRY(field.function->run(whole, context_)));
    }
    return {};
  }

  const WindowSpec& spec_;
  Context& context_;
  Sorter sorter_;
  bool collected_ = false;
  std::optional<bson::Document> ahead_;  // the sorter's next row
  std::vector<bson::Document> rows_;     // of the partition at hand
  std::vector<std::string> keys_;
  std::vector<std::vector<bson::Value>> values_;  // by function, then by row
  std::size_t at_ = 0;
  bson::Document row_;
};

}  // namespace

Result<StagePtr> parse_set_window_fields(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return window_error(
        format("the $setWindowFields stage specification must be an object, found "
               "{}",
               bson::name(stage.type())));
  }
  bson::Element output;
  WindowSpec spec;
  for (const bson::Element& field : stage.document()) {
    if (field.name() == "partitionBy") {
      spec.partition_by = NACRE_TRY(Operand::parse(field, context));
    } else if (field.name() == "sortBy") {
      if (!field.is(bson::Type::kDocument)) return wrong_type("$setWindowFields", field, "object");
      if (field.document().empty()) continue;
      spec.sort = NACRE_TRY(query::SortPattern::parse(field.document()));
    } else if (field.name() == "output") {
      if (!field.is(bson::Type::kDocument)) return wrong_type("$setWindowFields", field, "object");
      output = field;
    } else {
      return unknown_field("$setWindowFields", field);
    }
  }
  if (!output) return missing_field("$setWindowFields", "output");
  const WindowContext windows{.parse = context, .sort = spec.sort ? &*spec.sort : nullptr};
  for (const bson::Element& field : output.document()) {
    NACRE_TRY(check_field_path(field.name()));
    for (const WindowField& other : spec.output) {
      std::string path;
      for (const std::string& step : other.path) path += (path.empty() ? "" : ".") + step;
      if (paths_overlap(path, field.name())) {
        return fail(
            Code::kInvalid, 6307900,
            format("$setWindowFields 'output' specification contains two conflicting paths: "
                   "{}",
                   field.name()));
      }
    }
    WindowFunctionPtr function = NACRE_TRY(parse_window_function(field, windows));
    spec.output.push_back({.path = split_path(field.name()), .function = std::move(function)});
  }
  return rows_stage<WindowRows>("$setWindowFields", std::move(spec));
}

}  // namespace nacre::aggregation
