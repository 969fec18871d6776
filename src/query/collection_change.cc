#include "query/collection_change.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "document/collection_options.h"
#include "query/view.h"

namespace nacre::query {
namespace {

using error_codes::kInvalidOptions;
using error_codes::kNamespaceNotFound;
using error_codes::kOptionNotSupportedOnView;

Result<> check_view_pipeline(const bson::Element& pipeline) {
  if (!pipeline.is(bson::Type::kArray)) return {};
  for (const bson::Element& stage : pipeline.array()) {
    if (!stage.is(bson::Type::kDocument) || stage.document().empty()) continue;
    const std::string_view name = stage.document().begin()->name();
    if (name != "$out" && name != "$merge") continue;
    return fail(Code::kInvalid, kOptionNotSupportedOnView,
                format("The aggregation stage {} cannot be used in a view definition", name));
  }
  return {};
}

constexpr auto kChangeable =
    std::to_array<std::string_view>({"validator", "validationLevel", "validationAction", "viewOn",
                                     "pipeline", "changeStreamPreAndPostImages"});
// Options that are not taken as they are given.
constexpr auto kChangeableOtherwise = std::to_array<std::string_view>(
    {"cappedSize", "cappedMax", "expireAfterSeconds", "timeseries"});

bool is_said(const bson::Element& change) { return change && !change.is_null_like(); }

// The options of a collection with what collMod changes in them.
Result<bson::Document> changed_options(const document::CollectionInfo& info,
                                       const bson::View& changes) {
  const bson::View before = info.options;
  bson::Builder options;
  for (const bson::Element& option : before) {
    const bool changeable = std::ranges::find(kChangeable, option.name()) != kChangeable.end();
    const bson::Element changed = changeable ? changes.find(option.name()) : bson::Element();
    const bool resized = (option.name() == "size" && changes.find("cappedSize")) ||
                         (option.name() == "max" && changes.find("cappedMax"));
    const bool other = (option.name() == "timeseries" || option.name() == "expireAfterSeconds") &&
                       is_said(changes.find(option.name()));
    if (!resized && !other) options.append(option.name(), changed ? changed : option);
  }
  for (const std::string_view name : kChangeable) {
    if (changes.find(name) && !before.find(name)) options.append(changes.find(name));
  }
  if (const bson::Element size = changes.find("cappedSize"); size) options.append("size", size);
  if (const bson::Element most = changes.find("cappedMax"); most) options.append("max", most);
  if (const bson::Element series = changes.find("timeseries"); is_said(series)) {
    const document::TimeSeries changed =
        NACRE_TRY(info.settings.series->changed(series.document()));
    options.append("timeseries", changed.describe());
  }
  // "off" ends it.
  if (const bson::Element life = changes.find("expireAfterSeconds"); life.is_number()) {
    options.append(life);
  }
  return options.finish();
}

std::unexpected<Error> senseless(std::string text) {
  return fail(Code::kInvalid, kInvalidOptions, std::move(text));
}

Result<> check_life(const document::CollectionInfo& info, const bson::Element& life) {
  if (!is_said(life)) return {};
  if (life.is(bson::Type::kString) && life.string() != "off") {
    return senseless("'expireAfterSeconds' must be a number or 'off'");
  }
  if (!life.is_number() && !life.is(bson::Type::kString)) {
    return fail(Code::kInvalid, error_codes::kTypeMismatch,
                format("BSON field 'collMod.expireAfterSeconds' is the wrong type '{}', expected "
                       "types '[string, number]'",
                       bson::name(life.type())));
  }
  if (info.settings.series || info.settings.is_clustered) return {};
  return senseless(
      "'expireAfterSeconds' option is only supported on collections clustered by _id and on time "
      "series");
}

Result<> check_series(const document::CollectionInfo& info, const bson::View& changes) {
  const bson::Element series = changes.find("timeseries");
  if (is_said(series) && !info.settings.series) {
    return senseless(
        "'timeseries' options are those of a time-series collection, which this is not");
  }
  if (is_said(series) && !series.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, error_codes::kTypeMismatch,
                format("BSON field 'collMod.timeseries' is the wrong type '{}', expected type "
                       "'object'",
                       bson::name(series.type())));
  }
  if (!info.settings.series) return {};
  for (const std::string_view other :
       {"validator", "validationLevel", "validationAction", "viewOn", "pipeline", "cappedSize",
        "cappedMax", "changeStreamPreAndPostImages"}) {
    if (!changes.find(other)) continue;
    return senseless(format("option not supported on a time-series collection: {}", other));
  }
  return {};
}

Result<> check_change(const document::Transaction& transaction,
                      const document::CollectionInfo& info, const bson::View& changes) {
  NACRE_TRY(check_series(info, changes));
  NACRE_TRY(check_life(info, changes.find("expireAfterSeconds")));
  const bson::Element view_on = changes.find("viewOn");
  const bson::Element pipeline = changes.find("pipeline");
  if (!info.settings.is_view) {
    if (!view_on && !pipeline) return {};
    return fail(Code::kInvalid, kInvalidOptions,
                "'viewOn' and 'pipeline' are options of views, and this is a collection");
  }
  if (!view_on || !pipeline) {
    return fail(Code::kInvalid, kInvalidOptions,
                "Must specify both 'viewOn' and 'pipeline' when modifying a view");
  }
  for (const std::string_view other : {"validator", "validationLevel", "validationAction", "index",
                                       "cappedSize", "cappedMax", "changeStreamPreAndPostImages"}) {
    if (!changes.find(other)) continue;
    return fail(Code::kInvalid, kInvalidOptions,
                format("option not supported on a view: {}", other));
  }
  NACRE_TRY(check_view_pipeline(pipeline));
  if (!view_on.is(bson::Type::kString)) return {};  // its type is looked at with the options
  return check_view(transaction.catalog(), info.name, view_on.string(),
                    info.settings.collator.get());
}

}  // namespace

Result<> create_collection(document::Database& database, std::string_view collection,
                           bson::View options) {
  NACRE_TRY(check_view_pipeline(options.find("pipeline")));
  if (const bson::Element on = options.find("viewOn"); on.is(bson::Type::kString)) {
    const auto settings = NACRE_TRY(document::CollectionOptions::parse(options));
    const document::Snapshot before = NACRE_TRY(database.snapshot());
    NACRE_TRY(check_view(before.catalog(), collection, on.string(), settings.collator.get()));
  }
  return database.create_collection(collection, options);
}

Result<> check_changes(const bson::View& changes) {
  using error_codes::kIDLUnknownField;
  for (const bson::Element& change : changes) {
    const std::string_view name = change.name();
    const bool known = std::ranges::find(kChangeable, name) != kChangeable.end() ||
                       std::ranges::find(kChangeableOtherwise, name) != kChangeableOtherwise.end();
    if (known) continue;
    return fail(Code::kInvalid, kIDLUnknownField,
                format("'{}' is no option of a collection that can be changed", name));
  }
  return {};
}

Result<> change_collection(document::Transaction& transaction, std::string_view collection,
                           bson::View changes) {
  const document::CollectionInfo* info = transaction.catalog().find(collection);
  if (info == nullptr) {
    return fail(Code::kNotFound, kNamespaceNotFound, format("ns does not exist: {}", collection));
  }
  NACRE_TRY(check_change(transaction, *info, changes));
  const bson::Document options = NACRE_TRY(changed_options(*info, changes));
  return transaction.change_options(collection, options);
}

}  // namespace nacre::query
