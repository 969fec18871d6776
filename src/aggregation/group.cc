#include "aggregation/group.h"

#include <algorithm>
#include <utility>

#include "aggregation/order.h"
#include "aggregation/stages.h"
#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::aggregation {
namespace {

constexpr std::size_t kRememberedMax = 100'000;  // _ids known by their bytes

}  // namespace

Result<OperatorPtr> GroupStage::open(OperatorPtr input, Context& context) const {
  return std::make_unique<Group>(std::move(input), spec_, context);
}

bool GroupStage::only_counts() const {
  return spec_.id.is_constant() &&
         std::ranges::all_of(spec_.accumulators, [](const NamedAccumulator& each) {
           const Operand* operand = each.spec->operand();
           return operand != nullptr && operand->is_constant();
         });
}

std::optional<std::vector<std::string>> GroupStage::needs() const {
  std::vector<std::string> fields;
  const auto add = [&fields](const Operand* operand) {
    if (operand == nullptr) return false;
    if (operand->is_constant()) return true;
    const auto first = operand->first_field();
    if (first) fields.emplace_back(*first);
    return first.has_value();
  };
  if (!add(&spec_.id)) return std::nullopt;
  for (const NamedAccumulator& each : spec_.accumulators) {
    if (!add(each.spec->operand())) return std::nullopt;
  }
  return fields;
}

namespace {

// What is a document of expressions in an _id names fields and shows none of the input's.
Result<> check_id(const bson::Element& id) {
  if (!id.is(bson::Type::kDocument) || id.document().empty()) return {};
  if (id.document().begin()->name().starts_with('$')) return {};
  for (const bson::Element& field : id.document()) {
    if (field.name().empty()) {
      return fail(Code::kInvalid, 15998, "FieldPath field names may not be empty strings.");
    }
    if (field.name().contains('.')) {
      return fail(Code::kInvalid, 16412, "FieldPath field names may not contain '.'.");
    }
    if (field.is_number() || field.is(bson::Type::kBool)) {
      return fail(Code::kInvalid, 17390, "$group does not support inclusion-style expressions");
    }
  }
  return {};
}

}  // namespace

Result<StagePtr> parse_group(const bson::Element& stage, ParseContext& context) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 15947, "a group's fields must be specified in an object");
  }
  std::optional<Operand> id;
  std::vector<NamedAccumulator> accumulators;
  for (const bson::Element& field : stage.document()) {
    if (field.name() == "_id") {
      if (id) return fail(Code::kInvalid, 15948, "a group's _id may only be specified once");
      NACRE_TRY(check_id(field));
      id = NACRE_TRY(Operand::parse(field, context));
      continue;
    }
    if (field.name() == "$doingMerge") {
      return fail(Code::kInvalid, 17030, "$doingMerge should be true if present");
    }
    accumulators.push_back(NACRE_TRY(parse_accumulator_field(field, context)));
  }
  if (!id) return fail(Code::kInvalid, 15955, "a group specification must include an _id");
  return std::make_unique<GroupStage>(
      GroupSpec{.id = *std::move(id), .accumulators = std::move(accumulators)});
}

Group::Group(OperatorPtr input, const GroupSpec& spec, Context& context)
    : query::Stage(std::move(input)), spec_(spec), context_(context) {
  id_input_ = plan_input(&spec_.id);
  for (const NamedAccumulator& each : spec_.accumulators) {
    inputs_.push_back(plan_input(each.spec->operand()));
    grows_ = grows_ || each.spec->grows();
  }
}

Group::Input Group::plan_input(const Operand* operand) {
  if (operand == nullptr) return {};
  const auto first = operand->first_field();
  if (!first) return {};
  return {.in_reader = true, .place = fields_.add(*first)};
}

Result<std::optional<query::Row>> Group::next() {
  if (!collected_) NACRE_TRY(collect());
  if (spilled_) return next_merged();
  if (at_ == entries_.size()) {
    entries_.clear();
    at_ = 0;
    return std::nullopt;
  }
  return finish(entries_[at_++]);
}

Result<> Group::collect() {
  while (true) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) break;
    NACRE_TRY(take_row(*row));
  }
  collected_ = true;
  by_bytes_.clear();
  if (!spilled_) return {};
  NACRE_TRY(spill());
  on_record_ = NACRE_TRY(runs_.next());
  return {};
}

Result<bool> Group::collect_in_memory() {
  while (!spilled_) {
    const auto row = NACRE_TRY(input_->next());
    if (!row) return true;
    NACRE_TRY(take_row(*row));
  }
  return false;
}

Result<> Group::absorb(Group& part) {
  for (Entry& entry : part.entries_) {
    const auto [place, is_new] = by_key_.try_emplace(entry.key, nullptr);
    if (is_new) {
      entries_.push_back(std::move(entry));
      place->second = &entries_.back();
    } else {
      NACRE_TRY(merge(*place->second, entry));
    }
  }
  bytes_ += part.bytes_;
  return stay_within_memory();
}

Result<> Group::merge(Entry& into, const Entry& part) {
  bson::Builder builder;
  for (const auto& state : part.states) state->append_partial(builder, "");
  const bson::Document partials = builder.finish();
  auto partial = partials.view().begin();
  for (const auto& state : into.states) {
    NACRE_TRY(state->merge(*partial));
    ++partial;
  }
  return {};
}

Result<> Group::take_row(const query::Row& row) {
  if (row.text_score == 0 && row.place == nullptr) [[likely]]
    return take(row.document);
  const expression::Metadata metadata = query::metadata_of(row);
  context_.environment.set_metadata(&metadata);
  auto taken = take(row.document);
  context_.environment.set_metadata(nullptr);
  return taken;
}

Result<> Group::take(const bson::View& row) {
  const ScratchFrame frame(context_);
  fields_.read(row);
  const bson::Element id =
      id_input_.in_reader ? NACRE_TRY(spec_.id.evaluate(fields_[id_input_.place], row, context_))
                          : NACRE_TRY(spec_.id.evaluate(row, context_));
  Entry* entry = NACRE_TRY(entry_of(id));
  NACRE_TRY(add(*entry, row));
  return stay_within_memory();
}

Result<> Group::stay_within_memory() {
  if (bytes_ <= context_.stage_bytes_max) [[likely]]
    return {};
  if (!context_.allow_disk_use) {
    return fail(Code::kFull, error_codes::kQueryExceededMemoryLimitNoDiskUseAllowed,
                format("$group exceeded memory limit of {} bytes, but did not opt in to external "
                       "sorting. Pass allowDiskUse:true to opt in.",
                       context_.stage_bytes_max));
  }
  return spill();
}

namespace {

// MongoDB computes what accumulators of $group are given in an engine of its own, which has other
// numbers for a division by zero.
Result<bson::Element> numbered_as_in_group(Result<bson::Element> value) {
  constexpr std::int32_t kDivision = 4848401;
  constexpr std::int32_t kModulo = 4848403;
  if (value) return value;
  const std::string_view what = value.error().what();
  if (what.contains("can't $divide by zero"))
    return fail(Code::kInvalid, kDivision, std::string(what));
  if (what.contains("can't $mod by zero")) return fail(Code::kInvalid, kModulo, std::string(what));
  return value;
}

}  // namespace

Result<> Group::add(Entry& entry, const bson::View& row) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const AccumulatorSpec& spec = *spec_.accumulators[i].spec;
    const bson::Element value =
        inputs_[i].in_reader
            ? NACRE_TRY(spec.operand()->evaluate(fields_[inputs_[i].place], row, context_))
            : NACRE_TRY(numbered_as_in_group(spec.input(row, context_)));
    Accumulator& state = *entry.states[i];
    if (!grows_) {
      NACRE_TRY(state.add(value));
      continue;
    }
    const std::size_t before = state.bytes();
    NACRE_TRY(state.add(value));
    bytes_ += state.bytes() - before;
  }
  return {};
}

Result<Group::Entry*> Group::entry_of(const bson::Element& id) {
  key_.clear();
  key_.push_back(static_cast<char>(id.type()));
  if (id) key_.append(as_text(id.value_bytes()));
  if (const auto known = by_bytes_.find(std::string_view(key_)); known != by_bytes_.end()) {
    return known->second;
  }
  const std::string bytes = key_;
  key_.clear();
  const bson::Value null(bson::Null{});
  append_group_key(key_, id ? id : null.element(), context_.collator);
  const auto [place, is_new] = by_key_.try_emplace(key_, nullptr);
  if (is_new) {
    entries_.push_back({.id = bson::Value(id ? id : null.element()), .key = key_, .states = {}});
    place->second = &entries_.back();
    NACRE_TRY(make_states(entries_.back()));
    bytes_ += 3 * key_.size() + sizeof(Entry) + spec_.accumulators.size() * 64 + 128;
  }
  if (by_bytes_.size() < kRememberedMax) by_bytes_.emplace(bytes, place->second);
  return place->second;
}

Result<> Group::make_states(Entry& entry) {
  entry.states.reserve(spec_.accumulators.size());
  for (const NamedAccumulator& each : spec_.accumulators) {
    entry.states.push_back(each.spec->make());
    NACRE_TRY(entry.states.back()->start(entry.id.element(), context_));
  }
  return {};
}

// The groups so far as one run: each its _id and its states, by key.
Result<> Group::spill() {
  std::vector<const Entry*> sorted;
  sorted.reserve(entries_.size());
  for (const Entry& entry : entries_) sorted.push_back(&entry);
  std::ranges::sort(sorted, {}, [](const Entry* entry) { return std::string_view(entry->key); });
  query::RunFile run = NACRE_TRY(query::RunFile::create(context_.scope.database.temporary_files()));
  for (const Entry* entry : sorted) {
    bson::Builder record;
    record.append("", entry->id.element());
    for (const auto& state : entry->states) state->append_partial(record, "");
    NACRE_TRY(run.add(entry->key, record.finish().bytes()));
  }
  NACRE_TRY(run.finish());
  runs_.add(std::move(run));
  spilled_ = true;
  by_bytes_.clear();
  by_key_.clear();
  entries_.clear();
  bytes_ = 0;
  return {};
}

Result<std::optional<query::Row>> Group::next_merged() {
  if (!on_record_) return std::nullopt;
  Entry entry;
  entry.key = runs_.key();
  entry.id = bson::Value(*bson::View::trusted(as_bytes(runs_.record())).begin());
  NACRE_TRY(make_states(entry));
  while (on_record_ && runs_.key() == entry.key) {
    auto part = bson::View::trusted(as_bytes(runs_.record())).begin();
    for (const auto& state : entry.states) NACRE_TRY(state->merge(*++part));
    on_record_ = NACRE_TRY(runs_.next());
  }
  return finish(entry);
}

query::Row Group::finish(const Entry& entry) {
  bson::Builder builder;
  builder.append("_id", entry.id.element());
  for (std::size_t i = 0; i < entry.states.size(); ++i) {
    entry.states[i]->append_to(builder, spec_.accumulators[i].name);
  }
  row_ = builder.finish();
  ++counters_.returned;
  return query::Row{.key = {}, .document = row_.view()};
}

void Group::describe(bson::Builder& to) const {
  if (spilled_) to.append("usedDisk", true);
}

}  // namespace nacre::aggregation
