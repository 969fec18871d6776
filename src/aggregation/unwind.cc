// $unwind: a row for each element of an array.
#include "aggregation/unwind.h"

#include <utility>

#include "aggregation/path_edit.h"
#include "aggregation/stages.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

class UnwindRows final : public query::Stage {
 public:
  UnwindRows(OperatorPtr input, const UnwindStage& spec)
      : query::Stage(std::move(input)), spec_(spec) {}

  Result<std::optional<query::Row>> next() override {
    while (true) {
      if (in_array_ && element_ != std::default_sentinel) {
        const bson::Element element = *element_;
        ++element_;
        return give(element, index_++);
      }
      in_array_ = false;
      const auto row = NACRE_TRY(input_->next());
      ++counters_.works;
      if (!row) return std::nullopt;
      document_ = row->document;
      const bson::Element value = find_path(document_, spec_.steps());
      if (value.is(bson::Type::kArray)) {
        element_ = value.array().begin();
        in_array_ = element_ != std::default_sentinel;
        index_ = 0;
        if (in_array_ || !spec_.preserves()) continue;
        return give({}, std::nullopt);
      }
      const bool is_nothing = !value || value.is_null_like();
      if (is_nothing && !spec_.preserves()) continue;
      return give(value, std::nullopt);
    }
  }
  [[nodiscard]] std::string_view stage() const override { return "UNWIND"; }

 private:
  // The row with the path's value replaced (a missing one takes the field away).
  query::Row give(const bson::Element& value, std::optional<std::int64_t> index) {
    bson::Builder builder;
    set_path(builder, document_, spec_.steps(), value);
    row_ = builder.finish();
    if (!spec_.index_steps().empty()) {
      bson::Builder index_holder;
      if (index) {
        index_holder.append("", *index);
      } else {
        index_holder.append("", bson::Null{});
      }
      const bson::Document holder = index_holder.finish();
      bson::Builder with_index;
      set_path(with_index, row_, spec_.index_steps(), *holder.view().begin());
      row_ = with_index.finish();
    }
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }

  const UnwindStage& spec_;
  bson::View document_;  // the input's row
  bson::View::Iterator element_;
  bool in_array_ = false;
  std::int64_t index_ = 0;
  bson::Document row_;
};

}  // namespace

Result<OperatorPtr> UnwindStage::open(OperatorPtr input, Context&) const {
  return std::make_unique<UnwindRows>(std::move(input), *this);
}

Effect UnwindStage::effect() const {
  Effect effect{.row_by_row = true, .written = {path_}};
  if (!index_path_.empty()) effect.written.push_back(index_path_);
  return effect;
}

namespace {

struct UnwindOptions {
  bson::Element path;
  bson::Element preserve;
  bson::Element index;
};

Result<UnwindOptions> parse_options(const bson::Element& stage) {
  UnwindOptions options;
  if (stage.is(bson::Type::kString)) {
    options.path = stage;
    return options;
  }
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 15981,
                format("expected either a string or an object as specification for $unwind stage, "
                       "got {}",
                       bson::name(stage.type())));
  }
  for (const bson::Element& field : stage.document()) {
    if (field.name() == "path") {
      options.path = field;
      if (!field.is(bson::Type::kString)) {
        return fail(Code::kInvalid, 28808,
                    format("expected a string as the path for $unwind stage, got {}",
                           bson::name(field.type())));
      }
    } else if (field.name() == "preserveNullAndEmptyArrays") {
      options.preserve = field;
      if (!field.is(bson::Type::kBool)) {
        return fail(
            Code::kInvalid, 28809,
            format("expected a boolean for the preserveNullAndEmptyArrays option to $unwind "
                   "stage, got {}",
                   bson::name(field.type())));
      }
    } else if (field.name() == "includeArrayIndex") {
      options.index = field;
      if (!field.is(bson::Type::kString) || field.string().empty()) {
        return fail(
            Code::kInvalid, 28810,
            format("expected a non-empty string for the includeArrayIndex option to $unwind "
                   "stage, got {}",
                   bson::name(field.type())));
      }
      if (field.string().starts_with('$')) {
        return fail(
            Code::kInvalid, 28822,
            format("includeArrayIndex option to $unwind stage should not be prefixed with a "
                   "'$': {}",
                   field.string()));
      }
    } else {
      return fail(Code::kInvalid, 28811,
                  format("unrecognized option to $unwind stage: {}", field.name()));
    }
  }
  return options;
}

}  // namespace

Result<StagePtr> parse_unwind(const bson::Element& stage, ParseContext&) {
  const UnwindOptions options = NACRE_TRY(parse_options(stage));
  if (!options.path || options.path.string().empty()) {
    return fail(Code::kInvalid, 28812, "no path specified to $unwind stage");
  }
  const std::string_view path = options.path.string();
  if (!path.starts_with('$')) {
    return fail(Code::kInvalid, 28818,
                format("path option to $unwind stage should be prefixed with a '$': {}", path));
  }
  if (path.contains('\0')) {
    return fail(Code::kInvalid, 16419, "field path must not contain embedded null characters");
  }
  NACRE_TRY(check_field_path(path.substr(1)));
  std::string_view index;
  if (options.index) {
    index = options.index.string();
    NACRE_TRY(check_field_path(index));
  }
  return std::make_unique<UnwindStage>(path.substr(1), index, options.preserve.truthy());
}

}  // namespace nacre::aggregation
