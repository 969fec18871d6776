#include "server/collection_index_change.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/text.h"
#include "document/index_spec.h"
#include "server/wire_error.h"

namespace nacre::server {
namespace {

using document::IndexInfo;

std::unexpected<Error> invalid(std::string what) {
  return fail(Code::kInvalid, wire_code::kInvalidOptions, std::move(what));
}

// The index that is meant; null: that on _id.
Result<const IndexInfo*> find_index(const document::CollectionInfo& collection,
                                    const Fields& asked) {
  const bson::Element name = asked.get("name");
  const bson::Element pattern = asked.get("keyPattern");
  if (static_cast<bool>(name) == static_cast<bool>(pattern)) {
    return invalid(name ? "Cannot specify both key pattern and name."
                        : "Must specify either index name or key pattern");
  }
  const auto not_found = [&](std::string_view which) {
    return fail(Code::kNotFound, wire_code::kIndexNotFound,
                format("cannot find index {} for ns {}", which, collection.name));
  };
  if (name) {
    const std::string_view wanted = NACRE_TRY(asked.required_string("name"));
    const bool is_series = collection.settings.series.has_value();
    if (wanted == document::kIdIndexName && !is_series) return nullptr;
    const IndexInfo* found = collection.find_index(wanted);
    if (found == nullptr) return not_found(wanted);
    return found;
  }
  const bson::View key = NACRE_TRY(asked.required_document("keyPattern"));
  const document::IndexSpec wanted = NACRE_TRY(document::parse_key_pattern(key));
  const auto found = std::ranges::find(collection.indexes, wanted.fields, &IndexInfo::fields);
  const bool on_id =
      wanted.fields.size() == 1 && wanted.fields.front() == document::IndexField{.path = "_id"};
  if (on_id && !collection.settings.series) return nullptr;
  if (found == collection.indexes.end()) return not_found(wanted.name);
  return &*found;
}

Result<std::int64_t> life_of(const Fields& asked) {
  const bson::Element seconds = asked.get("expireAfterSeconds");
  if (!seconds.is_number()) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field 'collMod.index.expireAfterSeconds' is the wrong type '{}', "
                       "expected a number",
                       bson::name(seconds.type())));
  }
  const double value = seconds.as_double().value_or(0);
  const auto most = static_cast<double>(document::kExpireAfterSecondsMax);
  if (std::isnan(value) || value < 0 || value > most) {
    return invalid(
        format("TTL index 'expireAfterSeconds' option must be within 0 and {}, "
               "inclusive",
               document::kExpireAfterSecondsMax));
  }
  return static_cast<std::int64_t>(value);
}

Result<> check_fields(const Fields& asked) {
  NACRE_TRY(asked.check_only("collMod.index",
                             "name keyPattern hidden expireAfterSeconds unique prepareUnique"));
  if (const bson::Element unique = asked.get("unique"); unique && !unique.is_null_like()) {
    if (!unique.truthy()) {
      return fail(Code::kInvalid, wire_code::kBadValue, "Cannot make an index non-unique");
    }
    if (asked.get("prepareUnique").truthy()) {
      return invalid("'unique' and 'prepareUnique' are said one after the other");
    }
  }
  for (const std::string_view name : {"hidden", "expireAfterSeconds", "unique", "prepareUnique"}) {
    if (asked.get(name)) return {};
  }
  return invalid("no expireAfterSeconds, hidden, unique, or prepareUnique field");
}

}  // namespace

namespace {

// `index`: null for that on _id.
Result<> read_uniqueness(const Fields& fields, const IndexInfo* index,
                         document::Transaction::IndexChange& change, bson::Builder& reply) {
  const bool was_unique = index == nullptr || index->unique;
  if (fields.get("prepareUnique")) {
    const bool prepares = NACRE_TRY(fields.boolean("prepareUnique", false));
    change.prepare_unique = prepares;
    if (!was_unique && index->options.prepares_unique != prepares) {
      reply.append("prepareUnique_old", index->options.prepares_unique);
      reply.append("prepareUnique_new", prepares);
    }
  }
  change.unique = NACRE_TRY(fields.boolean("unique", false));
  if (change.unique && !was_unique && !change.dry_run) reply.append("unique_new", true);
  return {};
}

}  // namespace

Result<> change_index(document::Transaction& transaction,
                      const document::CollectionInfo& collection, const AskedIndexChange& wanted,
                      bson::Builder& reply) {
  const bson::Element& asked = wanted.asked;
  if (!asked.is(bson::Type::kDocument)) {
    return fail(Code::kInvalid, wire_code::kTypeMismatch,
                format("BSON field 'collMod.index' is the wrong type '{}', expected type 'object'",
                       bson::name(asked.type())));
  }
  const Fields fields(asked.document(), nullptr);
  NACRE_TRY(check_fields(fields));
  const IndexInfo* index = NACRE_TRY(find_index(collection, fields));
  document::Transaction::IndexChange change{.dry_run = wanted.dry_run};
  NACRE_TRY(read_uniqueness(fields, index, change, reply));
  if (fields.get("hidden")) {
    change.hidden = NACRE_TRY(fields.boolean("hidden", false));
    if (index != nullptr && index->options.hidden != *change.hidden) {
      reply.append("hidden_old", index->options.hidden).append("hidden_new", *change.hidden);
    }
  }
  if (fields.get("expireAfterSeconds")) {
    change.expire_after_seconds = NACRE_TRY(life_of(fields));
    const auto before = index == nullptr ? std::nullopt : index->options.expire_after_seconds;
    if (before) reply.append_number("expireAfterSeconds_old", *before);
    reply.append_number("expireAfterSeconds_new", *change.expire_after_seconds);
  }
  const std::string_view name = index == nullptr ? document::kIdIndexName : index->name;
  return transaction.change_index(collection.name, name, change);
}

}  // namespace nacre::server
