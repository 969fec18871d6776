// RootRecord: what the store keeps in the superblock, next to the pager's own fields.
//
// Format:  docs/format/file.md; every field is written with each checkpoint and read back at open.
// Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/position.h"
#include "page/types.h"

namespace nacre::page {

struct RootRecord {
  std::array<std::byte, 16> uuid{};       // of the database, given at create
  Position applied = kNoPosition;         // every commit up to here is in the pages
  Time applied_time{0};                   // of that commit; no later commit carries a smaller one
  Position horizon = kNoPosition;         // oldest readable position
  Position durable = kNoPosition;         // of the log, when the superblock was written
  PageId catalog_root = kNoPage;          // the table of tables
  PageId graveyard_root = kNoPage;        // reserved for history
  std::uint64_t history_segment = 0;      // reserved for history: first segment
  std::uint64_t history_append = 0;       // reserved for history: append address
  std::uint64_t log_segment = 0;          // first needed segment
  std::uint64_t log_offset = 0;           // bytes; of position applied + 1 in it, 0 when unknown
  std::array<std::byte, 32> log_hash{};   // reserved for replication
  std::uint64_t features_compatible = 0;  // bits a reader may ignore
  std::uint64_t features_required = 0;    // bits a reader must know
  bool clean = false;                     // written by an orderly close

  [[nodiscard]] bool operator==(const RootRecord&) const = default;
};

}  // namespace nacre::page
