// $graphLookup: the documents that are reached from a row by following values, breadth first.
#include <unordered_set>
#include <utility>

#include "aggregation/numbers.h"
#include "aggregation/operand.h"
#include "aggregation/order.h"
#include "aggregation/path_edit.h"
#include "aggregation/rows_stage.h"
#include "aggregation/stages.h"
#include "aggregation/sub_pipeline.h"
#include "base/text.h"
#include "bson/path.h"

namespace nacre::aggregation {
namespace {

struct GraphSpec {
  Foreign from;
  std::vector<std::string> as;
  Operand start;
  bson::Path connect_from;
  std::string connect_to;
  std::optional<std::int64_t> depth_max;
  std::vector<std::string> depth_field;  // empty: none
  bson::Document restriction;            // empty: none
};

class GraphRows final : public query::Stage {
 public:
  GraphRows(OperatorPtr input, const GraphSpec& spec, Context& context)
      : query::Stage(std::move(input)), spec_(spec), context_(context) {}

  Result<std::optional<query::Row>> next() override {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) return std::nullopt;
    bson::Builder found = bson::Builder::array();
    NACRE_TRY(search(row->document, found));
    row_ = with_array(row->document, spec_.as, std::move(found));
    ++counters_.returned;
    return query::Row{.key = {}, .document = row_.view()};
  }
  [[nodiscard]] std::string_view stage() const override { return "GRAPH_LOOKUP"; }

 private:
  // Values to look for next, none of them looked for before.
  class Frontier {
   public:
    explicit Frontier(const text::Collator* collator) : collator_(collator) {}
    void add(const bson::Element& value) {
      std::string key;
      append_group_key(key, value, collator_);
      if (!seen_.insert(std::move(key)).second) return;
      values_.push(value);
      ++count_;
    }
    [[nodiscard]] bson::Document take() {
      count_ = 0;
      bson::Document values = values_.finish();
      values_ = bson::Builder::array();
      return values;
    }
    [[nodiscard]] bool empty() const { return count_ == 0; }

   private:
    const text::Collator* collator_;
    std::unordered_set<std::string> seen_;
    bson::Builder values_ = bson::Builder::array();
    std::size_t count_ = 0;
  };

  Result<> search(const bson::View& row, bson::Builder& found) {
    Frontier frontier(context_.collator);
    {
      const ScratchFrame frame(context_);
      const bson::Element start = NACRE_TRY(spec_.start.evaluate(row, context_));
      if (start.is(bson::Type::kArray)) {
        for (const bson::Element& value : start.array()) frontier.add(value);
      } else {
        const bson::Value null(bson::Null{});
        frontier.add(start ? start : null.element());
      }
    }
    std::unordered_set<std::string> visited;  // keys of _id
    for (std::int64_t depth = 0; !frontier.empty(); ++depth) {
      if (spec_.depth_max && depth > *spec_.depth_max) return {};
      const bson::Document values = frontier.take();
      NACRE_TRY(step(values, depth, frontier, visited, found));
    }
    return {};
  }

  Result<> step(const bson::View& values, std::int64_t depth, Frontier& frontier,
                std::unordered_set<std::string>& visited, bson::Builder& found) {
    bson::Builder filter;
    filter.begin_array("$and");
    if (!spec_.restriction.view().empty()) filter.push(spec_.restriction);
    filter.push_begin_document().begin_document(spec_.connect_to).append_array("$in", values);
    const bson::Document condition = filter.end().end().end().finish();
    const Source access = NACRE_TRY(spec_.from.find(condition, context_));
    while (true) {
      const auto each = NACRE_TRY(access.root->next());
      if (!each) return {};
      std::string id;
      append_group_key(id, each->document.find("_id"), nullptr);
      if (!visited.insert(std::move(id)).second) continue;
      give(each->document, depth, found);
      if (found.size() > context_.stage_bytes_max) {
        return fail(Code::kFull, 40099, "$graphLookup reached maximum memory consumption");
      }
      const auto follow = [&frontier](const bson::Element& value, bson::Reached reached) {
        if (value && reached != bson::Reached::kWholeArray) frontier.add(value);
        return false;
      };
      bson::visit_path(each->document, spec_.connect_from, follow);
    }
  }

  void give(const bson::View& document, std::int64_t depth, bson::Builder& found) {
    if (spec_.depth_field.empty()) {
      found.push(document);
      return;
    }
    const bson::Document holder = bson::Builder().append("", depth).finish();
    bson::Builder with_depth;
    set_path(with_depth, document, spec_.depth_field, *holder.view().begin());
    found.push(with_depth.finish());
  }

  const GraphSpec& spec_;
  Context& context_;
  bson::Document row_;
};

Result<std::int64_t> parse_depth(const bson::Element& field) {
  if (!field.is_number()) {
    return fail(Code::kInvalid, 40100,
                format("maxDepth must be numeric, found type: {}", bson::name(field.type())));
  }
  const auto depth = whole_number(field);
  if (!depth) {
    return fail(Code::kInvalid, 40102, "maxDepth must be representable as a 64-bit integral value");
  }
  if (*depth < 0) return fail(Code::kInvalid, 40101, "maxDepth requires a nonnegative argument");
  return *depth;
}

// The string fields: from, as, connectFromField, connectToField, depthField.
Result<std::string_view> parse_name(const bson::Element& field) {
  if (!field.is(bson::Type::kString)) {
    return fail(Code::kInvalid, 40103,
                format("expected string as argument for {}, found: {}", field.name(),
                       bson::name(field.type())));
  }
  if (field.name() != "from") NACRE_TRY(check_field_path(field.string()));
  return field.string();
}

}  // namespace

Result<StagePtr> parse_graph_lookup(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 40327,
                format("the $graphLookup stage specification must be an object, but found {}",
                       bson::name(stage.type())));
  }
  std::string_view from;
  std::string_view as;
  std::string_view connect_from;
  std::string_view connect_to;
  std::string_view depth_field;
  bson::Element start;
  bson::Element restriction;
  std::optional<std::int64_t> depth_max;
  for (const bson::Element& field : stage.document()) {
    const std::string_view name = field.name();
    if (name == "startWith") {
      start = field;
    } else if (name == "maxDepth") {
      depth_max = NACRE_TRY(parse_depth(field));
    } else if (name == "restrictSearchWithMatch") {
      if (!field.is(bson::Type::kDocument)) {
        return fail(Code::kInvalid, 40185, "restrictSearchWithMatch must be an object");
      }
      NACRE_TRY(match::Filter::parse(field.document()));
      restriction = field;
    } else if (name == "from") {
      from = NACRE_TRY(parse_name(field));
    } else if (name == "as") {
      as = NACRE_TRY(parse_name(field));
    } else if (name == "connectFromField") {
      connect_from = NACRE_TRY(parse_name(field));
    } else if (name == "connectToField") {
      connect_to = NACRE_TRY(parse_name(field));
    } else if (name == "depthField") {
      depth_field = NACRE_TRY(parse_name(field));
    } else {
      return fail(Code::kInvalid, 40104, format("Unknown argument to $graphLookup: {}", name));
    }
  }
  if (from.empty() || as.empty() || connect_from.empty() || connect_to.empty() || !start) {
    return fail(Code::kInvalid, 40105,
                "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', and "
                "'connectToField' to be specified.");
  }
  Operand starting = NACRE_TRY(Operand::parse(start, context));
  ParseContext inside = context;
  inside.place = Place::kLookup;
  Foreign foreign = NACRE_TRY(Foreign::parse(from, inside));
  GraphSpec spec{.from = std::move(foreign),
                 .as = split_path(as),
                 .start = std::move(starting),
                 .connect_from = bson::Path(connect_from),
                 .connect_to = std::string(connect_to),
                 .depth_max = depth_max,
                 .depth_field = {},
                 .restriction = {}};
  if (!depth_field.empty()) spec.depth_field = split_path(depth_field);
  if (restriction) spec.restriction = bson::Document(restriction.document());
  return rows_stage<GraphRows>("$graphLookup", std::move(spec));
}

}  // namespace nacre::aggregation
