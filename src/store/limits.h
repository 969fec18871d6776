// What a key and a value may measure, and which table numbers mean something to the store.
//
// Threads: constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/position.h"
#include "tree/tree.h"

namespace nacre::store {

inline constexpr std::size_t kKeySizeMax = 1000;                     // bytes
inline constexpr std::size_t kValueSizeMax = std::size_t{64} << 20;  // bytes
// Room for the longest value and what goes with it.
inline constexpr std::size_t kBatchSizeMax = std::size_t{80} << 20;  // bytes
// Numbers of tables lie below; those above are of the store's own trees.
inline constexpr std::uint32_t kTableNumberEnd = 0x8000'0000;
// The catalog of tables; never named by a batch.
inline constexpr TableId kCatalogTable{0};

}  // namespace nacre::store
