// The known name that a mistyped one most likely stands for.
//
// Cost:    quadratic in the length of the names.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace nacre {

// Insertions, removals, replacements and swaps of neighbours that turn one into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// Empty when none is as near as a slip of the fingers: two edits, one for names of up to four
// letters.
[[nodiscard]] std::string_view nearest_name(std::string_view typed,
                                            std::span<const std::string_view> known);

}  // namespace nacre
