// $unwind: a row for each element of an array.
#include "aggregation/unwind.h"

#include <algorithm>
#include <utility>

#include "aggregation/path_edit.h"
#include "aggregation/stages.h"
#include "base/codec.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

class UnwindRows final : public query::Stage {
 public:
  UnwindRows(OperatorPtr input, const UnwindStage& spec)
      : query::Stage(std::move(input)),
        spec_(spec),
        is_reduced_(spec.kept() && spec.steps().size() == 1 && spec.index_steps().empty()) {}

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
      text_score_ = row->text_score;
      place_ = row->place;
      if (is_reduced_) reduce();
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
  // Sets beside_ to what of the row is wanted beside the path's field.
  void reduce() {
    beside_.clear();
    if (spec_.kept()->empty()) return;
    for (const bson::Element& field : document_) {
      const bool is_kept = field.name() != spec_.steps().front() &&
                           std::ranges::find(*spec_.kept(), field.name()) != spec_.kept()->end();
      if (is_kept) append_bytes(beside_, field.bytes());
    }
  }

  query::Row give_reduced(const bson::Element& value) {
    const std::string& name = spec_.steps().front();
    const std::size_t value_size = value ? 2 + name.size() + value.value_bytes().size() : 0;
    reduced_.clear();
    append_le(reduced_, static_cast<std::uint32_t>(4 + beside_.size() + value_size + 1));
    reduced_.append(beside_);
    if (value) {
      reduced_.push_back(static_cast<char>(value.type()));
      reduced_.append(name).push_back('\0');
      append_bytes(reduced_, value.value_bytes());
    }
    reduced_.push_back('\0');
    ++counters_.returned;
    return query::Row{
        .key = {}, .document = bson::View::trusted(as_bytes(reduced_)), .place = place_};
  }

  // The row with the path's value replaced (a missing one takes the field away).
  query::Row give(const bson::Element& value, std::optional<std::int64_t> index) {
    if (is_reduced_) return give_reduced(value);
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
    return query::Row{
        .key = {}, .document = row_.view(), .text_score = text_score_, .place = place_};
  }

  const UnwindStage& spec_;
  bson::View document_;  // the input's row
  double text_score_ = 0;
  const query::Place* place_ = nullptr;
  bson::View::Iterator element_;
  bool in_array_ = false;
  std::int64_t index_ = 0;
  bson::Document row_;
  const bool is_reduced_;
  std::string beside_;
  std::string reduced_;
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
