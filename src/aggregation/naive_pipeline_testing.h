// Pipelines once more, as plainly as they can be said: what tests and fuzzing hold the real ones
// against.
//
// Why: the real ones read as little as they can, in whatever order is cheap. This one makes lists
// of
//   documents, stage after stage. It knows $match (of plain operators) $sort $limit $skip, $unwind
//   of a field, $project {field: 1}, $addFields {field: "$other"}, and $group by a field with
//   {$sum: 1}, {$sum: "$field"}, $min and $max.
// Rows come in no order unless a sort says one: what was cut out of rows in none, or otherwise
//   depends on it, is ambiguous.
// Threads: pure functions; one interpreter runs one pipeline.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bson/builder.h"
#include "bson/compare.h"
#include "bson/value.h"
#include "match/filter.h"
#include "match/naive_filter_testing.h"
#include "query/sort_key.h"

namespace nacre::aggregation::testing {

class NaivePipeline {
 public:
  // Whether run() knows each stage, and the real thing takes it.
  [[nodiscard]] static bool is_known(const bson::View& pipeline) {
    return pipeline.count() <= kStagesMax &&
           std::ranges::all_of(pipeline, [](const bson::Element& each) {
             return each.is(Type::kDocument) && each.document().count() == 1 &&
                    is_known_stage(*each.document().begin());
           });
  }

  // Requires is_known(pipeline), and documents in the order of nothing but themselves.
  [[nodiscard]] std::vector<bson::Document> run(const bson::View& pipeline,
                                                const std::vector<bson::Document>& documents) {
    Rows rows;
    for (const bson::Document& document : documents) {
      rows.push_back({.document = document, .order = rows.size()});
    }
    for (const bson::Element& each : pipeline) {
      rows = apply(*each.document().begin(), std::move(rows));
    }
    std::vector<bson::Document> out;
    for (Row& row : rows) out.push_back(std::move(row.document));
    return out;
  }

  // What run() gave is one answer of several, or the real one is an error.
  [[nodiscard]] bool is_ambiguous() const { return is_ambiguous_; }

 private:
  using Type = bson::Type;
  using Element = bson::Element;

  // Rows of one `order` came in the order in which they stand; those of two may stand either way.
  struct Row {
    bson::Document document;
    std::size_t order = 0;
  };
  using Rows = std::vector<Row>;

  static constexpr std::size_t kStagesMax = 50;

  static bool is_name(std::string_view name) {
    return !name.empty() && !name.starts_with('$') && !name.contains('.') && !name.contains('\0');
  }
  // "$name"
  static bool is_reference(const Element& value) {
    return value.is(Type::kString) && value.string().starts_with('$') &&
           is_name(value.string().substr(1));
  }
  static std::string_view name_in(const Element& reference) { return reference.string().substr(1); }

  static bool is_known_stage(const Element& stage) {
    const std::string_view name = stage.name();
    if (name == "$unwind") return is_reference(stage);
    if (name == "$limit" || name == "$skip") {
      const auto number = stage.as_int64();
      return stage.is_number() && number && *number >= (name == "$limit" ? 1 : 0);
    }
    if (!stage.is(Type::kDocument)) return false;
    const bson::View inside = stage.document();
    if (name == "$match")
      return match::testing::NaiveFilter::is_known(stage) &&
             match::Filter::parse(inside).has_value();
    if (name == "$sort") return is_known_sort(inside);
    if (name == "$group") return is_known_group(inside);
    if (inside.count() != 1 || !is_name(inside.begin()->name())) return false;
    if (name == "$project") return is_one(*inside.begin());
    return name == "$addFields" && is_reference(*inside.begin());
  }

  static bool is_one(const Element& value) { return value.is_number() && value.as_int64() == 1; }

  static bool is_known_sort(const bson::View& by) {
    const bool plain = std::ranges::all_of(by, [](const Element& field) {
      return field.is_number() && !field.name().starts_with('$');
    });
    return plain && !by.empty() && query::SortPattern::parse(by).has_value();
  }

  static bool is_known_group(const bson::View& spec) {
    std::vector<std::string_view> names;
    for (const Element& field : spec) {
      if (!is_name(field.name()) || std::ranges::find(names, field.name()) != names.end()) {
        return false;
      }
      names.push_back(field.name());
      if (field.name() != "_id" && !is_known_accumulator(field)) return false;
    }
    return is_reference(spec.find("_id"));
  }

  static bool is_known_accumulator(const Element& field) {
    if (!field.is(Type::kDocument) || field.document().count() != 1) return false;
    const Element one = *field.document().begin();
    if (one.name() == "$sum" && one.is(Type::kInt32)) return one.as_int64() == 1;
    const bool known = one.name() == "$sum" || one.name() == "$min" || one.name() == "$max";
    return known && is_reference(one);
  }

  Rows apply(const Element& stage, Rows rows) {
    if (stage.name() == "$match") return match(stage.document(), std::move(rows));
    if (stage.name() == "$sort") return sort(stage.document(), std::move(rows));
    if (stage.name() == "$group") return group(stage.document(), rows);
    if (stage.name() == "$limit" || stage.name() == "$skip") return cut(stage, rows);
    Rows out;
    for (Row& row : rows) {
      if (stage.name() == "$unwind") {
        unwind(name_in(stage), std::move(row), out);
      } else if (stage.name() == "$project") {
        out.push_back({.document = project(stage.document().begin()->name(), row.document),
                       .order = row.order});
      } else {
        const Element field = *stage.document().begin();
        const Element value = row.document.find(name_in(field));
        out.push_back({.document = with(row.document, field.name(), value), .order = row.order});
      }
    }
    return out;
  }

  static Rows match(const bson::View& filter, Rows rows) {
    const auto parsed = match::Filter::parse(filter);
    std::erase_if(rows, [&](const Row& row) { return !*parsed->matches(row.document); });
    return rows;
  }

  static bool is_one_order(const Rows& rows) {
    return std::ranges::all_of(rows,
                               [&](const Row& row) { return row.order == rows.front().order; });
  }

  Rows cut(const Element& stage, const Rows& rows) {
    const auto at = std::min<std::size_t>(static_cast<std::size_t>(*stage.as_int64()), rows.size());
    is_ambiguous_ = is_ambiguous_ || (at > 0 && at < rows.size() && !is_one_order(rows));
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(at);
    return stage.name() == "$limit" ? Rows(rows.begin(), middle) : Rows(middle, rows.end());
  }

  Rows sort(const bson::View& by, Rows rows) {
    const auto pattern = query::SortPattern::parse(by);
    std::vector<std::pair<std::string, std::size_t>> keys;
    for (const Row& row : rows) {
      const auto key = pattern->key(row.document);
      is_ambiguous_ = is_ambiguous_ || !key.has_value();
      keys.emplace_back(key.value_or(""), keys.size());
    }
    std::ranges::sort(keys);  // those of one key stay as they stand
    Rows out;
    bool has_ties = false;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      out.push_back(std::move(rows[keys[i].second]));
      const bool ties = i > 0 && keys[i].first == keys[i - 1].first;
      has_ties = has_ties || (ties && out[i].order != out[i - 1].order);
    }
    for (Row& row : out) row.order = has_ties ? row.order : 0;
    return out;
  }

  static void unwind(std::string_view field, Row row, Rows& out) {
    const Element value = row.document.find(field);
    if (!value || value.is_null_like()) return;
    if (!value.is(Type::kArray)) {
      out.push_back(std::move(row));
      return;
    }
    for (const Element& each : value.array()) {
      out.push_back({.document = with(row.document, field, each), .order = row.order});
    }
  }

  static bson::Document project(std::string_view field, const bson::Document& row) {
    bson::Builder builder;
    for (const Element& each : row.view()) {
      if (each.name() == field || each.name() == "_id") builder.append(each);
    }
    return builder.finish();
  }

  // In the field's own place, or behind all others; taken away when the value is missing.
  static bson::Document with(const bson::Document& row, std::string_view field,
                             const Element& value) {
    bson::Builder builder;
    bool found = false;
    for (const Element& each : row.view()) {
      const bool is_it = each.name() == field;
      found = found || is_it;
      if (!is_it) builder.append(each);
      if (is_it && value) builder.append(field, value);
    }
    if (!found && value) builder.append(field, value);
    return builder.finish();
  }

  Rows group(const bson::View& spec, const Rows& rows) {
    const std::string_view by = name_in(spec.find("_id"));
    std::vector<std::vector<bson::Document>> groups;
    for (const Row& row : rows) {
      const bson::Value key = or_null(row.document.find(by));
      const auto found = std::ranges::find_if(groups, [&](const auto& members) {
        return is_same(or_null(members.front().find(by)).element(), key.element());
      });
      if (found == groups.end()) {
        groups.push_back({row.document});
      } else {
        found->push_back(row.document);
      }
    }
    Rows out;
    for (const auto& members : groups) {
      bson::Builder builder;
      builder.append("_id", or_null(members.front().find(by)).element());
      for (const Element& field : spec) {
        if (field.name() != "_id") accumulate(builder, field, members);
      }
      out.push_back({.document = builder.finish(), .order = out.size()});
    }
    return out;
  }

  // Equal values that differ (1 and 1.0) stand for each other: the first one met does.
  bool is_same(const Element& a, const Element& b) {
    if (!bson::equal(a, b)) return false;
    const bool alike = a.type() == b.type() && as_text(a.value_bytes()) == as_text(b.value_bytes());
    is_ambiguous_ = is_ambiguous_ || !alike;
    return true;
  }

  static bson::Value or_null(const Element& value) {
    return value ? bson::Value(value) : bson::Value(bson::Null{});
  }

  void accumulate(bson::Builder& builder, const Element& field,
                  const std::vector<bson::Document>& members) {
    const Element one = *field.document().begin();
    if (one.is(Type::kInt32)) {
      builder.append_number(field.name(), static_cast<std::int64_t>(members.size()));
    } else if (one.name() == "$sum") {
      append_sum(builder, field.name(), name_in(one), members);
    } else {
      const bson::Value best = extreme(members, name_in(one), one.name() == "$max");
      builder.append(field.name(), best.element());
    }
  }

  bson::Value extreme(const std::vector<bson::Document>& members, std::string_view field,
                      bool greatest) {
    Element best;
    for (const bson::Document& member : members) {
      const Element value = member.find(field);
      if (!value || value.is_null_like()) continue;
      if (best && is_same(value, best)) continue;
      const bool better =
          !best || (greatest ? bson::compare(value, best) > 0 : bson::compare(value, best) < 0);
      if (better) best = value;
    }
    return or_null(best);
  }

  // Of the few small numbers that sums are exact of.
  void append_sum(bson::Builder& builder, std::string_view name, std::string_view field,
                  const std::vector<bson::Document>& members) {
    double sum = 0;
    bool has_double = false;
    for (const bson::Document& member : members) {
      const Element value = member.find(field);
      if (!value.is_number()) continue;
      has_double = has_double || value.is(Type::kDouble);
      const double number = value.as_double().value_or(0);
      const bool is_small =
          number > -1e6 && number < 1e6 && number * 1024 == std::floor(number * 1024);
      const bool is_of_few_types = value.is(Type::kDouble) || value.is(Type::kInt32);
      is_ambiguous_ = is_ambiguous_ || !is_small || !is_of_few_types;
      sum += number;
    }
    if (has_double) {
      builder.append(name, sum);
    } else {
      builder.append_number(name, static_cast<std::int64_t>(sum));
    }
  }

  bool is_ambiguous_ = false;
};

}  // namespace nacre::aggregation::testing
