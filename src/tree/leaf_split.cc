#include "tree/leaf_split.h"

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"

namespace nacre::tree {

using page::kPageSize;

Shape shape_for(const Shape& whole, const Piece& piece) {
  Shape shape = whole;
  shape.lower = as_bytes(piece.lower);
  shape.upper =
      piece.upper.has_value() ? std::optional<Bytes>(as_bytes(*piece.upper)) : std::nullopt;
  return shape;
}

namespace {

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

std::size_t common_prefix(Bytes a, Bytes b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t shared = 0;
  while (shared < limit && a[shared] == b[shared]) ++shared;
  return shared;
}

// Cuts the cells of an append from left to right.
class LeafFill {
 public:
  LeafFill(const Shape& shape, std::span<const Cell> cells) : shape_(shape), cells_(cells) {}

  std::vector<Piece> plan() {
    std::vector<Piece> pieces;
    Piece piece{0, 0, to_string(shape_.lower), std::nullopt};
    while (true) {
      piece.end = end_of(piece.begin, as_bytes(piece.lower));
      if (piece.end == piece.begin) {
        piece.upper =
            shortest_separator(as_bytes(piece.lower), as_bytes(key_of(cells_[piece.begin])));
      } else if (piece.end < cells_.size()) {
        piece.upper = separator_before(cells_, piece.end);
      }
      pieces.push_back(piece);
      if (!piece.upper.has_value()) return pieces;
      piece = {piece.end, piece.end, *std::move(piece.upper), std::nullopt};
    }
  }

 private:
  [[nodiscard]] bool fits(std::size_t begin, std::size_t end, Bytes lower) const {
    Piece piece{begin, end, to_string(lower), std::nullopt};
    if (end < cells_.size()) piece.upper = separator_before(cells_, end);
    return built_size(shape_for(shape_, piece), cells_.subspan(begin, end - begin)) <= kPageSize;
  }

  // Where the page that begins with cell `begin` ends: all the rest when that fits, for then there
  // is no upper fence and no prefix; else the furthest that does. A lower fence that is too long
  // for the row after it gets an empty page.
  [[nodiscard]] std::size_t end_of(std::size_t begin, Bytes lower) const {
    std::size_t keys = 0;
    std::size_t bytes = 0;
    std::size_t end = begin;
    // Not more than fits under the longest prefix that an upper fence could make.
    for (; end < cells_.size(); ++end) {
      const std::size_t key = cells_[end].key_size();
      bytes += leaf_cell_size(key, cells_[end].value.size());
      ++keys;
      const std::size_t shared = std::min(lower.size(), key);
      if (end > begin && bytes + page::arrays_end(false, keys) > kPageSize + keys * shared) break;
    }
    for (; end > begin; --end) {
      if (may_fit(begin, end, lower) && fits(begin, end, lower)) return end;
    }
    return begin;
  }

  // The same by the prefix alone, which is quickly known.
  [[nodiscard]] bool may_fit(std::size_t begin, std::size_t end, Bytes lower) const {
    if (end >= cells_.size()) return true;
    const Cell& above = cells_[end];
    std::size_t prefix = common_prefix(lower, above.prefix);
    if (prefix == above.prefix.size()) {
      prefix += common_prefix(lower.subspan(std::min(prefix, lower.size())), above.suffix);
    }
    std::size_t size = page::arrays_end(false, end - begin) + lower.size();
    for (std::size_t i = begin; i < end; ++i) {
      size += leaf_cell_size(cells_[i].key_size(), cells_[i].value.size());
    }
    return size <= kPageSize + (end - begin) * prefix;
  }

  Shape shape_;
  std::span<const Cell> cells_;
};

}  // namespace

std::vector<Piece> split_leaf(const Shape& shape, std::span<const Cell> cells, std::size_t added) {
  return LeafSplit(shape, cells, added).plan();
}

std::vector<Piece> fill_leaves(const Shape& shape, std::span<const Cell> cells) {
  return LeafFill(shape, cells).plan();
}

}  // namespace nacre::tree
