#include "document/text_totals.h"

#include "document/database_internal.h"
#include "document/index_text.h"

namespace nacre::document {

Result<TextTotals> Database::text_totals(const IndexInfo& index) {
  if (const auto known = rep_->text_totals.find(index.table)) return *known;
  TextTotals totals;
  const txn::Snapshot rows = rep_->rows->snapshot();
  auto cursor = NACRE_TRY(rows.cursor(index.table));
  bool row = NACRE_TRY(cursor->seek(as_bytes(kTextLengthPrefix)));
  while (row && as_text(cursor->key()).starts_with(kTextLengthPrefix)) {
    const TextPosting posting = NACRE_TRY(decode_posting(cursor->key(), cursor->value()));
    totals += {.documents = 1, .words = static_cast<std::int64_t>(posting.length)};
    row = NACRE_TRY(cursor->next());
  }
  rep_->text_totals.set(index.table, totals);
  return totals;
}

}  // namespace nacre::document
