// BigRows: rows of one page with their long values filled in, for scans.
//
// Why a limit: a page may hold descriptors of gigabytes. What would not fit is left out, and the
//   cursor seeks it again.
// Threads: one thread at a time.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/snapshot.h"
#include "tree/row_view.h"

namespace nacre::txn {

class BigRows {
 public:
  // Whether any of `rows` needs fill().
  [[nodiscard]] static bool any_in(std::span<const tree::RowView> rows);

  // `rows` with the values they stand for, or with empty ones when no values are wanted. Valid
  // until the next call; when it left rows out, nothing refers to the page of `rows` any more.
  [[nodiscard]] Result<std::span<const tree::RowView>> fill(const store::Snapshot& at,
                                                            std::span<const tree::RowView> rows,
                                                            bool with_values);
  // The key of the first row that the last fill() left out.
  [[nodiscard]] const std::optional<std::string>& rest() const { return rest_; }

 private:
  void own_all();

  std::vector<tree::RowView> rows_;
  std::deque<std::string> bytes_;  // what rows_ views, beside the page
  std::optional<std::string> rest_;
};

}  // namespace nacre::txn
