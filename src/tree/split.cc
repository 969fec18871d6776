// Splits: a leaf that has no room becomes two, with long rows between long fences three or more;
// its parent gets a separator for each new one and may split in turn.
#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "base/planted.h"
#include "page/node_search.h"
#include "tree/leaf_split.h"
#include "tree/node_edit.h"
#include "tree/restructure.h"

namespace nacre::tree {

using page::kNoPage;
using page::kPageSize;
using page::Node;
using page::PageId;

namespace {

constexpr std::size_t kArraysPerRow = 8;  // bytes of head and slot

class Splitter {
 public:
  explicit Splitter(const Target& target) : target_(target), pager_(*target.pager) {}

  // Frames that `pieces` leaves need, each with a separator that may split every page above.
  static std::size_t frames_for(std::size_t pieces, const Path& path) {
    return pieces + 1 + (pieces - 1) * 2 * path.size;
  }

  // Whether the key is new; changes nothing, and says how many leaves there would be, when these
  // are more than `pieces_max`.
  struct Done {
    bool is_new = false;
    std::size_t pieces = 0;
  };
  Done put(const Step& leaf, const Row& row, std::size_t pieces_max) {
    const std::byte* found_page = pager_.find(leaf.id, kNewestOfAll);
    alignas(64) std::array<std::byte, kPageSize> old;
    std::memcpy(old.data(), found_page, kPageSize);
    const Node node(old.data());
    const page::Found found = page::search(node, node.strip(row.key));
    std::vector<Cell> cells;
    gather(node, cells);
    const Cell added{
        .prefix = {}, .suffix = row.key, .value = row.value, .word = row.word, .flags = row.flags};
    const auto at = cells.begin() + static_cast<std::ptrdiff_t>(found.index);
    if (found.equal) {
      *at = added;
    } else {
      cells.insert(at, added);
    }
    const Shape shape = shape_of(node);
    const std::vector<Piece> pieces = split_leaf(shape, cells, found.index);
    const Done done{.is_new = !found.equal, .pieces = pieces.size()};
    if (pieces.size() > pieces_max) return done;
    replace(leaf.id, pager_.writable(found_page), shape, cells, {}, pieces);
    return done;
  }

  // Puts rows that come after all of the tree's, whose last leaf is `leaf`.
  void append(const Step& leaf, std::span<const Row> rows) {
    std::byte* page = pager_.writable(pager_.find(leaf.id, kNewestOfAll));
    alignas(64) std::array<std::byte, kPageSize> old;
    std::memcpy(old.data(), page, kPageSize);
    const Node node(old.data());
    std::vector<Cell> cells;
    cells.reserve(node.count() + rows.size());
    gather(node, cells);
    for (const Row& row : rows) {
      cells.push_back({.prefix = {},
                       .suffix = row.key,
                       .value = row.value,
                       .word = row.word,
                       .flags = row.flags});
    }
    const Shape shape = shape_of(node);
    replace(leaf.id, page, shape, cells, {}, fill_leaves(shape, cells));
  }

 private:
  // The applier sees everything, published or not.
  static constexpr std::uint64_t kNewestOfAll = page::kNotSuperseded;

  // Page `id` becomes `pieces`: the first one stays in it, unless it is the root, which then gets
  // all of them as children. `children` are those of all cells, empty for a leaf.
  void replace(PageId id, std::byte* page, const Shape& shape, std::span<const Cell> cells,
               std::span<const PageId> children, const std::vector<Piece>& pieces) {
    const bool is_root = id == target_.root;
    std::vector<PageId> ids;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      std::byte* bytes = page;
      if (i > 0 || is_root) {
        const page::Pager::NewPage made = pager_.allocate();
        ids.push_back(made.id);
        bytes = made.bytes;
      } else {
        ids.push_back(id);
      }
      const Piece& piece = pieces[i];
      const auto own =
          children.empty() ? children : children.subspan(piece.begin, piece.end - piece.begin + 1);
      build_node(bytes, shape_for(shape, piece),
                 cells.subspan(piece.begin, piece.end - piece.begin), own);
    }
    if (is_root) {
      grow_root(page, shape, pieces, ids);
      return;
    }
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      add_separator(static_cast<std::uint8_t>(shape.level + 1), pieces[i].lower, ids[i]);
    }
  }

  void grow_root(std::byte* root, const Shape& shape, const std::vector<Piece>& pieces,
                 const std::vector<PageId>& ids) {
    std::vector<Cell> separators;
    for (std::size_t i = 1; i < pieces.size(); ++i) {
      separators.push_back({.prefix = {}, .suffix = as_bytes(pieces[i].lower), .value = {}});
    }
    build_node(root,
               {.type = page::PageType::kInner,
                .level = static_cast<std::uint8_t>(shape.level + 1),
                .tree = shape.tree,
                .lower = {},
                .upper = {}},
               separators, ids);
  }

  void add_separator(std::uint8_t level, const std::string& separator, PageId right) {
    const Bytes key = as_bytes(separator);
    PageId id = target_.root;
    const std::byte* found = pager_.find(id, kNewestOfAll);
    while (page::level_of(found) > level) {
      const Node node(found);
      id = node.child(page::child_for(node, node.strip(key)));
      found = pager_.find(id, kNewestOfAll);
    }
    std::byte* page = pager_.writable(found);
    const Node node(page);
    const Bytes suffix = node.strip(key);
    const std::size_t index = page::search(node, suffix).index;
    if (NACRE_PLANTED(separator_not_inserted) && node.count() > 2) return;
    if (inner_insert(page, index, suffix, right)) return;
    split_inner(id, page, index, key, right);
  }

  void split_inner(PageId id, std::byte* page, std::size_t index, Bytes key, PageId right) {
    alignas(64) std::array<std::byte, kPageSize> old;
    std::memcpy(old.data(), page, kPageSize);
    const Node node(old.data());
    const Shape shape = shape_of(node);
    std::vector<Cell> cells;
    std::vector<PageId> children;
    gather(node, cells);
    gather_children(node, children);
    cells.insert(cells.begin() + static_cast<std::ptrdiff_t>(index),
                 Cell{.prefix = {}, .suffix = key, .value = {}});
    children.insert(children.begin() + static_cast<std::ptrdiff_t>(index + 1), right);
    // At the right edge separators arrive in order: leave little behind.
    const bool append = !shape.upper.has_value() && index + 1 == cells.size();
    const std::size_t start = append ? cells.size() - 2 : byte_middle(cells);
    for (std::size_t distance = 0;; ++distance) {
      NACRE_CHECK(distance < cells.size(), "an inner page divides in two");
      for (const std::size_t middle : {start - distance, start + distance}) {
        if (middle >= cells.size()) continue;
        if (try_split_inner(id, page, shape, cells, children, middle)) return;
      }
    }
  }

  // Separator `middle` goes up; what is before and after it becomes a page each.
  bool try_split_inner(PageId id, std::byte* page, const Shape& shape, std::span<const Cell> cells,
                       std::span<const PageId> children, std::size_t middle) {
    const std::string separator = key_of(cells[middle]);
    const auto upper =
        shape.upper.has_value() ? std::optional(to_string(*shape.upper)) : std::nullopt;
    const Piece left{0, middle, to_string(shape.lower), separator};
    const Piece right{middle + 1, cells.size(), separator, upper};
    for (const Piece& piece : {left, right}) {
      const auto own = cells.subspan(piece.begin, piece.end - piece.begin);
      if (built_size(shape_for(shape, piece), own) > kPageSize) return false;
    }
    // `replace` may reuse `page`; cells and fences point into the caller's copy of it.
    replace(id, page, shape, cells, children, {left, right});
    return true;
  }

  static std::size_t byte_middle(std::span<const Cell> cells) {
    std::size_t total = 0;
    for (const Cell& cell : cells) total += cell.suffix.size() + 16;
    std::size_t below = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      below += cells[i].suffix.size() + 16;
      if (2 * below >= total) return i;
    }
    return cells.size() / 2;
  }

  Target target_;
  page::Pager& pager_;
};

}  // namespace

Result<bool> split_and_put(const Target& target, const Path& path, const Row& row) {
  // Three leaves are the most that rows of ordinary sizes ever need.
  std::size_t pieces_max = 3;
  Loaded loaded;
  for (std::size_t i = 0; i < path.size; ++i) {
    NACRE_TRY(loaded.load(*target.pager, path.steps[i].id));
  }
  for (;;) {
    NACRE_TRY(target.pager->reserve(Splitter::frames_for(pieces_max, path)));
    const page::Pin pin;
    const Splitter::Done done = Splitter(target).put(path.leaf(), row, pieces_max);
    if (done.pieces <= pieces_max) return done.is_new;
    pieces_max = done.pieces;
  }
}

Result<std::size_t> append_some(const Target& target, const Path& path, std::span<const Row> rows) {
  // A root that was a leaf gets all new pages as its children, whose keys it must have room for.
  const std::size_t bytes_max = path.size == 1 ? 2 * kPageSize : 8 * kPageSize;
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (; count < rows.size(); ++count) {
    const Row& row = rows[count];
    if (!row_fits(row.key.size(), row.value.size())) break;
    bytes += leaf_cell_size(row.key.size(), row.value.size()) + kArraysPerRow;
    if (bytes > bytes_max && count > 0) break;
  }
  if (count == 0) return std::size_t{0};
  // Two pages beside each other are fuller than one, and each may split all pages above it.
  const std::size_t pages = 2 * bytes / kPageSize + 4;
  NACRE_TRY(target.pager->reserve(Splitter::frames_for(pages, path)));
  Loaded loaded;
  for (std::size_t i = 0; i < path.size; ++i) {
    NACRE_TRY(loaded.load(*target.pager, path.steps[i].id));
  }
  const page::Pin pin;
  Splitter(target).append(path.leaf(), rows.first(count));
  return count;
}

}  // namespace nacre::tree
