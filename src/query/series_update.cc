#include "query/series_update.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"

namespace nacre::query {
namespace {

using error_codes::kInvalidOptions;

std::unexpected<Error> refused(std::string what) {
  return fail(Code::kInvalid, kInvalidOptions,
              "Cannot perform " + std::move(what) + " on a time-series collection");
}

bool is_inside(std::string_view path, std::string_view field) {
  return path == field || (path.starts_with(field) && path.substr(field.size()).starts_with('.'));
}

// NOLINTNEXTLINE(misc-no-recursion): no deeper than the document
bool asks_only(const bson::View& filter, std::string_view field) {
  constexpr auto kTogether = std::to_array<std::string_view>({"$and", "$or", "$nor"});
  for (const bson::Element& condition : filter) {
    const std::string_view name = condition.name();
    if (name == "$comment" || is_inside(name, field)) continue;
    if (std::ranges::find(kTogether, name) == kTogether.end()) return false;
    for (const bson::Element& part : condition.array()) {
      if (!part.is(bson::Type::kDocument) || !asks_only(part.document(), field)) return false;
    }
  }
  return true;
}

bool names_only(const bson::View& fields, std::string_view field) {
  return std::ranges::all_of(
      fields, [&](const bson::Element& one) { return is_inside(one.name(), field); });
}

// {$set: {...}, $rename: {from: to}}; a replacement has other names.
bool operators_change_only(const bson::View& update, std::string_view field) {
  return std::ranges::all_of(update, [&](const bson::Element& part) {
    if (!part.name().starts_with('$') || !part.is(bson::Type::kDocument)) return false;
    if (!names_only(part.document(), field)) return false;
    if (part.name() != "$rename") return true;
    return std::ranges::all_of(part.document(), [&](const bson::Element& to) {
      return to.is(bson::Type::kString) && is_inside(to.string(), field);
    });
  });
}

bool unsets_only(const bson::Element& paths, std::string_view field) {
  if (paths.is(bson::Type::kString)) return is_inside(paths.string(), field);
  return paths.is(bson::Type::kArray) &&
         std::ranges::all_of(paths.array(), [&](const bson::Element& path) {
           return path.is(bson::Type::kString) && is_inside(path.string(), field);
         });
}

// $set, $addFields and $unset; what the others leave of a document is not seen from here.
bool stages_change_only(const bson::View& stages, std::string_view field) {
  return std::ranges::all_of(stages, [&](const bson::Element& stage) {
    if (!stage.is(bson::Type::kDocument) || stage.document().empty()) return false;
    const bson::Element asked = *stage.document().begin();
    if (asked.name() == "$unset") return unsets_only(asked, field);
    return (asked.name() == "$set" || asked.name() == "$addFields") &&
           asked.is(bson::Type::kDocument) && names_only(asked.document(), field);
  });
}

}  // namespace

Result<> check_series_update(const document::TimeSeries& series, const UpdateRequest& request) {
  if (!request.multi) return refused("a non-multi update");
  if (request.upsert) return refused("an upsert");
  const std::string& field = series.meta_field();
  if (field.empty()) {
    return fail(Code::kInvalid, kInvalidOptions,
                "Cannot perform an update on a time-series collection that does not have a "
                "metaField");
  }
  if (!asks_only(request.filter, field)) {
    return refused(format("an update that asks for a field that is not the metaField '{}'", field));
  }
  const bool changes_only = request.is_pipeline ? stages_change_only(request.update, field)
                                                : operators_change_only(request.update, field);
  if (changes_only) return {};
  return refused(format("an update of a field that is not the metaField '{}'", field));
}

}  // namespace nacre::query
