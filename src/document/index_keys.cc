#include "document/index_keys.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/codec.h"
#include "base/text.h"
#include "bson/key_encoder.h"

namespace nacre::document {
namespace {

constexpr std::int32_t kParallelArrays = 171;

// How far the walk along one field's path has come.
struct Walk {
  bson::Element at;       // where `rest` starts; missing: the path leads nowhere
  std::string_view rest;  // steps still to go
  bool whole = false;     // `at` is the value, whatever it is
};

using Emit = std::function<void(const std::vector<Walk>&)>;

std::pair<std::string_view, std::string_view> first_step(std::string_view path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {path, {}};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

// Goes on through documents, up to an array or the end of the path.
void advance(Walk& walk) {
  while (!walk.whole && !walk.rest.empty() && walk.at.is(bson::Type::kDocument)) {
    const auto [step, rest] = first_step(walk.rest);
    walk.at = walk.at.document().find(step);
    walk.rest = rest;
  }
  if (walk.whole || walk.at.is(bson::Type::kArray)) return;
  if (!walk.rest.empty()) walk.at = {};  // a scalar in the middle of the path
  walk.rest = {};
  walk.whole = true;
}

// Stand-ins for what a key holds where the document holds nothing.
bson::Element null_element() {
  static const bson::Document holder = bson::Builder().append("", bson::Null{}).finish();
  return *holder.view().begin();
}
bson::Element undefined_element() {
  static const bson::Document holder = bson::Builder().append("", bson::Undefined{}).finish();
  return *holder.view().begin();
}

class Expansion {
 public:
  Expansion(const IndexInfo& index, Emit emit, std::vector<bool>& multikey)
      : index_(index), emit_(std::move(emit)), multikey_(multikey) {}

  Result<> run(bson::View document) {
    std::vector<Walk> walks;
    walks.reserve(index_.fields.size());
    for (const IndexField& field : index_.fields) {
      const auto [step, rest] = first_step(field.path);
      walks.push_back({.at = document.find(step), .rest = rest});
    }
    return expand(std::move(walks));
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion): each level uses up a step of a path
  Result<> expand(std::vector<Walk> walks) {
    const std::byte* array = nullptr;
    std::size_t reached = 0;  // the first field that stands on an array
    for (std::size_t i = 0; i < walks.size(); ++i) {
      advance(walks[i]);
      if (walks[i].whole) continue;
      multikey_[i] = true;
      const std::byte* here = walks[i].at.value_bytes().data();
      if (array == nullptr) {
        array = here;
        reached = i;
      } else if (array != here) {
        return fail(Code::kInvalid, kParallelArrays,
                    format("cannot index parallel arrays [{}] [{}]", index_.fields[i].path,
                           index_.fields[reached].path));
      }
    }
    if (array == nullptr) {
      emit_(walks);
      return {};
    }
    for (std::size_t i = reached; i < walks.size(); ++i) {
      if (!walks[i].whole && bson::array_index(first_step(walks[i].rest).first)) {
        return by_position(std::move(walks), i);
      }
    }
    return by_element(walks, walks[reached].at.array());
  }

  // "a.0" is the element at position 0, and the field "0" of documents inside the array.
  // NOLINTNEXTLINE(misc-no-recursion)
  Result<> by_position(std::vector<Walk> walks, std::size_t field) {
    const Walk before = walks[field];
    const auto [step, rest] = first_step(before.rest);
    const bson::View array = before.at.array();
    for (const bson::Element& element : array) {
      if (!element.is(bson::Type::kDocument)) continue;
      const bson::Element inside = element.document().find(step);
      if (!inside) continue;
      walks[field] = {.at = inside, .rest = rest};
      NACRE_TRY(expand(walks));
    }
    walks[field] = {.at = array.at(*bson::array_index(step)), .rest = rest};
    return expand(std::move(walks));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Result<> by_element(const std::vector<Walk>& walks, bson::View array) {
    std::vector<Walk> next = walks;
    if (array.empty()) {
      for (Walk& walk : next) {
        if (walk.whole) continue;
        walk.at = walk.rest.empty() ? undefined_element() : bson::Element();
        walk.whole = true;
      }
      emit_(next);
      return {};
    }
    for (const bson::Element& element : array) {
      for (std::size_t i = 0; i < walks.size(); ++i) {
        if (walks[i].whole) continue;
        next[i] = walks[i];
        next[i].at = element;
        const bool ends_here = walks[i].rest.empty();
        const bool goes_on = element.is(bson::Type::kDocument);
        if (!ends_here && !goes_on) next[i].at = {};  // an array in an array is not entered
        next[i].whole = ends_here || !goes_on;
      }
      NACRE_TRY(expand(next));
    }
    return {};
  }

  const IndexInfo& index_;
  Emit emit_;
  std::vector<bool>& multikey_;
};

bson::Element value_in_key(const Walk& walk) { return walk.at ? walk.at : null_element(); }

bson::Direction direction_of(const IndexField& field) {
  return field.descending ? bson::Direction::kDescending : bson::Direction::kAscending;
}

// The key of the fields, and of `id` behind them unless that is missing, longer than fits as it is.
std::string shortened_key(const IndexInfo& index, const std::vector<Walk>& walks,
                          const bson::Element& id) {
  bson::KeyBuilder builder;
  for (std::size_t i = 0; i < walks.size(); ++i) {
    builder.append(value_in_key(walks[i]), direction_of(index.fields[i]));
  }
  if (id) builder.append(id);
  return builder.finish().bytes;
}

// Sets `shortened` when the fields alone are too long for a key.
IndexEntry make_entry(const IndexInfo& index, const std::vector<Walk>& walks,
                      const bson::Element& id, Bytes id_key, bool& shortened) {
  IndexEntry entry;
  for (std::size_t i = 0; i < walks.size(); ++i) {
    bson::append_key(entry.key, value_in_key(walks[i]), direction_of(index.fields[i]));
  }
  shortened = shortened || bson::is_widened(entry.key);
  if (!index.unique) append_bytes(entry.key, id_key);
  const bool whole = !bson::is_widened(entry.key);
  if (!whole) entry.key = shortened_key(index, walks, index.unique ? bson::Element() : id);
  const bool id_in_key = whole && !index.unique;
  append_varint(entry.value, id_in_key ? id_key.size() : 0);
  if (!id_in_key) append_bytes(entry.value, id_key);
  return entry;
}

}  // namespace

Result<> index_entries(const IndexInfo& index, bson::View document, Bytes id_key,
                       IndexEntries& entries) {
  entries.entries.clear();
  entries.traits.multikey.assign(index.fields.size(), false);
  entries.traits.shortened = false;
  const bson::Element id = document.find("_id");
  const auto emit = [&](const std::vector<Walk>& walks) {
    const bool all_missing =
        std::ranges::none_of(walks, [](const Walk& walk) { return !!walk.at; });
    if (index.sparse && all_missing) return;
    entries.entries.push_back(make_entry(index, walks, id, id_key, entries.traits.shortened));
  };
  NACRE_TRY(Expansion(index, emit, entries.traits.multikey).run(document));
  std::ranges::sort(entries.entries, {}, &IndexEntry::key);
  const auto repeated = std::ranges::unique(entries.entries, {}, &IndexEntry::key);
  entries.entries.erase(repeated.begin(), repeated.end());
  return {};
}

bson::Document values_of_entry(const IndexInfo& index, bson::View document, Bytes id_key,
                               Bytes entry_key) {
  const bson::Element id = document.find("_id");
  std::optional<bson::Document> found;
  bool shortened = false;
  std::vector<bool> multikey(index.fields.size());
  const auto emit = [&](const std::vector<Walk>& walks) {
    if (found || as_text(entry_key) != make_entry(index, walks, id, id_key, shortened).key) return;
    bson::Builder builder;
    for (std::size_t i = 0; i < walks.size(); ++i) {
      builder.append(index.fields[i].path, value_in_key(walks[i]));
    }
    found = builder.finish();
  };
  const auto done = Expansion(index, emit, multikey).run(document);
  if (!done || !found) return {};
  return *std::move(found);
}

Result<Bytes> id_key_of_entry(Bytes key, Bytes value) {
  Decoder in(value);
  const auto size = in.varint();
  if (!size || *size > key.size() || (*size == 0 && in.done())) {
    return fail(Code::kCorrupt, "index entry: the document it belongs to is not named");
  }
  if (*size == 0) return in.rest();
  return key.last(static_cast<std::size_t>(*size));
}

std::string id_key(const bson::Element& id) { return bson::encode_key(id).bytes; }

}  // namespace nacre::document
