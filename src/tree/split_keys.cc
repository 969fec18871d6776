#include "tree/split_keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "tree/descent.h"

namespace nacre::tree {
namespace {

using page::Node;
using page::PageId;

// A page, and the first key that may be below it.
struct Piece {
  std::string from;
  PageId id;
};

// The children of a page; none when it is a leaf.
Result<std::vector<Piece>> pieces_of(const Target& target, page::View view, const Piece& piece) {
  std::vector<Piece> pieces;
  const auto step = [&](std::uint64_t generation) -> Result<PageId> {
    const std::byte* page = target.pager->find(piece.id, generation, kInnerArrays);
    if (page == nullptr) return piece.id;
    // Given up and used again since its parent was looked at, in a view that lets that happen.
    if (page::tree_of(page) != std::to_underlying(target.tree)) return page::kNoPage;
    const Node node(page);
    if (node.is_leaf()) return page::kNoPage;
    for (std::size_t i = 0; i <= node.count(); ++i) {
      std::string from = piece.from;
      if (i > 0) {
        from.assign(as_text(node.prefix()));
        from.append(as_text(node.suffix(i - 1)));
      }
      pieces.push_back({.from = std::move(from), .id = node.child(i)});
    }
    return page::kNoPage;
  };
  NACRE_TRY(with_pages(target, view, step));
  return pieces;
}

}  // namespace

Result<std::vector<std::string>> split_keys(page::Pager& pager, const Tree& tree, page::View view,
                                            std::size_t parts) {
  const Target target{&pager, tree.root(), tree.id()};
  std::vector<Piece> pieces(1);
  pieces.front().id = tree.root();
  while (pieces.size() < parts) {
    std::vector<Piece> finer;
    for (const Piece& piece : pieces) {
      auto inside = NACRE_TRY(pieces_of(target, view, piece));
      std::ranges::move(inside, std::back_inserter(finer));
    }
    if (finer.size() <= pieces.size()) break;
    pieces = std::move(finer);
  }
  std::vector<std::string> keys;
  for (std::size_t part = 1; part < parts; ++part) {
    std::string& key = pieces[part * pieces.size() / parts].from;
    if (!key.empty() && (keys.empty() || keys.back() < key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace nacre::tree
