// Documents of tests, written as JSON.
//
// Threads: a pure function.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "bson/builder.h"
#include "bson/json.h"

namespace nacre::bson::testing {

// Fails the test and gives {} for what is no JSON.
inline Document parse_json(std::string_view text) {
  auto document = from_json(text);
  if (document.has_value()) return *std::move(document);
  ADD_FAILURE() << document.error().text() << ": " << text;
  return {};
}

}  // namespace nacre::bson::testing
