// Entries of 2dsphere and 2d indexes: each cell of the document's places with each value of the
// fields beside them.
#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "bson/json.h"
#include "bson/path.h"
#include "document/index_entry_internal.h"
#include "document/index_expansion_internal.h"
#include "geo/cells.h"
#include "geo/geometry.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kNoPlace = 16755;
constexpr std::int32_t kNoCells = 16756;
constexpr std::int32_t kNoPair = 16804;
constexpr std::int32_t kOneNumber = 13068;
constexpr std::int32_t kNotNumbers = 13026;
constexpr std::size_t kEntriesMax = 100'000;  // of one document
constexpr std::size_t kShownBytesMax = 1000;  // of a document in an error

std::unexpected<Error> refused(std::int32_t number, std::string text) {
  return fail(Code::kInvalid, number, std::move(text));
}

bool is_empty(const bson::Element& element) {
  return bson::is_container(element) && element.document().empty();
}

std::string shown(const bson::Element& element) {
  std::string text = bson::to_json(element);
  if (text.size() > kShownBytesMax) text.resize(kShownBytesMax);
  return text;
}

// One of the values that a field gives: a cell, or what the document holds.
struct Part {
  std::string key;
  bson::Element value;  // missing: a cell
  std::int64_t cell = 0;
};

// What the path leads to, arrays at its end as a whole: [1, 2] is one place.
std::vector<bson::Element> places_at(const std::string& path, bson::View document) {
  std::vector<bson::Element> places;
  const auto visit = [&](const bson::Element& element, bson::Reached reached) {
    const bool is_end = reached == bson::Reached::kValue || reached == bson::Reached::kWholeArray;
    if (is_end) places.push_back(element);
    return false;
  };
  bson::visit_path(document, bson::Path(path), visit);
  return places;
}

// Goes through one document's fields.
class FieldParts {
 public:
  FieldParts(const IndexInfo& index, bson::View document) : index_(index), document_(document) {}

  // The values of each field; none at all for a document without a place.
  Result<std::vector<std::vector<Part>>> parts(std::vector<bool>& multikey) {
    std::vector<std::vector<Part>> all(index_.fields.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const FieldKind kind = index_.fields[i].kind;
      if (kind == FieldKind::kSphere) {
        NACRE_TRY(sphere(index_.fields[i], all[i]));
      } else if (kind == FieldKind::kGrid) {
        NACRE_TRY(grid(index_.fields[i], all[i]));
      } else {
        NACRE_TRY(values(i, all[i], multikey));
        continue;
      }
      multikey[i] = all[i].size() > 1;
    }
    if (has_place_) return all;
    multikey.assign(multikey.size(), false);
    return std::vector<std::vector<Part>>();
  }

 private:
  static void add_cell(std::int64_t cell, std::vector<Part>& to) {
    Part part{.key = {}, .value = {}, .cell = cell};
    append_cell_key(part.key, cell);
    to.push_back(std::move(part));
  }

  Result<> sphere(const IndexField& field, std::vector<Part>& to) {
    std::vector<bson::Element> places = places_at(field.path, document_);
    const bool is_nothing = places.size() == 1 && (places[0].is_null_like() || is_empty(places[0]));
    if (is_nothing) places.clear();
    for (const bson::Element& place : places) {
      auto geometry = geo::Geometry::parse(place);
      if (!geometry) return no_place(place, geometry.error().what());
      if (!geometry->is_on_sphere()) return no_place(place, "it has no place on the sphere");
      const std::vector<std::int64_t> cells = geo::sphere_cells(*geometry);
      if (cells.empty()) {
        return refused(kNoCells, format("Unable to generate keys for (likely malformed) geometry: "
                                        "{}",
                                        shown(place)));
      }
      for (const std::int64_t cell : cells) add_cell(cell, to);
    }
    has_place_ = has_place_ || !places.empty();
    if (!places.empty()) return {};
    // Of several such fields one has a place: the others hold null.
    to.push_back({.key = {}, .value = null_element()});
    bson::append_key(to.back().key, null_element(), bson::Direction::kAscending);
    return {};
  }

  static std::unexpected<Error> no_place(const bson::Element& place, std::string_view why) {
    return refused(kNoPlace, format("Can't extract geo keys: {}: {}", shown(place), why));
  }

  Result<> grid(const IndexField& field, std::vector<Part>& to) {
    for (const bson::Element& place : places_at(field.path, document_)) {
      if (!bson::is_container(place) || is_empty(place)) continue;
      if (place.document().begin()->is_number()) {
        NACRE_TRY(point(place, to));
        continue;
      }
      for (const bson::Element& inside : place.document()) {
        if (!bson::is_container(inside)) {
          return refused(kNoPair, "location object expected, location array not in correct format");
        }
        if (!is_empty(inside)) NACRE_TRY(point(inside, to));
      }
    }
    has_place_ = !to.empty();
    return {};
  }

  Result<> point(const bson::Element& pair, std::vector<Part>& to) {
    auto number = pair.document().begin();
    const bool first = number->is_number();
    if (++number == pair.document().end()) {
      return refused(kOneNumber, format("geo field only has 1 element: {}", shown(pair)));
    }
    auto geometry = geo::Geometry::parse(pair);
    if (!first || !number->is_number() || !geometry || !geometry->plane_point()) {
      return refused(
          kNotNumbers,
          format("geo values must be 'legacy coordinate pairs' for 2d indexes: {}", shown(pair)));
    }
    add_cell(NACRE_TRY(geo::grid_cell(*geometry, index_.options.geo->grid)), to);
    return {};
  }

  Result<> values(std::size_t i, std::vector<Part>& to, std::vector<bool>& multikey) {
    const std::vector<IndexField> alone = {index_.fields[i]};
    std::vector<bool> is_array(1);
    const auto emit = [&](const std::vector<Walk>& walks) {
      Part part{.key = {}, .value = walks[0].at ? walks[0].at : null_element()};
      bson::append_key(part.key, part.value, direction_of(alone[0]), nullptr,
                       index_.options.collator.get());
      to.push_back(std::move(part));
    };
    NACRE_TRY(expand_fields(alone, document_, is_array, emit));
    multikey[i] = is_array[0];
    return {};
  }

  const IndexInfo& index_;
  bson::View document_;
  bool has_place_ = false;
};

using Combination = std::function<void(std::span<const Part* const>)>;

// Each way to take one value of each field.
Result<> combine(const std::vector<std::vector<Part>>& parts, const Combination& take) {
  std::size_t count = parts.empty() ? 0 : 1;
  for (const std::vector<Part>& field : parts) {
    if (field.size() > kEntriesMax / std::max<std::size_t>(count, 1)) {
      return refused(error_codes::kBadValue,
                     format("the document has more than {} keys in one geo index", kEntriesMax));
    }
    count *= field.size();
  }
  std::vector<const Part*> chosen(parts.size());
  for (std::size_t number = 0; number < count; ++number) {
    std::size_t rest = number;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      chosen[i] = &parts[i][rest % parts[i].size()];
      rest /= parts[i].size();
    }
    take(chosen);
  }
  return {};
}

EntryFields fields_of(std::span<const Part* const> chosen) {
  EntryFields fields;
  for (const Part* part : chosen) fields.key += part->key;
  return fields;
}

}  // namespace

// As a number a cell would take three times as much: hardly one of them is a double.
void append_cell_key(std::string& to, std::int64_t cell) {
  constexpr char kCell = 0x01;  // before any value
  const std::uint64_t ordered = static_cast<std::uint64_t>(cell) ^ std::uint64_t{1} << 63;
  to.push_back(kCell);
  for (int shift = 56; shift >= 0; shift -= 8) to.push_back(static_cast<char>(ordered >> shift));
}

Result<> geo_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                     IndexEntries& entries) {
  const auto parts = NACRE_TRY(FieldParts(index, document).parts(entries.traits.multikey));
  return combine(parts, [&](std::span<const Part* const> chosen) {
    entries.entries.push_back(
        finish_entry(index, fields_of(chosen), id_key, entries.traits.shortened));
  });
}

bson::Document values_of_geo_entry(const IndexInfo& index, bson::View document, Bytes id_key,
                                   Bytes entry_key) {
  std::vector<bool> multikey(index.fields.size());
  const auto parts = FieldParts(index, document).parts(multikey);
  if (!parts) return {};
  std::optional<bson::Document> found;
  bool shortened = false;
  const auto done = combine(*parts, [&](std::span<const Part* const> chosen) {
    if (found) return;
    if (finish_entry(index, fields_of(chosen), id_key, shortened).key != as_text(entry_key)) return;
    bson::Builder builder;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const std::string& path = index.fields[i].path;
      if (chosen[i]->value) {
        builder.append(path, chosen[i]->value);
      } else {
        builder.append(path, chosen[i]->cell);
      }
    }
    found = builder.finish();
  });
  if (!done || !found) return {};
  return *std::move(found);
}

}  // namespace nacre::document
