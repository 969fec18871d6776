// Any bytes as a batch: refused with an error, or operations that written again read the same.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "store/batch.h"

namespace {

using namespace nacre;
using namespace nacre::store;

// The operations of `batch`; nothing when it breaks the format.
std::optional<std::vector<Op>> read(Bytes batch) {
  std::vector<Op> ops;
  BatchReader reader(batch);
  while (true) {
    const auto op = reader.next();
    if (!op.has_value()) return std::nullopt;
    if (!op->has_value()) return ops;
    ops.push_back(**op);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes batch(reinterpret_cast<const std::byte*>(data), size);
  const auto ops = read(batch);
  const auto counted = check_batch(batch);
  NACRE_CHECK(ops.has_value() == counted.has_value(), "both readers agree");
  if (!ops.has_value()) return 0;
  NACRE_CHECK(ops->size() == *counted, "both readers agree");
  BatchWriter writer;
  for (const Op& op : *ops) {
    if (op.kind == OpKind::kPut) writer.put(op.table, op.key, op.value);
    if (op.kind == OpKind::kRemove) writer.remove(op.table, op.key);
    if (op.kind == OpKind::kDropTable) writer.drop_table(op.table);
  }
  const auto again = read(writer.bytes());
  NACRE_CHECK(again.has_value() && again->size() == ops->size(), "what was read can be written");
  for (std::size_t i = 0; i < ops->size(); ++i) {
    const Op& one = (*ops)[i];
    const Op& other = (*again)[i];
    NACRE_CHECK(one.kind == other.kind && one.table == other.table && equal(one.key, other.key) &&
                    equal(one.value, other.value),
                "and reads the same");
  }
  return 0;
}
