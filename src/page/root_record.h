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
  PageId history_root = kNoPage;          // the tree of superseded versions
  std::uint64_t history_bytes = 0;        // of its rows, and of the graveyards'
  std::uint64_t history_rows = 0;         // records in it
  std::uint64_t log_segment = 0;          // first needed segment
  std::uint64_t log_offset = 0;           // bytes; of position applied + 1 in it, 0 when unknown
  std::array<std::byte, 32> log_hash{};   // reserved for replication
  std::uint64_t features_compatible = 0;  // bits a reader may ignore
  std::uint64_t features_required = 0;    // bits a reader must know
  bool clean = false;                     // written by an orderly close

  [[nodiscard]] bool operator==(const RootRecord&) const = default;
};

}  // namespace nacre::page
