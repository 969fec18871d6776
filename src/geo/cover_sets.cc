#include "geo/cover_sets.h"

#include <algorithm>

namespace nacre::geo {

Cover joined(Cover ranges) {
  std::ranges::sort(ranges);
  Cover all;
  for (const CellRange& range : ranges) {
    // first - 1 cannot overflow: something ends before it.
    const bool touches =
        !all.empty() && (range.first <= all.back().last || range.first - 1 == all.back().last);
    if (touches) {
      all.back().last = std::max(all.back().last, range.last);
    } else {
      all.push_back(range);
    }
  }
  return all;
}

Cover difference(const Cover& cells, const Cover& without) {
  Cover left;
  auto hole = without.begin();
  for (CellRange range : cells) {
    bool is_used_up = false;
    while (hole != without.end() && hole->last < range.first) ++hole;
    for (auto inside = hole; inside != without.end() && inside->first <= range.last; ++inside) {
      if (inside->first > range.first) left.push_back({range.first, inside->first - 1});
      if (inside->last >= range.last) {
        is_used_up = true;
        break;
      }
      range.first = inside->last + 1;
    }
    if (!is_used_up) left.push_back(range);
  }
  return left;
}

}  // namespace nacre::geo
