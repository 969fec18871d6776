// Warming: the pages of changes to come, brought into memory by whoever wants the changes.
#include <utility>
#include <vector>

#include "base/spinning_lock.h"
#include "base/text.h"
#include "store/store.h"

namespace nacre::store {
namespace {

std::unexpected<Error> preparing(Error error, TableId table) {
  return std::unexpected(
      std::move(error).while_doing(format("preparing to write table {}", number(table))));
}

}  // namespace

Result<> Store::warm(std::span<const RowName> rows) {
  std::vector<page::FramePin> pins;  // of the row at hand
  for (std::size_t i = 0;;) {
    bool is_copying = false;
    page::PageId missing = page::kNoPage;
    {
      const SpinningLock lock(apply_mutex_);
      is_copying = is_copying_;
      for (; i < rows.size() && !is_copying; ++i) {
        Table* table = find_table(rows[i].table);
        if (table == nullptr) continue;
        auto seen = table->tree.missing(page::View::open(), rows[i].key, table->near);
        if (!seen.has_value()) return preparing(std::move(seen).error(), rows[i].table);
        missing = *seen;
        if (missing != page::kNoPage) break;
        pins.clear();
      }
    }
    if (is_copying) return warm_published(rows.subspan(i));
    if (missing == page::kNoPage) return {};
    auto pin = pager_->load(missing);
    if (!pin.has_value()) return preparing(std::move(pin).error(), rows[i].table);
    pins.push_back(std::move(*pin));
  }
}

Result<> Store::warm_published(std::span<const RowName> rows) {
  const Snapshot newest = snapshot();
  NACRE_TRY(newest.check());
  for (const RowName& row : rows) {
    const std::optional<tree::Tree> tree = newest.table(row.table);
    if (!tree.has_value()) continue;
    auto seen = tree->visit(newest.view(), row.key, [](Bytes, std::uint64_t) {});
    if (seen.has_value()) continue;
    // A snapshot that was given up says nothing about the pages to be changed.
    if (seen.error().code() == Code::kTooOld) return {};
    return preparing(std::move(seen).error(), row.table);
  }
  return {};
}

}  // namespace nacre::store
