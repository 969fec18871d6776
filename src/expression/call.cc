#include <array>

#include "base/error_codes.h"
#include "base/text.h"
#include "bson/container.h"
#include "expression/call_internal.h"

namespace nacre::expression {
namespace {

constexpr std::size_t kStringBytesMax = std::size_t{16} << 20;

}  // namespace

Result<> check_memory(const Evaluation& at, std::size_t more) {
  const std::size_t max = at.environment.limits().memory_bytes_max;
  if (at.scratch.bytes() + more <= max) return {};
  return fail(Code::kFull, error_codes::kExceededMemoryLimit,
              format("an expression holds {} bytes of intermediate results, more than {}",
                     at.scratch.bytes() + more, max));
}

bool is_too_deep(const bson::Element& value) {
  std::vector<bson::View::Iterator> open;
  if (!value.is(bson::Type::kDocument) && !value.is(bson::Type::kArray)) return false;
  open.push_back(value.document().begin());
  while (!open.empty()) {
    if (open.size() > static_cast<std::size_t>(kExpressionDepthMax)) return true;
    bson::View::Iterator& at = open.back();
    if (at == std::default_sentinel) {
      open.pop_back();
      continue;
    }
    const bson::Element item = *at;
    ++at;
    if (bson::is_container(item)) {
      open.push_back(item.document().begin());
    }
  }
  return false;
}

Result<bson::Element> Call::apply(Evaluation& at, std::span<bson::Element> values) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const NodePtr& node = parts()[i];
    if (row_.signature != nullptr && row_.signature->parameters[i].late) continue;
    if (node != nullptr) values[i] = NACRE_TRY(node->evaluate(at));
  }
  const bson::Element result = NACRE_TRY(row_.function(Arguments(row_, values, parts()), at));
  NACRE_TRY(check_memory(at));
  if (result.is(bson::Type::kString) && result.string().size() >= kStringBytesMax) {
    return fail(Code::kFull, 16493, "a string takes 16 MB or more");
  }
  return result;
}

Result<bson::Element> Call::evaluate(Evaluation& at) const {
  constexpr std::size_t kFew = 6;
  if (parts().size() <= kFew) {
    std::array<bson::Element, kFew> values;
    return apply(at, std::span(values).first(parts().size()));
  }
  std::vector<bson::Element> values(parts().size());
  return apply(at, values);
}

}  // namespace nacre::expression
