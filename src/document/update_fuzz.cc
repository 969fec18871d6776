// An update and a document as JSON, one line each: what comes out is a valid document with the same
// _id, the one that the naive interpreter makes too, and the document that went in is untouched.
#include <string_view>

#include "base/check.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "bson/validate.h"
#include "document/naive_update_testing.h"
#include "document/update.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nacre::bson::validate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto source = nacre::bson::from_json(text.substr(0, line));
  const auto document = nacre::bson::from_json(text.substr(line));
  if (!source.has_value() || !document.has_value()) return 0;
  const auto update = nacre::document::Update::parse(source->view());
  if (!update.has_value()) return 0;

  const std::string before = document->bytes();
  const auto result = update->apply(*document, {.milliseconds = 1});
  NACRE_CHECK(document->bytes() == before, "the document that went in is untouched");
  if (result.has_value() && result->has_value()) {
    NACRE_CHECK(validate(nacre::as_bytes((*result)->bytes())).has_value(), "a valid document");
    NACRE_CHECK(!document->find("_id") || equal((*result)->find("_id"), document->find("_id")),
                "_id never moves");
  }
  using nacre::document::testing::NaiveUpdate;
  NaiveUpdate naive(*document);
  const NaiveUpdate::Answer answer = document->find("_id") || source->view().empty() ||
                                             !source->view().begin()->name().starts_with('$')
                                         ? NaiveUpdate::Answer::kUnknown
                                         : naive.run(*source);
  if (answer == NaiveUpdate::Answer::kDone && result.has_value()) {
    const std::string& made = result->has_value() ? (*result)->bytes() : before;
    NACRE_CHECK(made == naive.document().bytes(), "the naive interpreter makes the same");
  }
  const auto inserted = update->insert({}, {.milliseconds = 1});
  if (inserted.has_value()) {
    NACRE_CHECK(inserted->view().begin()->name() == "_id", "_id is first");
  }
  return 0;
}
