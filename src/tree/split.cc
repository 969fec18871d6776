// Splits: a leaf that has no room becomes two, with long rows between long fences three or more;
// its parent gets a separator for each new one and may split in turn.
#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "base/planted.h"
#include "page/node_search.h"
#include "tree/node_edit.h"
#include "tree/restructure.h"

namespace nacre::tree {

using page::kNoPage;
using page::kPageSize;
using page::Node;
using page::PageId;

namespace {

// Cells [begin, end) between two fences: one page to be.
struct Piece {
  std::size_t begin;
  std::size_t end;
  std::string lower;
  std::optional<std::string> upper;
};

Shape shape_for(const Shape& whole, const Piece& piece) {
  Shape shape = whole;
  shape.lower = as_bytes(piece.lower);
  shape.upper =
      piece.upper.has_value() ? std::optional<Bytes>(as_bytes(*piece.upper)) : std::nullopt;
  return shape;
}

std::string separator_before(std::span<const Cell> cells, std::size_t i) {
  return shortest_separator(as_bytes(key_of(cells[i - 1])), as_bytes(key_of(cells[i])));
}

class LeafSplit {
 public:
  LeafSplit(const Shape& shape, std::span<const Cell> cells, std::size_t added)
      : shape_(shape), cells_(cells), added_(added) {}

  std::vector<Piece> plan() const {
    if (cells_.size() == 1) return alone();  // a longer row instead of the only one
    // At the right edge of the tree rows arrive in order: what is full stays full.
    if (!shape_.upper.has_value() && added_ + 1 == cells_.size() && added_ > 0) {
      if (auto pieces = cut_at(added_)) return *pieces;
    }
    const std::size_t middle = byte_middle();
    if (auto pieces = cut_at(shortest_near(middle))) return *pieces;
    // Rows of very different sizes: the cut that fits and is nearest to the middle.
    for (std::size_t distance = 0; distance < cells_.size(); ++distance) {
      if (distance < middle) {
        if (auto pieces = cut_at(middle - distance)) return *pieces;
      }
      if (middle + distance < cells_.size()) {
        if (auto pieces = cut_at(middle + distance)) return *pieces;
      }
    }
    return alone();
  }

 private:
  [[nodiscard]] bool fits(const Piece& piece) const {
    return built_size(shape_for(shape_, piece),
                      cells_.subspan(piece.begin, piece.end - piece.begin)) <= kPageSize;
  }

  [[nodiscard]] std::optional<std::string> upper() const {
    return shape_.upper.has_value() ? std::optional(to_string(*shape_.upper)) : std::nullopt;
  }

  // Two pages, the second one from cell `at` on.
  [[nodiscard]] std::optional<std::vector<Piece>> cut_at(std::size_t at) const {
    if (at == 0 || at >= cells_.size()) return std::nullopt;
    std::string separator = separator_before(cells_, at);
    Piece left{0, at, to_string(shape_.lower), separator};
    Piece right{at, cells_.size(), std::move(separator), upper()};
    if (NACRE_PLANTED(split_loses_a_row) && at + 1 < cells_.size()) ++right.begin;
    if (!fits(left) || !fits(right)) return std::nullopt;
    return std::vector<Piece>{std::move(left), std::move(right)};
  }

  [[nodiscard]] std::size_t cell_bytes(std::size_t i) const {
    return leaf_cell_size(cells_[i].suffix.size(), cells_[i].value.size()) + 8;
  }

  [[nodiscard]] std::size_t byte_middle() const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < cells_.size(); ++i) total += cell_bytes(i);
    std::size_t below = 0;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      below += cell_bytes(i);
      if (2 * below >= total)
        return std::clamp<std::size_t>(i + (2 * below - total < cell_bytes(i) ? 1 : 0), 1,
                                       cells_.size() - 1);
    }
    return cells_.size() / 2;
  }

  // Within a tenth of the cells around `middle`, where the separator is shortest.
  [[nodiscard]] std::size_t shortest_near(std::size_t middle) const {
    const std::size_t reach = cells_.size() / 10;
    std::size_t best = middle;
    std::size_t best_size = separator_before(cells_, middle).size();
    for (std::size_t step = 1; step <= reach; ++step) {
      for (const std::size_t at : {middle - step, middle + step}) {
        if (at == 0 || at >= cells_.size()) continue;
        const std::size_t size = separator_before(cells_, at).size();
        if (size < best_size) {
          best = at;
          best_size = size;
        }
      }
    }
    return best;
  }

  // The new row in a page of its own, with fences as short as its neighbours allow; what lies
  // before and after it stays together, even when that is nothing.
  [[nodiscard]] std::vector<Piece> alone() const {
    const std::string key = key_of(cells_[added_]);
    std::vector<Piece> pieces;
    Piece before{0, added_, to_string(shape_.lower), std::nullopt};
    Piece row{added_, added_ + 1, before.lower, upper()};
    if (compare(as_bytes(before.lower), as_bytes(key)) < 0) {
      row.lower = added_ > 0 ? separator_before(cells_, added_)
                             : shortest_separator(as_bytes(before.lower), as_bytes(key));
      before.upper = row.lower;
      pieces.push_back(std::move(before));
    }
    Piece after{added_ + 1, cells_.size(), {}, row.upper};
    const bool rows_after = added_ + 1 < cells_.size();
    if (rows_after) {
      row.upper = separator_before(cells_, added_ + 1);
    } else if (row.upper.has_value()) {
      row.upper = shortest_separator(as_bytes(key), as_bytes(*row.upper));
    }
    after.lower = row.upper.value_or("");
    const bool need_after = rows_after || (after.upper.has_value() && after.lower != *after.upper);
    NACRE_CHECK(fits(row), "row_fits() promised room");
    pieces.push_back(std::move(row));
    if (need_after) pieces.push_back(std::move(after));
    return divided(pieces);
  }

  // What lay together in one page between short fences may not do so between long ones: pieces that
  // do not fit are divided further, each part as large as it can be.
  [[nodiscard]] std::vector<Piece> divided(const std::vector<Piece>& pieces) const {
    if (NACRE_PLANTED(long_rows_not_divided)) return pieces;
    std::vector<Piece> parts;
    for (const Piece& piece : pieces) {
      Piece rest = piece;
      while (!fits(rest)) {
        Piece part = largest_beginning(rest);
        rest.begin = part.end;
        rest.lower = *part.upper;
        parts.push_back(std::move(part));
      }
      parts.push_back(std::move(rest));
    }
    return parts;
  }

  // As many of the first cells of `rest`, but not all of them, as fit a page; none when the fence
  // below them is too long to share a page with the first.
  [[nodiscard]] Piece largest_beginning(const Piece& rest) const {
    for (std::size_t end = rest.end; end-- > rest.begin + 1;) {
      Piece part{rest.begin, end, rest.lower, separator_before(cells_, end)};
      if (fits(part)) return part;
    }
    const std::string first = key_of(cells_[rest.begin]);
    if (compare(as_bytes(rest.lower), as_bytes(first)) < 0) {
      const std::string above = shortest_separator(as_bytes(rest.lower), as_bytes(first));
      if (above.size() < rest.lower.size()) return {rest.begin, rest.begin, rest.lower, above};
    }
    // Only the fence above can be what is too long: it is that of the page that is split.
    const std::string above =
        shortest_separator(as_bytes(first), as_bytes(rest.upper.value_or(first + '\xff')));
    Piece part{rest.begin, rest.begin + 1, rest.lower, above};
    NACRE_CHECK(fits(part), "row_fits() promised room");
    return part;
  }

  Shape shape_;
  std::span<const Cell> cells_;
  std::size_t added_;
};

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
    const std::vector<Piece> pieces = LeafSplit(shape, cells, found.index).plan();
    const Done done{.is_new = !found.equal, .pieces = pieces.size()};
    if (pieces.size() > pieces_max) return done;
    replace(leaf.id, pager_.writable(found_page), shape, cells, {}, pieces);
    return done;
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

}  // namespace nacre::tree
