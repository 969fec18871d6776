// Random filters over random documents: the matcher answers as the naive one does, which shares
// none of its shortcuts.
// Replay one failure: NACRE_SEED=<seed> nacre_match_test --gtest_filter='FilterProperty*'
#include <gtest/gtest.h>

#include "bson/json.h"
#include "bson/random_values_testing.h"
#include "match/filter.h"
#include "match/naive_filter_testing.h"

namespace nacre::match {
namespace {

using bson::Builder;

constexpr const char* kPaths[] = {"a",   "b",   "c",     "a.b",   "a.a",
                                  "b.a", "a.0", "a.0.b", "a.b.0", "b.1.a"};

class RandomFilters {
 public:
  explicit RandomFilters(bson::testing::RandomValues& random) : random_(random) {}

  bson::Document filter() {
    Builder builder;
    append_filter(builder, 2);
    return builder.finish();
  }

  // Small, so that filters match some of them: few names, few numbers, arrays inside arrays.
  bson::Document document() {
    Builder builder;
    for (const char* name : {"a", "b", "c"}) {
      if (!random_.one_in(4)) append_value(builder, name, 3);
    }
    return builder.finish();
  }

 private:
  void append_value(Builder& to, std::string_view name, int depth) {
    switch (random_.below(depth > 0 ? 10 : 5)) {
      case 0:
      case 1:
      case 2:
        to.append(name, static_cast<std::int32_t>(random_.below(4)));
        return;
      case 3:
        to.append(name, bson::Null{});
        return;
      case 4:
        append_any(to, name);
        return;
      case 5:
      case 6:
      case 7:
        to.begin_array(name);
        for (std::size_t i = 0, count = random_.below(4); i < count; ++i) {
          append_value(to, std::to_string(i), depth - 1);
        }
        to.end();
        return;
      default:
        to.begin_document(name);
        for (const char* field : {"a", "b", "0"}) {
          if (!random_.one_in(3)) append_value(to, field, depth - 1);
        }
        to.end();
    }
  }

  // What a filter may be compared with: no regular expression, no undefined.
  void append_any(Builder& to, std::string_view name) {
    const bson::Value value = random_.value(1);
    if (value.type() == bson::Type::kRegex || value.type() == bson::Type::kUndefined) {
      to.append(name, 1);
    } else {
      to.append(name, value.element());
    }
  }

  void append_filter(Builder& to, int depth) {
    for (std::size_t i = 0, count = 1 + random_.below(2); i < count; ++i) {
      if (depth > 0 && random_.one_in(5)) {
        to.begin_array(random_.one_in(3) ? "$or" : random_.one_in(2) ? "$and" : "$nor");
        for (std::size_t branch = 0, all = 1 + random_.below(3); branch < all; ++branch) {
          to.push_begin_document();
          append_filter(to, depth - 1);
          to.end();
        }
        to.end();
      } else if (random_.one_in(3)) {
        append_operand(to, random_.pick(kPaths));
      } else {
        append_operators(to, random_.pick(kPaths), depth);
      }
    }
  }

  // Not a document, which could be taken for operators.
  void append_operand(Builder& to, std::string_view name) {
    Builder holder;
    append_value(holder, "v", 2);
    const bson::Document value = holder.finish();
    if (value.find("v").is(bson::Type::kDocument) || value.find("v").is(bson::Type::kUndefined) ||
        value.find("v").is(bson::Type::kRegex)) {
      to.append(name, static_cast<std::int32_t>(random_.below(4)));
    } else {
      to.append(name, value.find("v"));
    }
  }

  void append_operators(Builder& to, std::string_view name, int depth) {
    to.begin_document(name);
    for (std::size_t i = 0, count = 1 + random_.below(2); i < count; ++i) {
      append_operator(to, depth);
    }
    to.end();
  }

  void append_operator(Builder& to, int depth) {
    static constexpr const char* kComparisons[] = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"};
    switch (random_.below(depth > 0 ? 11 : 9)) {
      case 0:
      case 1:
      case 2:
        append_operand(to, random_.pick(kComparisons));
        return;
      case 3:
        append_list(to, random_.one_in(2) ? "$in" : "$nin");
        return;
      case 4:
        to.append("$exists", random_.one_in(2));
        return;
      case 5:
        to.append("$type",
                  static_cast<std::int32_t>(random_.one_in(2) ? 16 : random_.below(4) + 1));
        return;
      case 6:
        to.append("$size", static_cast<std::int32_t>(random_.below(3)));
        return;
      case 7:
        append_list(to, "$all");
        return;
      case 8:
        if (random_.one_in(2)) {
          to.begin_array("$mod").push(2).push(static_cast<std::int32_t>(random_.below(2))).end();
        } else {
          to.begin_array("$bitsAllSet").push(static_cast<std::int32_t>(random_.below(2))).end();
        }
        return;
      case 9:
        append_operators(to, "$not", depth - 1);
        return;
      default:
        if (random_.one_in(2)) {
          append_operators(to, "$elemMatch", depth - 1);
        } else {
          to.begin_document("$elemMatch");
          append_filter(to, depth - 1);
          to.end();
        }
    }
  }

  void append_list(Builder& to, std::string_view name) {
    to.begin_array(name);
    for (std::size_t i = 0, count = random_.below(4); i < count; ++i) {
      append_operand(to, std::to_string(i));
    }
    to.end();
  }

  bson::testing::RandomValues& random_;
};

TEST(FilterProperty, TheMatcherAnswersAsTheNaiveOneDoes) {
  const std::uint64_t seed = bson::testing::seed_or(11);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  bson::testing::RandomValues random(seed);
  RandomFilters filters(random);
  constexpr int kFilters = 5'000;
  constexpr int kDocuments = 20;
  int matched = 0;
  std::vector<bson::Document> documents;
  for (int i = 0; i < kFilters; ++i) {
    if (i % 50 == 0) {
      documents.clear();
      for (int j = 0; j < kDocuments; ++j) documents.push_back(filters.document());
    }
    const bson::Document source = filters.filter();
    // Half of them as planners have them first: what prepare() does must only make them quicker.
    const auto filter = Filter::parse(source, {.is_prepared = i % 2 == 0});
    ASSERT_TRUE(filter.has_value()) << filter.error().text() << "\n" << bson::to_json(source);
    const testing::NaiveFilter naive(source);
    for (const bson::Document& document : documents) {
      const auto matches = filter->matches(document);
      ASSERT_TRUE(matches.has_value());
      ASSERT_EQ(*matches, naive.matches(document))
          << bson::to_json(source, bson::JsonForm::kCanonical) << "\non "
          << bson::to_json(document, bson::JsonForm::kCanonical);
      matched += *matches ? 1 : 0;
    }
  }
  EXPECT_GT(matched, kFilters * kDocuments / 20);
  EXPECT_LT(matched, kFilters * kDocuments * 19 / 20);
}

}  // namespace
}  // namespace nacre::match
