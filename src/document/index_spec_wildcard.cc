// Which wildcards an index may have, beside which fields, and what their projection may say.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "document/index_keys.h"
#include "document/index_spec_internal.h"
#include "document/wildcard_internal.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kPathInside = 31249;
constexpr std::int32_t kPathAround = 31250;
constexpr std::int32_t kInclusionInExclusion = 31253;
constexpr std::int32_t kExclusionInInclusion = 31254;
// Of wildcards beside other fields.
constexpr std::int32_t kPathsOverlap = 7246200;
constexpr std::int32_t kSeveralWildcards = 7246201;
constexpr std::int32_t kNoWildcard = 7246202;
constexpr std::int32_t kFieldInsideWildcard = 7246204;
constexpr std::int32_t kNotAFlag = 7246207;
constexpr std::int32_t kFieldIsIncluded = 7246208;
constexpr std::int32_t kFieldIsNotExcluded = 7246209;
constexpr std::int32_t kFieldIsBehindExcluded = 7246210;
constexpr std::int32_t kMixed = 7246211;

using Paths = std::vector<std::string_view>;

std::unexpected<Error> refused(std::string text) {
  return fail(Code::kInvalid, kCannotCreateIndex, std::move(text));
}

// By steps: "a", "a.b", "a-b".
bool comes_before(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '.' ? -1 : static_cast<unsigned char>(c); };
  return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
}

struct Projection {
  Paths included;
  Paths excluded;
};

// Of two sorted paths that lead through each other, the second stands right behind the first.
Result<> check_apart(const Paths& paths) {
  for (std::size_t i = 1; i < paths.size(); ++i) {
    if (!is_at_or_below(paths[i], paths[i - 1])) continue;
    return fail(Code::kInvalid, kPathsOverlap,
                format("Fields in wildcardProjection cannot overlap, but '{}' and '{}' do",
                       paths[i - 1], paths[i]));
  }
  return {};
}

bool is_among(std::string_view path, const Paths& roots) {
  return std::ranges::any_of(roots,
                             [&](std::string_view root) { return is_at_or_below(path, root); });
}

Paths fields_beside(const IndexSpec& spec) {
  Paths fields;
  for (const IndexField& field : spec.fields) {
    if (field.kind != FieldKind::kWildcard) fields.push_back(field.path);
  }
  std::ranges::sort(fields, comes_before);
  return fields;
}

Result<> check_excluded(const Paths& fields, const Paths& excluded) {
  if (excluded.empty()) return {};
  for (const std::string_view field : fields) {
    if (is_among(field, excluded)) continue;
    // MongoDB goes through both in order and says where it stopped.
    const bool is_behind = !comes_before(field, excluded.back());
    return fail(Code::kInvalid, is_behind ? kFieldIsBehindExcluded : kFieldIsNotExcluded,
                format("wildcardProjection must exclude all fields beside the wildcard, but '{}' "
                       "is not excluded",
                       field));
  }
  return {};
}

Result<> check_beside(const IndexSpec& spec, Projection projection) {
  std::ranges::sort(projection.included, comes_before);
  std::ranges::sort(projection.excluded, comes_before);
  NACRE_TRY(check_apart(projection.included));
  NACRE_TRY(check_apart(projection.excluded));
  const Paths fields = fields_beside(spec);
  for (const std::string_view field : fields) {
    if (!is_among(field, projection.included)) continue;
    return fail(Code::kInvalid, kFieldIsIncluded,
                format("The field '{}' beside the wildcard cannot be included by "
                       "wildcardProjection",
                       field));
  }
  NACRE_TRY(check_excluded(fields, projection.excluded));
  const auto is_id_alone = [](const Paths& paths) {
    return paths.size() == 1 && paths[0] == "_id";
  };
  if (projection.included.empty() || projection.excluded.empty() ||
      is_id_alone(projection.included) || is_id_alone(projection.excluded)) {
    return {};
  }
  return fail(Code::kInvalid, kMixed,
              "wildcardProjection cannot mix inclusion and exclusion but of _id");
}

// Of a wildcard alone, as any projection.
Result<> check_alone(const bson::View& projection) {
  Paths before;
  std::optional<bool> inclusion;
  for (const bson::Element& path : projection) {
    for (const std::string_view other : before) {
      const bool around = is_at_or_below(other, path.name());
      if (!around && !is_at_or_below(path.name(), other)) continue;
      return fail(
          Code::kInvalid, around ? kPathAround : kPathInside,
          format("Path collision of '{}' and '{}' in wildcardProjection", path.name(), other));
    }
    before.push_back(path.name());
    if (path.name() == "_id") continue;
    if (inclusion.value_or(path.truthy()) != path.truthy()) {
      return fail(
          Code::kInvalid, *inclusion ? kExclusionInInclusion : kInclusionInExclusion,
          format("wildcardProjection cannot mix inclusion and exclusion: '{}'", path.name()));
    }
    inclusion = path.truthy();
  }
  return {};
}

}  // namespace

Result<> check_wildcard_key(const bson::View& key) {
  bson::Element named;  // the first field that says of what kind the index is
  std::size_t wildcards = 0;
  bool has_names = false;
  bool has_numbers = false;  // on wildcards
  std::string_view root;
  for (const bson::Element& field : key) {
    const bool is_name = field.is(bson::Type::kString);
    const bool is_wildcard = is_wildcard_path(field.name());
    if (!named && (is_name || is_wildcard)) named = field;
    has_names = has_names || is_name;
    has_numbers = has_numbers || (is_wildcard && !is_name);
    if (!is_wildcard) continue;
    ++wildcards;
    root = root_of_wildcard(field.name());
  }
  if (!named) return {};
  if (named.is(bson::Type::kString) && named.string() != "wildcard") {
    if (!has_numbers) return {};
    return refused("An index has no wildcard beside fields of another kind");
  }
  if (wildcards != 1) {
    return fail(Code::kInvalid, wildcards == 0 ? kNoWildcard : kSeveralWildcards,
                "A wildcard index has one wildcard field");
  }
  for (const bson::Element& field : key) {
    if (root.empty() || is_wildcard_path(field.name())) continue;
    if (!is_at_or_below(field.name(), root)) continue;
    return fail(
        Code::kInvalid, kFieldInsideWildcard,
        format("The field '{}' beside a wildcard is one of the wildcard's own", field.name()));
  }
  if (has_names) return refused("A wildcard index has no fields of another kind");
  return {};
}

Result<> parse_wildcard_projection(const bson::View& projection, IndexSpec& spec) {
  const std::size_t at = wildcard_position(spec.fields);
  if (at == spec.fields.size()) {
    return fail(Code::kInvalid, kBadValue,
                "The field 'wildcardProjection' is only allowed in an 'wildcard' index");
  }
  if (spec.fields[at].path != "$**" || projection.empty()) {
    return fail(Code::kInvalid, kFailedToParse,
                "The field 'wildcardProjection' must not be empty, and needs '$**' in the key "
                "pattern");
  }
  const bool is_alone = spec.fields.size() == 1;
  Projection paths;
  for (const bson::Element& path : projection) {
    if (!path.is_number() && !path.is(bson::Type::kBool)) {
      return fail(Code::kInvalid, is_alone ? kTypeMismatch : kNotAFlag,
                  format("The field '{}' of wildcardProjection must be a number, but is {}",
                         path.name(), bson::name(path.type())));
    }
    (path.truthy() ? paths.included : paths.excluded).push_back(path.name());
  }
  NACRE_TRY(is_alone ? check_alone(projection) : check_beside(spec, std::move(paths)));
  spec.options.wildcard_projection = bson::Document(projection);
  return {};
}

Result<> check_wildcard(const IndexSpec& spec) {
  if (spec.sparse) return refused("A wildcard index cannot be sparse");
  const bool is_of_all = spec.fields[wildcard_position(spec.fields)].path == "$**";
  if (is_of_all && spec.fields.size() > 1 && spec.options.wildcard_projection.view().empty()) {
    return refused("'$**' beside other fields needs a 'wildcardProjection'");
  }
  return {};
}

}  // namespace nacre::document
