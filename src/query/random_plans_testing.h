// What tests of plans over random documents share: a collection of what its indexes take, and what
// a find gives.
//
// Threads: as the database they are given.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "query/operations_testing.h"

namespace nacre::query::testing {

// Puts what `make` writes into the collection "c", `count` times, but for what is refused with an
// error that `may_be` knows. Returns what is there then.
inline std::vector<bson::Document> fill(document::Database& database, std::size_t count,
                                        const std::function<std::string()>& make,
                                        const std::function<bool(const Error&)>& may_be) {
  std::vector<bson::Document> there;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text = make();
    const auto done = document::testing::try_insert(database, "c", text, txn::Durability::kAsync);
    if (done) {
      there.push_back(json(text));
    } else {
      EXPECT_TRUE(may_be(done.error())) << text << ": " << done.error().text();
    }
  }
  return there;
}

// The ids of documents in the order of a find, or the number of its error and none.
struct Found {
  std::vector<std::int64_t> ids;
  std::int32_t error = 0;
};

inline std::int64_t id_of(const bson::View& document) {
  return document.find("_id").as_int64().value_or(-1);
}

inline Found run(const Scope& scope, const FindRequest& request) {
  auto cursor = query::find(scope, request);
  Found found;
  if (!cursor) return {.ids = {}, .error = cursor.error().number()};
  while (true) {
    const auto row = cursor->next();
    if (!row) return {.ids = {}, .error = row.error().number()};
    if (!*row) return found;
    found.ids.push_back(id_of(**row));
  }
}

}  // namespace nacre::query::testing
