#include "document/update.h"

#include <utility>

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

constexpr std::int32_t kFailedToParse = 9;
constexpr std::int32_t kDollarPrefixed = 52;
constexpr std::int32_t kNotSingleValue = 54;
constexpr std::int32_t kImmutable = 66;
constexpr std::int32_t kNotImplemented = 238;
constexpr std::int32_t kGrownTooLarge = 17419;

Result<> check_replacement(const View& replacement) {
  for (const Element& element : replacement) {
    if (!element.name().starts_with('$')) continue;
    return fail(
        Code::kInvalid, kDollarPrefixed,
        format("The dollar ($) prefixed field '{}' in '{}' is not allowed in the context of "
               "an update's replacement document. Consider using an aggregation pipeline "
               "with $replaceWith.",
               element.name(), element.name()));
  }
  return {};
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

Result<Update> Update::parse(const Element& update, const ElementTestParser& pull_conditions) {
  if (update.is(Type::kDocument)) return parse(update.document(), pull_conditions);
  if (update.is(Type::kArray)) {
    return fail(Code::kUnsupported, kNotImplemented, "an update by a pipeline is not implemented");
  }
  return fail(Code::kInvalid, kFailedToParse,
              "Update argument must be either an object or an array");
}

Result<Update> Update::parse(const View& update, const ElementTestParser& pull_conditions) {
  auto parsed = std::make_unique<Parsed>();
  // The tree looks into this copy, which stays where it is for as long as the update lives.
  parsed->source = bson::Document(update);
  const View source = parsed->source.view();
  parsed->replacement = source.empty() || !source.begin()->name().starts_with('$');
  if (parsed->replacement) {
    NACRE_TRY(check_replacement(source));
  } else {
    parsed->root = NACRE_TRY(parse_operators(source, pull_conditions));
  }
  return Update(std::move(parsed));
}

Result<std::optional<bson::Document>> Update::apply(const View& document, bson::Date now) const {
  const Element id = document.find("_id");
  bson::Document updated;
  if (parsed_->replacement) {
    const Element new_id = parsed_->source.find("_id");
    if (new_id && id && !equal(new_id, id)) {
      return fail(Code::kInvalid, kImmutable,
                  format("After applying the update, the (immutable) field '_id' was found to have "
                         "been altered to _id: {}",
                         bson::to_json(new_id)));
    }
    updated = id ? with_id_first(id, parsed_->source) : parsed_->source;
  } else {
    updated = NACRE_TRY(apply_tree(parsed_->root, document, {.now = now, .inserting = false}));
    const Element new_id = updated.find("_id");
    if (id && !(new_id && equal(new_id, id))) {
      return fail(Code::kInvalid, kImmutable,
                  "Performing an update on the path '_id' would modify the immutable field '_id'");
    }
  }
  if (equal(as_bytes(updated.bytes()), document.bytes())) return std::nullopt;
  NACRE_TRY(check_result(updated));
  return updated;
}

Result<bson::Document> Update::insert(std::span<const bson::PathValue> equalities,
                                      bson::Date now) const {
  Node seed;
  for (const bson::PathValue& equality : equalities) {
    if (parsed_->replacement && equality.path != "_id") continue;
    auto node = add_node(seed, equality.path);
    if (!node.has_value()) {
      return fail(
          Code::kInvalid, kNotSingleValue,
          format("cannot infer query fields to set, path '{}' is matched twice", equality.path));
    }
    (*node)->op = Node::Operator::kSet;
    (*node)->operand = equality.value;
  }
  const bson::Document seeded =
      NACRE_TRY(apply_tree(seed, View(), {.now = now, .inserting = true}));
  const bson::Document changed =
      parsed_->replacement
          ? parsed_->source
          : NACRE_TRY(apply_tree(parsed_->root, seeded, {.now = now, .inserting = true}));

  const Element seeded_id = seeded.find("_id");
  const Element changed_id = changed.find("_id");
  if (seeded_id && changed_id && !equal(seeded_id, changed_id)) {
    return fail(Code::kInvalid, kImmutable,
                "Performing an update on the path '_id' would modify the immutable field '_id'");
  }
  const bson::Value fresh(bson::new_object_id());
  const Element id = changed_id ? changed_id : seeded_id ? seeded_id : fresh.element();
  bson::Document inserted = with_id_first(id, changed);
  NACRE_TRY(check_result(inserted));
  return inserted;
}

}  // namespace nacre::document
