// What a key and a value may measure, and which table numbers mean something to the store.
//
// Threads: constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/position.h"
#include "tree/tree.h"

namespace nacre::store {

inline constexpr std::size_t kKeySizeMax = 1000;    // bytes
inline constexpr std::size_t kValueSizeMax = 7000;  // bytes
// Whether a row of these sizes fits a page; the widest value only goes with a key of up to 300
// bytes, the longest key with a value of up to 4900.
[[nodiscard]] constexpr bool row_fits(std::size_t key_size, std::size_t value_size) {
  return value_size <= kValueSizeMax && tree::row_fits(key_size, value_size);
}
inline constexpr std::size_t kBatchSizeMax = std::size_t{64} << 20;  // bytes
// The catalog of tables; never named by a batch.
inline constexpr TableId kCatalogTable{0};

}  // namespace nacre::store
