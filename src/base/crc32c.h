// CRC-32C (Castagnoli): the checksum of pages, map blocks, superblocks and log records.
//
// Why CRC-32C: the CPU computes it (SSE 4.2), and its error detection at our sizes is well studied.
// Cost: about 0.1 ns a byte with hardware; a table-driven version is the fallback and the oracle.
// Threads: pure functions.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace nacre {

// The checksum of `bytes`; `seed` is the checksum of what came before them (0 at the start).
[[nodiscard]] std::uint32_t crc32c(Bytes bytes, std::uint32_t seed = 0);

// The same by table, one byte at a time: slow and obviously right.
[[nodiscard]] std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t seed = 0);

}  // namespace nacre
