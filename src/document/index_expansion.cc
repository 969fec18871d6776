#include <utility>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/builder.h"
#include "document/index_expansion_internal.h"

namespace nacre::document {
namespace {

using error_codes::kCannotIndexParallelArrays;

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

class Expansion {
 public:
  Expansion(const std::vector<IndexField>& fields, const Emit& emit, std::vector<bool>& multikey)
      : fields_(fields), emit_(emit), multikey_(multikey) {}

  Result<> run(bson::View document) {
    std::vector<Walk> walks;
    walks.reserve(fields_.size());
    for (const IndexField& field : fields_) {
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
        return fail(Code::kInvalid, kCannotIndexParallelArrays,
                    format("cannot index parallel arrays [{}] [{}]", fields_[i].path,
                           fields_[reached].path));
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

  const std::vector<IndexField>& fields_;
  const Emit& emit_;
  std::vector<bool>& multikey_;
};

}  // namespace

bson::Element null_element() {
  static const bson::Value holder{bson::Null{}};
  return holder.element();
}

bson::Element undefined_element() {
  static const bson::Value holder{bson::Undefined{}};
  return holder.element();
}

Result<> expand_fields(const std::vector<IndexField>& fields, bson::View document,
                       std::vector<bool>& multikey, const Emit& emit) {
  return Expansion(fields, emit, multikey).run(document);
}

}  // namespace nacre::document
