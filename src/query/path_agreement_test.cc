// Filters, index keys and sorts must see the same values at a path, or a query answers otherwise
// with an index than without: the classic defect of document databases. Random documents, random
// paths:
//   each key of an index is a value that the filter's walk reaches, and the other way round
//   a document sorts by the least (or greatest) of its index keys
//   a document that has a key matches equality with it, unless the key stands for nothing
// Replay one failure: NACRE_SEED=<seed> nacre_query_test --gtest_filter='PathAgreement*'
#include <gtest/gtest.h>

#include <set>

#include "bson/json.h"
#include "bson/path.h"
#include "bson/random_values_testing.h"
#include "document/index_keys.h"
#include "match/filter.h"
#include "query/sort_key.h"

namespace nacre::query {
namespace {

using bson::Element;

constexpr const char* kPaths[] = {"a", "b", "a.b", "a.a", "b.a.a", "a.0", "a.0.b", "a.b.0", "a.1"};

std::string key_of(const Element& value) {
  std::string key;
  bson::append_key(key, value, bson::Direction::kAscending);
  return key;
}

struct Reach {
  std::set<std::string> keys;
  std::vector<bson::Value> values;  // without the stand-ins for nothing
  bool array_at_position = false;
};

// The keys that bson/path.h promises an index.
Reach reach_of(const bson::View& document, std::string_view path) {
  Reach reach;
  bson::visit_path(document, bson::Path(path), [&](const Element& value, bson::Reached reached) {
    if (reached == bson::Reached::kLacking) return false;
    if (reached == bson::Reached::kWholeArray) {
      if (value.array().empty()) {
        reach.keys.insert(key_of(bson::Value(bson::Undefined{}).element()));
      }
      return false;
    }
    if (!value) {
      reach.keys.insert(key_of(bson::Value(bson::Null{}).element()));
      return false;
    }
    reach.keys.insert(key_of(value));
    reach.values.emplace_back(value);
    reach.array_at_position |= reached == bson::Reached::kValue && value.is(bson::Type::kArray);
    return false;
  });
  return reach;
}

std::set<std::string> index_keys_of(const bson::View& document, std::string_view path) {
  document::IndexInfo index;
  index.fields.push_back({.path = std::string(path), .descending = false});
  document::IndexEntries entries;
  const auto done = document::index_entries(index, document, {}, entries);
  EXPECT_TRUE(done.has_value()) << done.error().text();
  std::set<std::string> keys;
  for (const document::IndexEntry& entry : entries.entries) keys.insert(entry.key);
  return keys;
}

std::string sort_key_of(const bson::View& document, std::string_view path, std::int32_t direction) {
  const auto pattern = SortPattern::parse(bson::Builder().append(path, direction).finish());
  EXPECT_TRUE(pattern.has_value());
  const auto key = pattern->key(document);
  EXPECT_TRUE(key.has_value());
  return key.has_value() ? *key : std::string();
}

std::string inverted(std::string key) {
  for (char& byte : key) byte = static_cast<char>(~byte);
  return key;
}

// Mostly arrays and documents of few names and small values.
void append_random(bson::Builder& to, std::string_view name, bson::testing::RandomValues& random,
                   int depth) {
  const std::size_t kind = random.below(depth > 0 ? 8 : 3);
  if (kind < 2) {
    to.append(name, static_cast<std::int32_t>(random.below(4)));
  } else if (kind == 2) {
    to.append(name, random.value(0).element());
  } else if (kind < 6) {
    to.begin_array(name);
    for (std::size_t i = 0, count = random.below(4); i < count; ++i) {
      append_random(to, std::to_string(i), random, depth - 1);
    }
    to.end();
  } else {
    to.begin_document(name);
    for (const std::string_view field : {"a", "b", "0"}) {
      if (!random.one_in(3)) append_random(to, field, random, depth - 1);
    }
    to.end();
  }
}

bson::Document random_document(bson::testing::RandomValues& random) {
  bson::Builder builder;
  append_random(builder, "a", random, 3);
  append_random(builder, "b", random, 3);
  return builder.finish();
}

TEST(PathAgreement, FiltersIndexesAndSortsSeeTheSameValues) {
  const std::uint64_t seed = bson::testing::seed_or(9);
  SCOPED_TRACE("NACRE_SEED=" + std::to_string(seed));
  bson::testing::RandomValues random(seed);
  int through_arrays = 0;
  for (int step = 0; step < 3000; ++step) {
    const std::string path = random.pick(kPaths);
    const bson::Document document = random_document(random);
    SCOPED_TRACE(path + " in " + bson::to_json(document, bson::JsonForm::kCanonical));
    const Reach reach = reach_of(document, path);
    const std::set<std::string> keys = index_keys_of(document, path);
    ASSERT_FALSE(reach.keys.empty());
    if (reach.keys.size() > 1) ++through_arrays;
    // An index goes into an array that a position names ("a.0" in [[1, 2]]), filters do not: more
    // keys than the filter asks for, never fewer documents.
    if (!reach.array_at_position) {
      ASSERT_EQ(keys, reach.keys);
    }
    ASSERT_EQ(sort_key_of(document, path, 1), *reach.keys.begin());
    ASSERT_EQ(sort_key_of(document, path, -1), inverted(*reach.keys.rbegin()));
    for (const bson::Value& value : reach.values) {
      if (value.type() == bson::Type::kUndefined || value.type() == bson::Type::kRegex) continue;
      const auto filter = match::Filter::parse(
          bson::Builder().begin_document(path).append("$eq", value.element()).end().finish());
      ASSERT_TRUE(filter.has_value()) << filter.error().text();
      const auto matches = filter->matches(document);
      ASSERT_TRUE(matches.has_value() && *matches);
    }
  }
  EXPECT_GT(through_arrays, 200) << "the generator must reach arrays";
}

}  // namespace
}  // namespace nacre::query
