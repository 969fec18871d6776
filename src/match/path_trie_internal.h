// PathTrie: the paths of a filter laid over each other, so that one walk over a document finds what
// all of them begin with.
//
// Why: a filter of ten conditions would otherwise walk the same fields ten times. The walk is lazy:
//   it goes on only as far as the condition at hand needs, and remembers what it passed.
// Cost:       one step over each field at most, for each document on a path; no allocation.
// Invariants: TRIE-1 at most kPlacesMax places; a path that does not fit is not in the trie
// Threads:    PathTrie is immutable once built; a TrieWalk belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bson/path.h"
#include "bson/value.h"

namespace nacre::match {

class PathTrie {
 public:
  static constexpr std::size_t kPlacesMax = 32;
  static constexpr std::uint8_t kRoot = 0xff;

  // The places of the path's steps, made as needed; none when the trie is full.
  [[nodiscard]] std::vector<std::uint8_t> add(const bson::Path& path);

  struct Place {
    std::string name;
    std::uint8_t parent;                   // kRoot at the top
    std::vector<std::uint8_t> children{};  // that are not at the top
  };
  [[nodiscard]] const std::vector<Place>& places() const { return places_; }
  [[nodiscard]] const std::vector<std::uint8_t>& top() const { return top_; }

 private:
  std::vector<Place> places_;
  std::vector<std::uint8_t> top_;
};

// The walk over one document.
class TrieWalk {
 public:
  TrieWalk(const PathTrie& trie, const bson::View& document)
      : trie_(trie), top_(document.bytes().data() + kLengthSize) {
    for (std::size_t i = 0; i < trie.places().size(); ++i) {
      found_[i] = {.settled = false, .element = nullptr, .inside = nullptr};
    }
  }

  // What stands at a place: missing when the document has nothing there, or its parent is no
  // document.
  [[nodiscard]] bson::Element at(std::uint8_t place) {
    if (!found_[place].settled) look_for(place);
    const std::byte* element = found_[place].element;
    return element == nullptr ? bson::Element() : bson::Element(element);
  }

 private:
  static constexpr std::size_t kLengthSize = 4;  // in front of a document's first element

  struct Found {
    bool settled;
    const std::byte* element;  // null: missing
    const std::byte* inside;   // a document that is walked: its next element
  };

  void look_for(std::uint8_t place);
  void advance(const std::byte*& next, const std::vector<std::uint8_t>& wanted, std::uint8_t place);

  const PathTrie& trie_;
  const std::byte* top_;  // the next element of the document itself
  // Only as many as the trie has places are ever set, or looked at.
  std::array<Found, PathTrie::kPlacesMax> found_;  // NOLINT(cppcoreguidelines-pro-type-member-init)
};

}  // namespace nacre::match
