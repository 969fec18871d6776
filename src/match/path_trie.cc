#include "match/path_trie_internal.h"

namespace nacre::match {

std::vector<std::uint8_t> PathTrie::add(const bson::Path& path) {
  std::vector<std::uint8_t> steps;
  std::uint8_t parent = kRoot;
  for (const bson::PathStep& step : path.steps()) {
    std::vector<std::uint8_t>& siblings = parent == kRoot ? top_ : places_[parent].children;
    std::uint8_t place = kRoot;
    for (const std::uint8_t each : siblings) {
      if (places_[each].name == step.name) place = each;
    }
    if (place == kRoot) {
      if (places_.size() == kPlacesMax) return {};  // TRIE-1
      place = static_cast<std::uint8_t>(places_.size());
      siblings.push_back(place);
      places_.push_back({.name = step.name, .parent = parent});
    }
    steps.push_back(place);
    parent = place;
  }
  return steps;
}

void TrieWalk::look_for(std::uint8_t place) {
  const PathTrie::Place& wanted = trie_.places()[place];
  if (wanted.parent == PathTrie::kRoot) {
    advance(top_, trie_.top(), place);
  } else {
    const bson::Element parent = at(wanted.parent);
    if (parent.is(bson::Type::kDocument)) {
      Found& around = found_[wanted.parent];
      if (around.inside == nullptr) {
        around.inside = parent.document().bytes().data() + kLengthSize;
      }
      advance(around.inside, trie_.places()[wanted.parent].children, place);
    }
  }
  found_[place].settled = true;
}

// Goes on until `place` is found, noting what else is wanted on the way; of fields with one name
// the first counts.
void TrieWalk::advance(const std::byte*& next, const std::vector<std::uint8_t>& wanted,
                       std::uint8_t place) {
  while (*next != std::byte{0}) {
    const bson::Element element(next);
    const std::byte* const here = next;
    next += element.bytes().size();
    const std::string_view name = element.name();
    for (const std::uint8_t each : wanted) {
      Found& found = found_[each];
      if (found.settled || trie_.places()[each].name != name) continue;
      found.settled = true;
      found.element = here;
      if (each == place) return;
      break;
    }
  }
}

}  // namespace nacre::match
