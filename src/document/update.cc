#include "document/update.h"

#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/compare.h"
#include "bson/json.h"
#include "bson/validate.h"
#include "document/update_internal.h"

namespace nacre::document {
namespace {

using bson::Element;
using bson::Type;
using bson::View;

using error_codes::kDollarPrefixedFieldName;
using error_codes::kFailedToParse;
using error_codes::kImmutableField;
using error_codes::kNotSingleValueField;
constexpr std::int32_t kGrownTooLarge = 17419;

Result<> check_replacement(const View& replacement) {
  for (const Element& element : replacement) {
    if (!element.name().starts_with('$')) continue;
    return fail(
        Code::kInvalid, kDollarPrefixedFieldName,
        format("The dollar ($) prefixed field '{}' in '{}' is not allowed in the context of "
               "an update's replacement document. Consider using an aggregation pipeline "
               "with $replaceWith.",
               element.name(), element.name()));
  }
  return {};
}

std::unexpected<Error> id_changed() {
  return fail(Code::kInvalid, kImmutableField,
              "Performing an update on the path '_id' would modify the immutable field '_id'");
}

// `id` first, then everything else of `document`.
bson::Document with_id_first(const Element& id, const View& document) {
  bson::Builder builder;
  builder.append("_id", id);
  for (const Element& element : document) {
    if (element.name() != "_id") builder.append(element);
  }
  return builder.finish();
}

// A path and what is set at its end were measured when the update was parsed, but what $rename
// moves was not: so the nesting is checked again.
Result<> check_result(const bson::Document& document) {
  if (document.bytes().size() <= bson::kDocumentBytesMax) {
    NACRE_TRY(bson::validate(as_bytes(document.bytes())));
    return {};
  }
  return fail(Code::kInvalid, kGrownTooLarge,
              format("Resulting document after update is larger than {}", bson::kDocumentBytesMax));
}

}  // namespace

Update::Update(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
Update::Update(Update&&) noexcept = default;
Update& Update::operator=(Update&&) noexcept = default;
Update::~Update() = default;

bool Update::is_replacement() const { return parsed_->replacement; }

bool Update::needs_position() const { return parsed_->tree.has_matched; }

Result<Update> Update::parse(const Element& update, const ElementTestParser& pull_conditions,
                             std::span<const ArrayFilter> filters,
                             std::shared_ptr<const text::Collator> collator) {
  if (update.is(Type::kDocument)) {
    return parse(update.document(), pull_conditions, filters, std::move(collator));
  }
  return fail(Code::kInvalid, kFailedToParse,
              "Update argument must be either an object or an array");
}

Result<Update> Update::parse(const View& update, const ElementTestParser& pull_conditions,
                             std::span<const ArrayFilter> filters,
                             std::shared_ptr<const text::Collator> collator) {
  auto parsed = std::make_unique<Parsed>();
  parsed->collator = std::move(collator);
  // The tree looks into this copy, which stays where it is for as long as the update lives.
  parsed->source = bson::Document(update);
  const View source = parsed->source.view();
  parsed->replacement = source.empty() || !source.begin()->name().starts_with('$');
  if (parsed->replacement) {
    if (!filters.empty()) {
      return fail(Code::kInvalid, kFailedToParse,
                  "Cannot specify arrayFilters and a replacement-style update");
    }
    NACRE_TRY(check_replacement(source));
  } else {
    parsed->tree = NACRE_TRY(parse_operators(source, pull_conditions, filters));
  }
  return Update(std::move(parsed));
}

Result<std::optional<bson::Document>> Update::apply(const View& document, bson::Date now,
                                                    std::optional<std::size_t> position) const {
  const Element id = document.find("_id");
  if (!parsed_->replacement) {
    bson::Document updated = NACRE_TRY(
        apply_tree(parsed_->tree, document,
                   {.now = now, .matched = position, .collator = parsed_->collator.get()}));
    if (id && !updated.find("_id")) return id_changed();
    return finish_update(document, std::move(updated));
  }
  const Element new_id = parsed_->source.find("_id");
  if (new_id && id && !equal(new_id, id)) {
    return fail(Code::kInvalid, kImmutableField,
                format("After applying the update, the (immutable) field '_id' was found to have "
                       "been altered to _id: {}",
                       bson::to_json(new_id)));
  }
  return finish_update(document, parsed_->source);
}

Result<bson::Document> Update::insert(std::span<const bson::PathValue> equalities,
                                      bson::Date now) const {
  if (parsed_->replacement) {
    // Of the filter only the _id goes into a replacement.
    std::vector<bson::PathValue> ids;
    for (const bson::PathValue& equality : equalities) {
      if (equality.path == "_id") ids.push_back(equality);
    }
    const bson::Document seed = NACRE_TRY(seed_of_upsert(ids));
    return finish_upsert(seed, parsed_->source);
  }
  const bson::Document seed = NACRE_TRY(seed_of_upsert(equalities));
  const bson::Document made = NACRE_TRY(apply_tree(
      parsed_->tree, seed, {.now = now, .inserting = true, .collator = parsed_->collator.get()}));
  return finish_upsert(seed, made);
}

Result<bson::Document> seed_of_upsert(std::span<const bson::PathValue> equalities) {
  UpdateTree seed;
  for (const bson::PathValue& equality : equalities) {
    auto node = add_node(seed.root, equality.path);
    if (!node.has_value()) {
      return fail(
          Code::kInvalid, kNotSingleValueField,
          format("cannot infer query fields to set, path '{}' is matched twice", equality.path));
    }
    (*node)->op = Update::Node::Operator::kSet;
    (*node)->operand = equality.value;
  }
  return apply_tree(seed, View(), {.now = {}, .inserting = true});
}

Result<bson::Document> finish_upsert(const View& seed, const View& made) {
  const Element seeded_id = seed.find("_id");
  const Element made_id = made.find("_id");
  if (seeded_id && made_id && !equal(seeded_id, made_id)) return id_changed();
  const bson::Value fresh(bson::new_object_id());
  const Element id = made_id ? made_id : seeded_id ? seeded_id : fresh.element();
  bson::Document inserted = with_id_first(id, made);
  NACRE_TRY(check_result(inserted));
  return inserted;
}

Result<std::optional<bson::Document>> finish_update(const View& before, bson::Document after) {
  const Element id = before.find("_id");
  const Element new_id = after.find("_id");
  if (id && new_id && !equal(new_id, id)) return id_changed();
  // Equal but of another type (1 and 1.0), in another place, or left out: a document keeps its _id.
  const View changed = after.view();
  const bool kept = id && !changed.empty() && nacre::equal(id.bytes(), changed.begin()->bytes());
  if (id && !kept) after = with_id_first(id, after);
  if (equal(as_bytes(after.bytes()), before.bytes())) return std::nullopt;
  NACRE_TRY(check_result(after));
  return after;
}

}  // namespace nacre::document
