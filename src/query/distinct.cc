#include <map>
#include <string>
#include <utility>

#include "bson/container.h"
#include "bson/key_encoder.h"
#include "bson/validate.h"
#include "query/run.h"

namespace nacre::query {
namespace {

using bson::Element;
using bson::Type;
using bson::View;

// The rules of distinct are its own: a number on the path means a position alone, and arrays inside
// arrays are gone into by position only.
template <class Take>
void visit_values(const View& document, std::string_view path, Take& take) {
  const std::size_t dot = path.find('.');
  const Element found = document.find(path.substr(0, dot));
  if (dot == std::string_view::npos) {
    if (found.is(Type::kArray)) {
      for (const Element& each : found.array()) take(each);
    } else if (found) {
      take(found);
    }
    return;
  }
  const std::string_view rest = path.substr(dot + 1);
  if (found.is(Type::kDocument)) {
    visit_values(found.document(), rest, take);
  } else if (found.is(Type::kArray)) {
    if (bson::array_index(rest.substr(0, rest.find('.')))) {
      visit_values(found.array(), rest, take);
      return;
    }
    for (const Element& each : found.array()) {
      if (bson::is_container(each)) {
        visit_values(each.document(), rest, take);
      }
    }
  }
}

}  // namespace

Result<bson::Document> distinct(const Scope& scope, const DistinctRequest& request) {
  if (request.path.find('\0') != std::string_view::npos) {
    return fail(Code::kInvalid, 31032, "Key field cannot contain an embedded null byte");
  }
  NACRE_TRY(check_hint(request.hint));
  const OpenedRun opened = NACRE_TRY(open_run(scope, {.collection = request.collection,
                                                      .filter = request.filter,
                                                      .hint = request.hint,
                                                      .collation = request.collation}));
  const text::Collator* collator = opened.run->collator();
  std::map<std::string, bson::Value> values;  // by key, so ascending
  std::size_t bytes = 0;
  const auto take = [&](const Element& element) {
    std::string key;
    bson::append_key(key, element, bson::Direction::kAscending, nullptr, collator);
    if (values.contains(key)) return;
    bytes += element.bytes().size();
    values.try_emplace(std::move(key), element);
  };
  while (true) {
    const auto row = NACRE_TRY(opened.run->root->next());
    if (!row) break;
    visit_values(row->document, request.path, take);
    if (bytes > bson::kDocumentBytesMax) {
      return fail(Code::kFull, 17217, "distinct too big, 16mb cap");
    }
  }
  bson::Builder array = bson::Builder::array();
  for (const auto& [key, value] : values) array.push(value.element());
  if (array.size() > bson::kDocumentBytesMax) {
    return fail(Code::kFull, 17217, "distinct too big, 16mb cap");
  }
  return array.finish();
}

}  // namespace nacre::query
