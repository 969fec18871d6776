#include "query/capped_scan.h"

#include <utility>

#include "base/text.h"
#include "document/capped.h"
#include "document/envelope.h"

namespace nacre::query {

CappedScan::CappedScan(Execution& execution, Plan plan)
    : execution_(execution),
      plan_(plan),
      walk_(execution, *plan.collection->order,
            {{.begin = {}, .end = std::string(document::kCappedTotalsKey)}}, plan.backward) {}

void CappedScan::start_behind(const std::string& place) {
  // The least key that is greater.
  walk_.begin_at(place + '\0');
}

Result<std::optional<Row>> CappedScan::next() {
  while (true) {
    const bool on_row = NACRE_TRY(walk_.next());
    ++counters_.works;
    if (!on_row) return std::nullopt;
    ++counters_.documents;
    reached_ = to_string(walk_.key());
    key_ = to_string(walk_.value());
    row_ = NACRE_TRY(execution_.reader.get(plan_.collection->table, as_bytes(key_)));
    if (!row_) {
      return fail(Code::kCorrupt,
                  format("the order of capped collection {} names a document that is not there",
                         plan_.collection->name));
    }
    const bson::View document = NACRE_TRY(document::decode_bson(as_bytes(*row_)));
    const bool taken = plan_.filter == nullptr || NACRE_TRY(plan_.filter->matches(document));
    if (!taken) continue;
    ++counters_.returned;
    return Row{.key = as_bytes(key_), .document = document, .stored = as_bytes(*row_)};
  }
}

void CappedScan::describe(bson::Builder& to) const {
  if (plan_.filter != nullptr) to.append("filter", plan_.filter->source());
  to.append("direction", plan_.backward ? "backward" : "forward");
}

}  // namespace nacre::query
