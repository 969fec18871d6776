// $lookup: to each row the documents of another collection that belong to it.
//
// Ways: of a localField without a pipeline, by the foreign collection's index (or _id) where there
//   is one, else by a hash table over the foreign side while that is small, else by a scan for each
//   row. A pipeline runs for each row, behind the equality when there is one; one that uses no
//   variable of the row is run once.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "aggregation/order.h"
#include "aggregation/path_edit.h"
#include "aggregation/pipeline_variables.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "base/error_codes.h"
#include "base/text.h"
#include "bson/path.h"

namespace nacre::aggregation {
namespace {

constexpr std::size_t kResultBytesMax = std::size_t{100} << 20;
constexpr std::size_t kHashBytesMax = std::size_t{64} << 20;

struct LookupSpec {
  std::vector<std::string> as;
  bson::Path local;  // empty text: none
  bson::Path foreign;
  RowVariables let;
  Foreign from;  // of an equality
  SubPipeline inside;
  bool has_pipeline = false;
  [[nodiscard]] bool has_equality() const { return !local.text().empty(); }
};

// The values a row looks for, as the operand of $in: those of the local path, elements of arrays
// one by one; null when there is none. A regular expression is looked for as a value.
bson::Document local_values(const bson::View& row, const bson::Path& path) {
  bson::Builder values = bson::Builder::array();
  bool any = false;
  const auto take = [&](const bson::Element& value, bson::Reached reached) {
    if (reached == bson::Reached::kWholeArray && value.array().empty()) return false;
    if (reached == bson::Reached::kWholeArray) return false;
    if (value.is(bson::Type::kUndefined) || !value) return false;
    any = true;
    values.push(value);
    return false;
  };
  bson::visit_path(row, path, take);
  if (!any) values.push(bson::Null{});
  return values.finish();
}

// {foreign: {$in: values}}; a regular expression in $in would be a pattern, so it becomes an $eq.
bson::Document equality_filter(const std::string& foreign, const bson::View& values) {
  bson::Builder filter;
  const bool has_pattern = std::ranges::any_of(
      values.begin(), values.end(), [](const auto& e) { return e.is(bson::Type::kRegex); });
  if (!has_pattern && values.count() == 1) {
    return filter.begin_document(foreign).append("$eq", *values.begin()).end().finish();
  }
  if (!has_pattern) {
    return filter.begin_document(foreign).append_array("$in", values).end().finish();
  }
  filter.begin_array("$or");
  for (const bson::Element& value : values) {
    filter.push_begin_document().begin_document(foreign).append("$eq", value).end().end();
  }
  return filter.end().finish();
}

// The foreign collection's documents by each value at the foreign path.
class HashTable {
 public:
  // False: it would be too large; then it is empty.
  Result<bool> build(query::Operator& documents, const bson::Path& foreign,
                     const text::Collator* collator) {
    std::string key;
    while (true) {
      const auto row = NACRE_TRY(documents.next());
      if (!row) return true;
      const std::size_t number = places_.size();
      places_.emplace_back(data_.size(), row->document.bytes().size());
      data_.append(as_text(row->document.bytes()));
      const auto add = [&](const bson::Element& value, bson::Reached) {
        key.clear();
        append_key(key, value, collator);
        std::vector<std::size_t>& numbers = by_value_[key];
        if (numbers.empty() || numbers.back() != number) numbers.push_back(number);
        return false;
      };
      bson::visit_path(row->document, foreign, add);
      if (data_.size() + places_.size() * 128 > kHashBytesMax) {
        *this = {};
        return false;
      }
    }
  }

  // The numbers of the documents that have one of the values, ascending.
  void find(const bson::View& values, const text::Collator* collator,
            std::vector<std::size_t>& numbers) {
    numbers.clear();
    std::string key;
    for (const bson::Element& value : values) {
      key.clear();
      append_key(key, value, collator);
      const auto found = by_value_.find(key);
      if (found == by_value_.end()) continue;
      numbers.insert(numbers.end(), found->second.begin(), found->second.end());
    }
    if (values.count() < 2) return;
    std::ranges::sort(numbers);
    const auto rest = std::ranges::unique(numbers);
    numbers.erase(rest.begin(), rest.end());
  }

  [[nodiscard]] bson::View document(std::size_t number) const {
    const auto [offset, size] = places_[number];
    return bson::View::trusted(as_bytes(data_).subspan(offset, size));
  }

 private:
  // null finds what is missing as well.
  static void append_key(std::string& to, const bson::Element& value,
                         const text::Collator* collator) {
    if (value && !value.is_null_like()) {
      append_group_key(to, value, collator);
    } else {
      to.push_back('\0');
    }
  }

  std::string data_;
  std::vector<std::pair<std::size_t, std::size_t>> places_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_value_;
};

class LookupRows final : public query::Stage {
 public:
  LookupRows(OperatorPtr input, const LookupSpec& spec, Context& context)
      : query::Stage(std::move(input)), spec_(spec), context_(context), inside_(context.fork()) {}

  Result<std::optional<query::Row>> next() override {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) return std::nullopt;
    const ScratchFrame frame(context_);
    bson::Builder found = bson::Builder::array();
    NACRE_TRY(look_up(row->document, found));
    row_ = with_array(row->document, spec_.as, std::move(found));
    ++counters_.returned;
    return query::Row{
        .key = {}, .document = row_.view(), .text_score = row->text_score, .place = row->place};
  }
  [[nodiscard]] std::string_view stage() const override { return "EQ_LOOKUP"; }
  void describe(bson::Builder& to) const override {
    to.append("foreignCollection", spec_.inside.collection());
    if (spec_.has_equality()) {
      to.append("localField", spec_.local.text()).append("foreignField", spec_.foreign.text());
    }
  }

 private:
  enum class Way : std::uint8_t { kUndecided, kHash, kQuery };

  Result<> look_up(const bson::View& row, bson::Builder& found) {
    if (spec_.has_equality() && way_ == Way::kUndecided) NACRE_TRY(decide());
    bson::Document values;
    if (spec_.has_equality()) values = local_values(row, spec_.local);
    if (spec_.has_pipeline) {
      NACRE_TRY(spec_.let.set(row, context_, inside_, let_values_));
    }
    if (way_ == Way::kHash && !spec_.has_pipeline) {
      hash_.find(values, context_.collator, numbers_);
      for (const std::size_t number : numbers_) NACRE_TRY(give(hash_.document(number), found));
      return {};
    }
    Source source;
    if (way_ == Way::kHash) {
      source = NACRE_TRY(from_hash(values));
    } else {
      source = NACRE_TRY(from_query(values));
    }
    while (true) {
      const auto each = NACRE_TRY(source.root->next());
      if (!each) return {};
      NACRE_TRY(give(each->document, found));
    }
  }

  static Result<> give(const bson::View& document, bson::Builder& found) {
    found.push(document);
    if (found.size() <= kResultBytesMax) return {};
    return fail(Code::kFull, 4568,
                format("$lookup: the documents that match one row take more than {} bytes",
                       kResultBytesMax));
  }

  // An index serves each row by itself; without one the foreign side is read once, if it is small.
  Result<> decide() {
    way_ = Way::kQuery;
    const document::CollectionInfo* info =
        context_.execution.reader.catalog().find(spec_.from.collection());
    if (info == nullptr) return {};
    if (!spec_.from.is_view() && has_index(*info)) return {};
    const Source documents = NACRE_TRY(spec_.from.find({}, inside_));
    const bool built = NACRE_TRY(hash_.build(*documents.root, spec_.foreign, context_.collator));
    if (built) way_ = Way::kHash;
    return {};
  }

  // Of the order in which values are compared here; that of the table is the order of bytes.
  [[nodiscard]] bool has_index(const document::CollectionInfo& info) const {
    const std::string_view path = spec_.foreign.text();
    if (path == info.order_path()) return context_.collator == nullptr;
    return std::ranges::any_of(info.indexes, [&](const document::IndexInfo& index) {
      return index.state == document::IndexState::kReady && !index.sparse &&
             index.fields.front().path == path &&
             same_collation(index.options.collator.get(), context_.collator);
    });
  }

  // The documents that the hash table finds, through the pipeline.
  Result<Source> from_hash(const bson::View& values) {
    hash_.find(values, context_.collator, numbers_);
    class Found final : public query::Operator {
     public:
      Found(const HashTable& table, const std::vector<std::size_t>& numbers)
          : table_(table), numbers_(numbers) {}
      Result<std::optional<query::Row>> next() override {
        if (at_ == numbers_.size()) return std::nullopt;
        return query::Row{.key = {}, .document = table_.document(numbers_[at_++])};
      }
      [[nodiscard]] std::string_view stage() const override { return "HASH"; }

     private:
      const HashTable& table_;
      const std::vector<std::size_t>& numbers_;
      std::size_t at_ = 0;
    };
    Source source;
    source.root = NACRE_TRY(
        spec_.inside.pipeline().open(std::make_unique<Found>(hash_, numbers_), 0, inside_));
    return source;
  }

  Result<Source> from_query(const bson::View& values) {
    if (!spec_.has_equality()) return spec_.inside.open(inside_);
    const bson::Document filter = equality_filter(spec_.foreign.text(), values);
    Source source = NACRE_TRY(spec_.from.find(filter, inside_));
    source.root = NACRE_TRY(spec_.inside.pipeline().open(std::move(source.root), 0, inside_));
    return source;
  }

  const LookupSpec& spec_;
  Context& context_;
  Context inside_;
  std::vector<bson::Value> let_values_;
  Way way_ = Way::kUndecided;
  HashTable hash_;
  std::vector<std::size_t> numbers_;
  bson::Document row_;
};

class LookupStage final : public StageSpec {
 public:
  explicit LookupStage(LookupSpec spec) : spec_(std::move(spec)), as_(join(spec_.as)) {}
  [[nodiscard]] std::string_view name() const override { return "$lookup"; }
  Result<OperatorPtr> open(OperatorPtr input, Context& context) const override {
    return std::make_unique<LookupRows>(std::move(input), spec_, context);
  }
  [[nodiscard]] Effect effect() const override { return {.row_by_row = true, .written = {as_}}; }

 private:
  static std::string join(const std::vector<std::string>& steps) {
    std::string path;
    for (const std::string& step : steps) path += (path.empty() ? "" : ".") + step;
    return path;
  }
  LookupSpec spec_;
  std::string as_;
};

struct LookupFields {
  std::string_view from;
  bool has_from = false;
  bson::Element as;
  bson::Element local;
  bson::Element foreign;
  bson::Element let;
  bson::Element pipeline;
};

Result<std::string_view> parse_from(const bson::Element& field, const ParseContext& context) {
  if (field.is(bson::Type::kString)) {
    const std::string_view name = field.string();
    if (!name.empty() && !name.contains('\0')) return name;
    return fail(Code::kInvalid, error_codes::kInvalidNamespace,
                format("invalid $lookup namespace: {}.{}", context.database.name(), name));
  }
  if (!field.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                format("$lookup argument 'from: {}' must be a string, is type {}", field.name(),
                       bson::name(field.type())));
  }
  const bson::Element database = field.document().find("db");
  const bson::Element collection = field.document().find("coll");
  const bool is_here = !database || (database.is(bson::Type::kString) &&
                                     database.string() == context.database.name());
  if (!is_here || !collection.is(bson::Type::kString)) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "$lookup reads collections of its own database only");
  }
  return collection.string();
}

Result<LookupFields> parse_lookup_fields(const bson::Element& stage, const ParseContext& context) {
  LookupFields fields;
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name == "from") {
      fields.from = NACRE_TRY(parse_from(field, context));
      fields.has_from = true;
    } else if (name == "let") {
      if (!field.is(bson::Type::kDocument)) {
        return fail(Code::kInvalid, error_codes::kFailedToParse,
                    format("$lookup argument 'let' must be an object, is type {}",
                           bson::name(field.type())));
      }
      fields.let = field;
    } else if (name == "pipeline") {
      if (!field.is(bson::Type::kArray)) {
        return fail(Code::kInvalid, error_codes::kTypeMismatch,
                    "'pipeline' option must be specified as an array");
      }
      fields.pipeline = field;
    } else if (name == "as" || name == "localField" || name == "foreignField") {
      if (!field.is(bson::Type::kString)) {
        return fail(Code::kInvalid, error_codes::kFailedToParse,
                    format("$lookup argument '{}' must be a string, is type {}", name,
                           bson::name(field.type())));
      }
      (name == "as" ? fields.as : name == "localField" ? fields.local : fields.foreign) = field;
    } else if (name != "_internalCollation") {
      return fail(Code::kInvalid, error_codes::kFailedToParse,
                  format("unknown argument to $lookup: {}", name));
    }
  }
  return fields;
}

}  // namespace

Result<StagePtr> parse_lookup(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                format("the $lookup stage specification must be an object, but found {}",
                       bson::name(stage.type())));
  }
  const LookupFields fields = NACRE_TRY(parse_lookup_fields(stage, context));
  if (!fields.as)
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "must specify 'as' field for a $lookup");
  NACRE_TRY(check_field_path(fields.as.string()));
  if (bool{fields.local} != bool{fields.foreign}) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "$lookup requires both or neither of 'localField' and 'foreignField' to be "
                "specified");
  }
  if (!fields.local && !fields.pipeline) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be "
                "specified");
  }
  if (fields.let && !fields.pipeline) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "$lookup with a 'let' argument must also have a 'pipeline'");
  }
  LookupSpec spec;
  spec.as = split_path(fields.as.string());
  if (fields.local) {
    NACRE_TRY(check_field_path(fields.local.string()));
    NACRE_TRY(check_field_path(fields.foreign.string()));
    spec.local = bson::Path(fields.local.string());
    spec.foreign = bson::Path(fields.foreign.string());
  }
  ParseContext inside = context;
  inside.place = Place::kLookup;
  if (fields.let) spec.let = NACRE_TRY(RowVariables::parse(fields.let.document(), context, inside));
  spec.has_pipeline = bool{fields.pipeline};
  const bson::View stages = fields.pipeline ? fields.pipeline.array() : bson::View();
  if (fields.local) {
    // With the variables of the pipeline: those of a view's own expressions are others.
    spec.from = NACRE_TRY(Foreign::parse(fields.from, inside));
    spec.inside = NACRE_TRY(SubPipeline::parse_behind(fields.from, stages, std::move(inside)));
  } else {
    spec.inside = NACRE_TRY(SubPipeline::parse(fields.from, stages, std::move(inside)));
  }
  if (!fields.has_from && !spec.inside.pipeline().has_source()) {
    return fail(Code::kInvalid, error_codes::kFailedToParse,
                "must specify 'pipeline' when 'from' is empty, with $documents as its first stage");
  }
  return std::make_unique<LookupStage>(std::move(spec));
}

}  // namespace nacre::aggregation
