// Random pipelines over random documents give the same rows, whatever is done to make them cheap:
// optimised or as written, with indexes or without, in memory or on disk; and the rows that a naive
// interpreter gives, which knows nothing but lists of documents.
// Replay one failure: NACRE_SEED=<seed> ctest -R PipelineProperty; NACRE_CASES runs more.
#include <algorithm>
#include <random>

#include "aggregation/aggregate_testing.h"
#include "bson/compare.h"
#include "bson/random_values_testing.h"
#include "match/filter.h"
#include "query/sort_key.h"

namespace nacre::aggregation {
namespace {

using testing::Rows;

// Few names and small values, so that pipelines meet and miss.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t end) { return engine_() % end; }
  std::string field() { return std::string(1, static_cast<char>('a' + below(3))); }
  std::string scalar() {
    switch (below(6)) {
      case 0:
        return "null";
      case 1:
        return R"("s)" + std::to_string(below(3)) + '"';
      case 2:
        return std::to_string(below(4)) + ".5";
      default:
        return std::to_string(below(5));
    }
  }
  std::string value() {
    if (below(4) > 0) return scalar();
    std::string array = "[";
    for (std::size_t left = below(4); left > 0; --left) {
      array += (array.size() > 1 ? ", " : "") + scalar();
    }
    return array + "]";
  }
  std::string document(std::size_t id) {
    std::string text = R"({"_id": )" + std::to_string(id);
    for (const char* name : {"a", "b", "c"}) {
      if (below(4) > 0) text += R"(, ")" + std::string(name) + R"(": )" + value();
    }
    return text + "}";
  }
  std::string condition() {
    static constexpr const char* kOperators[] = {"$eq", "$gt", "$lte", "$ne"};
    const std::string on = below(5) == 0 ? "_id" : field();
    return R"({")" + on + R"(": {")" + kOperators[below(4)] + R"(": )" + scalar() + "}}";
  }
  std::string stage() {
    const std::string name = field();
    switch (below(8)) {
      case 0:
      case 1:
        return R"({"$match": )" + condition() + "}";
      case 2:
        return R"({"$unwind": "$)" + name + R"("})";
      case 3:
        return R"({"$project": {")" + name + R"(": 1}})";
      case 4:
        return R"({"$addFields": {"x": "$)" + name + R"("}})";
      case 5:
        return R"({"$group": {"_id": "$)" + name + R"(", "n": {"$sum": 1}, "a": {"$min": "$a"},
                   "b": {"$max": "$b"}, "c": {"$sum": "$c"}}})";
      default:
        // An order without ties, so that cutting is the same everywhere.
        return R"({"$sort": {")" + name + R"(": )" + (below(2) == 0 ? "1" : "-1") +
               R"(, "_id": 1}}, {"$)" + (below(2) == 0 ? "limit" : "skip") + R"(": )" +
               std::to_string(1 + below(5)) + "}";
    }
  }
  std::string pipeline() {
    std::string text = "[";
    for (std::size_t left = 1 + below(5); left > 0; --left) {
      text += (text.size() > 1 ? ", " : "") + stage();
    }
    return text + "]";
  }

 private:
  std::mt19937_64 engine_;
};

// Lists of documents, stage after stage.
class Naive {
 public:
  std::vector<bson::Document> run(const bson::View& stages, std::vector<bson::Document> rows) {
    for (const bson::Element& each : stages) {
      const bson::Element stage = *each.document().begin();
      rows = apply(stage, rows);
    }
    return rows;
  }
  // A sort met rows whose _id is an array: such a sort has ties, or is an error.
  [[nodiscard]] bool is_ambiguous() const { return is_ambiguous_; }

 private:
  std::vector<bson::Document> apply(const bson::Element& stage,
                                    const std::vector<bson::Document>& rows) {
    if (stage.name() == "$match") return match(stage.document(), rows);
    if (stage.name() == "$sort") return sort(stage.document(), rows);
    if (stage.name() == "$group") return group(stage.document(), rows);
    std::vector<bson::Document> out;
    const auto number = static_cast<std::size_t>(stage.as_int64().value_or(0));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (stage.name() == "$limit" ? i < number : stage.name() == "$skip" && i >= number) {
        out.push_back(rows[i]);
      } else if (stage.name() == "$unwind") {
        unwind(stage.string().substr(1), rows[i], out);
      } else if (stage.name() == "$project") {
        out.push_back(project(stage.document().begin()->name(), rows[i]));
      } else if (stage.name() == "$addFields") {
        out.push_back(
            with(rows[i], "x", rows[i].find(stage.document().begin()->string().substr(1))));
      }
    }
    return out;
  }

  static std::vector<bson::Document> match(const bson::View& filter,
                                           const std::vector<bson::Document>& rows) {
    const auto parsed = match::Filter::parse(filter);
    std::vector<bson::Document> out;
    for (const bson::Document& row : rows) {
      if (*parsed->matches(row)) out.push_back(row);
    }
    return out;
  }

  std::vector<bson::Document> sort(const bson::View& by, const std::vector<bson::Document>& rows) {
    const auto pattern = query::SortPattern::parse(by);
    std::vector<std::pair<std::string, std::size_t>> order;
    for (const bson::Document& row : rows) {
      is_ambiguous_ = is_ambiguous_ || row.find("_id").is(bson::Type::kArray);
      order.emplace_back(pattern->key(row).value_or(""), order.size());
    }
    std::ranges::sort(order);
    std::vector<bson::Document> out;
    for (const auto& [key, place] : order) out.push_back(rows[place]);
    return out;
  }

  static void unwind(std::string_view field, const bson::Document& row,
                     std::vector<bson::Document>& out) {
    const bson::Element value = row.find(field);
    if (!value || value.is_null_like()) return;
    if (!value.is(bson::Type::kArray)) {
      out.push_back(row);
      return;
    }
    for (const bson::Element& each : value.array()) out.push_back(with(row, field, each));
  }

  static bson::Document project(std::string_view field, const bson::Document& row) {
    bson::Builder builder;
    for (const bson::Element& each : row.view()) {
      if (each.name() == field || each.name() == "_id") builder.append(each);
    }
    return builder.finish();
  }

  // In the field's own place, or behind all others; taken away when the value is missing.
  static bson::Document with(const bson::Document& row, std::string_view field,
                             const bson::Element& value) {
    bson::Builder builder;
    bool found = false;
    for (const bson::Element& each : row.view()) {
      const bool is_it = each.name() == field;
      found = found || is_it;
      if (!is_it) builder.append(each);
      if (is_it && value) builder.append(field, value);
    }
    if (!found && value) builder.append(field, value);
    return builder.finish();
  }

  static std::vector<bson::Document> group(const bson::View& spec,
                                           const std::vector<bson::Document>& rows) {
    const std::string_view by = spec.find("_id").string().substr(1);
    std::vector<std::vector<bson::Document>> groups;
    for (const bson::Document& row : rows) {
      const auto same = [&](const std::vector<bson::Document>& members) {
        return bson::equal(or_null(members.front().find(by)).element(),
                           or_null(row.find(by)).element());
      };
      const auto found = std::ranges::find_if(groups, same);
      if (found == groups.end()) {
        groups.push_back({row});
      } else {
        found->push_back(row);
      }
    }
    std::vector<bson::Document> out;
    for (const auto& members : groups) {
      bson::Builder builder;
      builder.append("_id", or_null(members.front().find(by)).element());
      builder.append_number("n", static_cast<std::int64_t>(members.size()));
      builder.append("a", extreme(members, "a", false).element());
      builder.append("b", extreme(members, "b", true).element());
      append_sum(builder, members);
      out.push_back(builder.finish());
    }
    return out;
  }

  static bson::Value or_null(const bson::Element& value) {
    return value ? bson::Value(value) : bson::Value(bson::Null{});
  }

  static bson::Value extreme(const std::vector<bson::Document>& members, std::string_view field,
                             bool greatest) {
    bson::Element best;
    for (const bson::Document& member : members) {
      const bson::Element value = member.find(field);
      if (!value || value.is_null_like()) continue;
      const bool better =
          !best || (greatest ? bson::compare(value, best) > 0 : bson::compare(value, best) < 0);
      if (better) best = value;
    }
    return or_null(best);
  }

  static void append_sum(bson::Builder& builder, const std::vector<bson::Document>& members) {
    double sum = 0;
    bool has_double = false;
    for (const bson::Document& member : members) {
      const bson::Element value = member.find("c");
      if (!value.is_number()) continue;
      has_double = has_double || value.is(bson::Type::kDouble);
      sum += value.as_double().value_or(0);
    }
    if (has_double) {
      builder.append("c", sum);
    } else {
      builder.append_number("c", static_cast<std::int64_t>(sum));
    }
  }

  bool is_ambiguous_ = false;
};

class PipelineProperty : public testing::PipelineTest {
 protected:
  Rows sorted_run(const std::string& stages, const AggregateRequest& request) {
    auto rows = try_run(stages, request);
    EXPECT_TRUE(rows) << rows.error().text();
    if (!rows) return {};
    std::ranges::sort(*rows);
    return *std::move(rows);
  }
};

TEST_F(PipelineProperty, RowsAreTheSameHoweverTheyAreFound) {
  const std::uint64_t first_seed = bson::testing::seed_or(1);
  const char* text = std::getenv("NACRE_CASES");
  const std::uint64_t cases = text == nullptr ? 300 : std::strtoull(text, nullptr, 10);
  std::vector<bson::Document> documents;
  Generator filler(7);
  for (std::size_t id = 0; id < 40; ++id) {
    const std::string document = filler.document(id);
    insert("c", document);
    insert("indexed", document);
    documents.push_back(query::testing::json(document));
  }
  query::testing::create_index(*database_, "indexed", R"({"key": {"a": 1}, "name": "a_1"})");
  query::testing::create_index(*database_, "indexed",
                               R"({"key": {"b": -1, "_id": 1}, "name": "b_-1__id_1"})");
  std::uint64_t compared = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + cases; ++seed) {
    Generator generator(seed);
    const std::string stages = generator.pipeline();
    SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed) + " NACRE_CASES=1: " + stages);
    Rows naive;
    const auto parsed = bson::array_from_json(stages);
    Naive interpreter;
    for (const bson::Document& row : interpreter.run(*parsed, documents)) {
      naive.push_back(bson::to_json(row.view()));
    }
    if (interpreter.is_ambiguous()) continue;
    ++compared;
    std::ranges::sort(naive);
    ASSERT_EQ(sorted_run(stages, {.collection = "c", .pipeline = {}}), naive);
    ASSERT_EQ(sorted_run(stages, {.collection = "c", .pipeline = {}, .optimise = Optimise::kNo}),
              naive);
    ASSERT_EQ(sorted_run(stages, {.collection = "indexed", .pipeline = {}}), naive);
    if (seed % 8 == 0) {
      ASSERT_EQ(sorted_run(stages, {.collection = "c", .pipeline = {}, .stage_bytes_max = 500}),
                naive);
    }
  }
  EXPECT_GE(2 * compared, cases);
}

}  // namespace
}  // namespace nacre::aggregation
