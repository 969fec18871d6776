#include "aggregation/group.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/text.h"
#include "bson/arithmetic.h"
#include "bson/compare.h"
#include "bson/key_encoder.h"
#include "query/cursor.h"

namespace nacre::aggregation {
namespace {

struct KindName {
  std::string_view name;
  AccumulatorKind kind;
};
constexpr std::array<KindName, 7> kKinds = {{{"$sum", AccumulatorKind::kSum},
                                             {"$count", AccumulatorKind::kCount},
                                             {"$min", AccumulatorKind::kMin},
                                             {"$max", AccumulatorKind::kMax},
                                             {"$avg", AccumulatorKind::kAverage},
                                             {"$first", AccumulatorKind::kFirst},
                                             {"$last", AccumulatorKind::kLast}}};

Result<AccumulatorSpec> parse_accumulator(const bson::Element& field) {
  if (field.name().contains('.')) {
    return fail(Code::kInvalid, 40235,
                format("The field name '{}' cannot contain '.'", field.name()));
  }
  if (!field.is(bson::Type::kDocument) || field.document().count() != 1) {
    return fail(Code::kInvalid, 40234,
                format("The field '{}' must be an accumulator object", field.name()));
  }
  const bson::Element call = *field.document().begin();
  const auto kind = std::ranges::find(kKinds, call.name(), &KindName::name);
  if (kind == kKinds.end()) {
    return fail(Code::kUnsupported, 15952,
                format("the group operator '{}' is not carried out by this version", call.name()));
  }
  expression::Expression argument = NACRE_TRY(expression::Expression::parse(call));
  return AccumulatorSpec{
      .name = std::string(field.name()), .kind = kind->kind, .argument = std::move(argument)};
}

}  // namespace

Result<GroupSpec> GroupSpec::parse(const bson::Element& stage) {
  if (!stage.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, 15947, "a group's fields must be specified in an object");
  }
  GroupSpec spec;
  bool has_id = false;
  for (const bson::Element& field : stage.document()) {
    if (field.name() == "_id") {
      spec.id = NACRE_TRY(expression::Expression::parse(field));
      has_id = true;
    } else {
      spec.accumulators.push_back(NACRE_TRY(parse_accumulator(field)));
    }
  }
  if (!has_id) return fail(Code::kInvalid, 15955, "a group specification must include an _id");
  return spec;
}

bool GroupSpec::only_counts() const {
  return id.is_constant() && std::ranges::all_of(accumulators, [](const AccumulatorSpec& spec) {
           return spec.argument.is_constant();
         });
}

bool Sum::add(const bson::Element& value) {
  switch (value.type()) {
    case bson::Type::kInt64:
      has_int64_ = true;
      [[fallthrough]];
    case bson::Type::kInt32: {
      const std::int64_t number = value.is(bson::Type::kInt32) ? value.int32() : value.int64();
      std::int64_t sum = 0;
      if (__builtin_add_overflow(integer_, number, &sum)) {
        has_double_ = true;
        add_double(static_cast<double>(integer_));
        sum = number;
      }
      integer_ = sum;
      return true;
    }
    case bson::Type::kDouble:
      has_double_ = true;
      add_double(value.number_double());
      return true;
    case bson::Type::kDecimal128:
      if (decimal_.type() == bson::Type::kMissing) {
        decimal_ = bson::Value(value);
      } else if (auto sum = bson::add(decimal_.element(), value)) {
        decimal_ = *std::move(sum);
      }
      return true;
    default:
      return false;
  }
}

// Neumaier's compensated summation.
void Sum::add_double(double value) {
  const double sum = double_ + value;
  if (std::isfinite(sum)) {
    correction_ +=
        std::abs(double_) >= std::abs(value) ? (double_ - sum) + value : (value - sum) + double_;
  }
  double_ = sum;
}

void Sum::append_to(bson::Builder& builder, std::string_view name) const {
  if (decimal_.type() != bson::Type::kMissing) {
    const bson::Value rest = has_double_ ? bson::Value(as_double()) : bson::Value(integer_);
    const auto sum = bson::add(decimal_.element(), rest.element());
    builder.append(name, sum ? sum->element() : decimal_.element());
  } else if (has_double_) {
    builder.append(name, as_double());
  } else if (has_int64_) {
    builder.append(name, integer_);
  } else {
    builder.append_number(name, integer_);
  }
}

Result<std::optional<query::Row>> Group::next() {
  if (!collected_) NACRE_TRY(collect());
  if (at_ == entries_.size()) return std::nullopt;
  row_ = finish(entries_[at_++]);
  ++counters_.returned;
  return query::Row{.key = {}, .document = row_.view()};
}

Result<> Group::collect() {
  const bool constant = spec_.id.is_constant();
  Entry* entry = nullptr;
  while (true) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) break;
    if (!constant || entry == nullptr) {
      const bson::Value id = NACRE_TRY(spec_.id.evaluate(row->document, environment_));
      entry = NACRE_TRY(entry_of(id));
    }
    for (std::size_t i = 0; i < spec_.accumulators.size(); ++i) {
      NACRE_TRY(add(spec_.accumulators[i], entry->accumulators[i], row->document));
    }
  }
  collected_ = true;
  return {};
}

Result<Group::Entry*> Group::entry_of(const bson::Value& id) {
  key_.clear();
  bson::append_key(
      key_, id.type() == bson::Type::kMissing ? bson::Value(bson::Null{}).element() : id.element(),
      bson::Direction::kAscending);
  const auto [place, is_new] = places_.try_emplace(key_, entries_.size());
  if (!is_new) return &entries_[place->second];
  bytes_ += 2 * key_.size() + sizeof(Entry) + spec_.accumulators.size() * sizeof(Accumulator);
  if (bytes_ > query::kStageBytesMax) {
    return fail(Code::kFull, 292,
                format("$group exceeded memory limit of {} bytes", query::kStageBytesMax));
  }
  entries_.push_back({.id = id, .accumulators = {}});
  entries_.back().accumulators.resize(spec_.accumulators.size());
  return &entries_.back();
}

Result<> Group::add(const AccumulatorSpec& spec, Accumulator& to, const bson::View& row) {
  if (spec.kind == AccumulatorKind::kCount) {
    ++to.count;
    return {};
  }
  environment_.release();
  const bson::Element element = NACRE_TRY(spec.argument.evaluate_view(row, environment_));
  switch (spec.kind) {
    case AccumulatorKind::kSum:
    case AccumulatorKind::kAverage: {
      if (spec.kind == AccumulatorKind::kAverage && element.is(bson::Type::kDecimal128)) {
        return fail(Code::kUnsupported, 238, "$avg of decimals is not carried out by this version");
      }
      if (to.sum.add(element)) ++to.count;
      return {};
    }
    case AccumulatorKind::kFirst:
      if (to.has_value) return {};
      break;
    case AccumulatorKind::kMin:
    case AccumulatorKind::kMax: {
      if (!element || element.is_null_like()) return {};
      if (to.has_value) {
        const auto order = bson::compare(element, to.value.element());
        if (spec.kind == AccumulatorKind::kMin ? order >= 0 : order <= 0) return {};
      }
      break;
    }
    case AccumulatorKind::kLast:
    case AccumulatorKind::kCount:
      break;
  }
  to.has_value = true;
  to.value = bson::Value(element);
  return {};
}

bson::Document Group::finish(const Entry& entry) const {
  bson::Builder builder;
  if (entry.id.type() == bson::Type::kMissing) {
    builder.append("_id", bson::Null{});
  } else {
    builder.append("_id", entry.id.element());
  }
  for (std::size_t i = 0; i < spec_.accumulators.size(); ++i) {
    const AccumulatorSpec& spec = spec_.accumulators[i];
    const Accumulator& from = entry.accumulators[i];
    if (spec.kind == AccumulatorKind::kSum) {
      from.sum.append_to(builder, spec.name);
    } else if (spec.kind == AccumulatorKind::kCount) {
      builder.append_number(spec.name, from.count);
    } else if (spec.kind == AccumulatorKind::kAverage && from.count > 0) {
      builder.append(spec.name, from.sum.as_double() / static_cast<double>(from.count));
    } else if (from.value.type() != bson::Type::kMissing) {
      builder.append(spec.name, from.value.element());
    } else {
      builder.append(spec.name, bson::Null{});
    }
  }
  return builder.finish();
}

Result<std::optional<query::Row>> CountRows::next() {
  if (done_) return std::nullopt;
  done_ = true;
  std::int64_t rows = 0;
  while (true) {
    const auto row = NACRE_TRY(input_->next());
    ++counters_.works;
    if (!row) break;
    ++rows;
  }
  if (rows == 0) return std::nullopt;
  ++counters_.returned;
  bson::Builder builder;
  builder.append_number(name_, rows);
  row_ = builder.finish();
  return query::Row{.key = {}, .document = row_.view()};
}

}  // namespace nacre::aggregation
