// $firstN $lastN $maxN $minN, and $sortArray's row.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "bson/compare.h"
#include "expression/arrays_internal.h"

namespace nacre::expression {
namespace {

constexpr std::array<Parameter, 2> kParameters = {
    {{.name = "n", .missing_number = 5787906}, {.name = "input", .missing_number = 5787907}}};
constexpr Signature kSignature = {
    .not_object_number = 5787900, .unknown_number = 5787901, .parameters = kParameters};

Result<std::size_t> count_of(const bson::Element& n) {
  if (!n.is_number()) {
    return invalid(5787902, format("Value for 'n' must be of integral type, but found {}",
                                   bson::name(n.type())));
  }
  const auto whole = n.as_int64();
  if (!whole) return invalid(5787903, "Value for 'n' must be of integral type");
  if (*whole <= 0) return invalid(5787908, format("'n' must be greater than 0, found {}", *whole));
  return static_cast<std::size_t>(*whole);
}

enum class Which : std::uint8_t { kFirst, kLast, kLeast, kMost };

template <Which which>
Result<bson::Element> chosen(const Arguments& arguments, Evaluation& at) {
  const std::size_t n = NACRE_TRY(count_of(arguments[0]));
  if (!arguments[1].is(bson::Type::kArray)) {
    return invalid(5788200,
                   format("Input must be an array, found {}", bson::name(arguments[1].type())));
  }
  std::vector<bson::Element> items = items_of(arguments[1]);
  constexpr bool kByValue = which == Which::kLeast || which == Which::kMost;
  if (kByValue) {
    std::erase_if(items, [](const bson::Element& item) { return is_nullish(item); });
    std::ranges::stable_sort(items, [&](const bson::Element& a, const bson::Element& b) {
      const auto order = bson::compare(a, b, at.environment.collator());
      return which == Which::kLeast ? order < 0 : order > 0;
    });
  }
  const std::span<const bson::Element> all(items);
  const std::size_t taken = std::min(n, all.size());
  return array_of(which == Which::kLast ? all.last(taken) : all.first(taken), at);
}

constexpr std::array kOperators = {
    Operator{.name = "$firstN", .function = chosen<Which::kFirst>, .signature = &kSignature},
    Operator{.name = "$lastN", .function = chosen<Which::kLast>, .signature = &kSignature},
    Operator{.name = "$maxN", .function = chosen<Which::kMost>, .signature = &kSignature},
    Operator{.name = "$minN", .function = chosen<Which::kLeast>, .signature = &kSignature},
    Operator{.name = "$sortArray", .parse = parse_sort_array},
};

}  // namespace

std::span<const Operator> array_n_operators() { return kOperators; }

}  // namespace nacre::expression
